"""What the compiler need not do for our loops: a quarter of the time that they took.

This uses what numba promises nobody; `pyproject.toml` says which versions of it have this.
"""

from collections.abc import Sequence
from typing import Any, cast

from numba import types
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler import Compiler, Flags


class _Settled(Flags):
    """Options that change no more once they were compared with others.

    The compiler looks up by its options what it knows of a function, for each call of any, and
    would compare all of them one by one each time: a tenth of the time.
    """

    __slots__ = ("known",)
    known: list[Any]

    def _all(self) -> list[Any]:
        """All of them, the same object for equal ones."""
        if not hasattr(self, "known"):
            every = [getattr(self, name) for name in cast(Any, self).options]
            if every not in _ALL:
                _ALL.append(every)
            self.known = _ALL[_ALL.index(every)]
        return self.known

    def __hash__(self) -> int:
        return id(self._all())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Settled) and self._all() is other._all()


_ALL: list[list[Any]] = []


class _PartLibrary(JITCodeLibrary):
    """The code of a part in the compiler's own terms: what calls it is compiled with it, and then
    optimised as a whole. Else machine code would be made of it that nothing runs."""

    @property
    def codegen(self) -> Any:
        return self

    def set_env(self, _: str, __: Any) -> None:
        """There is no machine code that could need it."""

    def get_pointer_to_function(self, _: str) -> int:
        return 0

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalized = True


class Part(Compiler):
    """Compiles a function that only compiled ones call."""

    def define_pipelines(self) -> Any:
        context, name = self.state.targetctx, self.state.func_id.func_qualname
        self.state.library = cast(Any, _PartLibrary)(context.codegen(), name)
        return cast(Any, super()).define_pipelines()


def settle(loop: Any) -> None:
    """Have what is not compiled yet compiled with options that are soon compared."""
    loop._compiler._customize_flags = _Settled


def without_constants(part: Any) -> None:
    """Have a call with a constant taken for one with any number: a loop's counter is 0 at first,
    and the part would be compiled for just that, too."""
    fold = part._compiler.fold_argument_types

    def folded(arguments: Sequence[Any], named: Any) -> Any:
        return fold([cast(Any, types).unliteral(one) for one in arguments], named)

    part._compiler.fold_argument_types = folded
