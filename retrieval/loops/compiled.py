"""Compiling inner loops, once for a machine."""

import hashlib
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar, cast

import numba
from llvmlite.binding import parse_bitcode
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_lock import global_compiler_lock
from numba.core.runtime.nrt import rtsys

from kg.errors import SnapshotUnavailable
from kg.lock import file_lock
from retrieval.loops.parts import Part, settle, without_constants

INTS = "Array(int32, 1, 'C', True)"
LONGS = "Array(int64, 1, 'C', True)"
FLOATS = "Array(float32, 1, 'C', True)"
DOUBLES = "Array(float64, 1, 'C', True)"
BOOLS = "Array(bool, 1, 'C', True)"
KEYS = "Array(uint64, 1, 'C', True)"
BOOL_ROWS = "Array(bool, 2, 'C', True)"
FLOAT_ROWS = "Array(float32, 2, 'C', True)"
OCTET_ROWS = "Array(int8, 2, 'C', True)"
LONG_ROWS = "Array(int64, 2, 'C', True)"
"""Arguments of compiled loops: arrays that are only read, as those of mapped files are."""

Loop = TypeVar("Loop", bound=Callable[..., Any])

_PATIENCE_SECONDS = 10.0
"""A loop takes 0.2 to 2 seconds to compile, and twice that on a slow machine."""

_FASTER = {"reassoc", "contract", "arcp", "nsz"}
"""Sums may be taken in any order, as fits the processor."""

_jit = partial(numba.njit, nogil=True, fastmath=_FASTER, no_cfunc_wrapper=True, no_rewrites=True)
"""Without what calls of a function from C need: a tenth less to compile, and to load. And without
what the compiler would look for to replace it by something quicker, as array expressions: there is
nothing of the kind."""


def compiled(*signatures: str) -> Callable[[Loop], Loop]:
    """Compile a function for these argument types when its module is imported; without any, for
    whatever types compiled ones of its file call it with, and Python must not call it.

    What was compiled is kept beside the code, in the user's cache folder, or where the variable
    NUMBA_CACHE_DIR says; where none of them can be written, each process compiles anew. It is
    compiled anew if any file of this folder changes: loops call those of other files. But of what
    lies elsewhere they read no constant. The interpreter's lock is released while such a function
    runs.
    """

    def compile_(loop: Loop) -> Loop:
        if not signatures:
            return cast(Loop, _part(loop))
        try:
            made = _jit(cache=True)(loop)
        except RuntimeError:  # numba knows no folder that it may write to
            made = _jit()(loop)
        settle(made)
        _stamp(made)
        for signature in signatures:
            if not _load(made, signature):
                with _alone(made):
                    _load(made, signature)  # whoever was waited for has compiled it
                    made.compile(signature)  # does nothing if it was found
        made.disable_compile()
        return cast(Loop, made)

    return compile_


def _part(loop: Loop) -> Any:
    made = _jit(no_cpython_wrapper=True, pipeline_class=Part)(loop)
    settle(made)
    without_constants(made)
    return made


def _stamp(made: Any) -> None:
    """Have what was compiled before any file of this folder changed taken for out of date.

    This, too, uses what numba promises nobody.
    """
    with suppress(AttributeError):
        kept = made._cache._cache_file
        kept._source_stamp = (kept._source_stamp, _stamp_of_all())


@cache
def _stamp_of_all() -> str:
    """A hash of all files of this folder."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


class _Loaded(JITCodeLibrary):
    """A library of machine code that is in use without its other half, by which what calls it is
    compiled together with it: that is read if something is. A third of what loading takes."""

    bitcode: bytes

    def _get_module_for_linking(self) -> Any:
        if self._shared_module is None:
            self._shared_module = parse_bitcode(self.bitcode)
        return self._shared_module


class _Loading:
    """The compiler's context, for who only loads what it made: the tables of all types and
    functions that it knows are not filled, which costs each process a quarter of a second."""

    def __init__(self, context: Any) -> None:
        self._context = context

    def refresh(self) -> None:
        rtsys.initialize(self._context)

    def codegen(self) -> Any:
        return self

    def magic_tuple(self) -> Any:
        return self._context.codegen().magic_tuple()

    def unserialize_library(self, kept: tuple[str, str, tuple[bytes, bytes]]) -> Any:
        name, _, (code, bitcode) = kept
        library = cast(Any, _Loaded)(self._context.codegen(), name)
        library.bitcode = bitcode
        library.enable_object_caching()
        library._set_compiled_object(code)
        library._finalize_final_module()
        return library

    def get_executable(self, library: Any, described: Any, environment: Any) -> Any:
        library.codegen._engine._defined_symbols.add(described.llvm_cpython_wrapper_name)
        return self._context.get_executable(library, described, environment)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)


@contextmanager
def _alone(made: Any) -> Iterator[None]:
    """While no other process compiles the same, if what one compiles is kept for the others; but
    one that has no processor for it is waited for so long and no longer."""
    with ExitStack() as held:
        with suppress(AttributeError, OSError, SnapshotUnavailable):
            if folder := made._cache.cache_path:
                lock = Path(folder) / f"{made.__module__}.{made.__qualname__}.lock"
                end = time.monotonic() + _PATIENCE_SECONDS
                held.enter_context(file_lock(lock, remove=True, waiting=partial(_look_at, end)))
        yield


def _look_at(end: float) -> None:
    """Raises: TimeoutError if that moment is over."""
    if time.monotonic() > end:
        raise TimeoutError


def _load(made: Any, signature: str) -> bool:
    """Take what was compiled for a signature from where numba keeps it; whether it is there.

    This uses what numba promises nobody: where a version of it is otherwise, compiling loads the
    same by its own, slower way.
    """
    with suppress(AttributeError, TypeError, ValueError, LookupError), global_compiler_lock:
        found = made._cache.load_overload(signature, _Loading(made.targetctx))
        if found is not None:  # others that are compiled yet may call it
            made.targetctx.insert_user_function(found.entry_point, found.fndesc, [found.library])
            made.add_overload(found)
            return True
    return False
