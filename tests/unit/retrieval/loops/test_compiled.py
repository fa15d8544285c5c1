"""Loops are compiled once for a machine, and then only loaded."""

import hashlib
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kg.lock import file_lock
from retrieval.loops import compiled
from retrieval.loops.parts import _Settled

LOOP = """
import sys

import numpy as np

from retrieval.loops.compiled import INTS, compiled


@compiled(f"int32[::1]({INTS})")
def doubled(numbers):
    found = np.empty(len(numbers), dtype=np.int32)
    for place in range(len(numbers)):
        found[place] = 2 * numbers[place]
    return found


numbers = np.arange(3, dtype=np.int32)
numbers.flags.writeable = False
print(doubled(numbers).tolist(), "numba.np.arraymath" in sys.modules)
"""


def run(folder: Path, loop: str = LOOP, *, before: str = "") -> str:
    """What a process of its own prints that runs the loop's file, after another module."""
    file = folder / "loop.py"
    if not file.exists() or file.read_text() != loop:
        file.write_text(loop)
    first = f"import {before}; " if before else ""
    environment = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, '.'); {first}import loop"],
        cwd=folder,
        env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_what_was_compiled_is_loaded_without_filling_the_compilers_tables(tmp_path: Path) -> None:
    assert run(tmp_path) == "[0, 2, 4] True\n"
    assert run(tmp_path) == "[0, 2, 4] False\n"


OTHER_NUMBA = """
from retrieval.loops import compiled as module


def gone(_):
    raise AttributeError("of a version of numba that has this no more")


module.{name} = gone
"""


@pytest.mark.parametrize("name", ["_Loading.refresh", "_Loaded"])
def test_where_numbas_insides_are_otherwise_it_loads_by_itself(tmp_path: Path, name: str) -> None:
    run(tmp_path)
    kept = sorted(tmp_path.rglob("*.nbc"))
    before = [path.stat().st_mtime_ns for path in kept]
    # The cached code fits the file it is of: what is changed comes from another one.
    (tmp_path / "otherwise.py").write_text(OTHER_NUMBA.format(name=name))
    found = run(tmp_path, before="otherwise")
    assert found.startswith("[0, 2, 4]")
    assert [path.stat().st_mtime_ns for path in kept] == before


def test_a_loop_that_changed_is_compiled_anew(tmp_path: Path) -> None:
    run(tmp_path)
    assert run(tmp_path, LOOP.replace("2 *", "-2 *")) == "[0, -2, -4] True\n"


MEANWHILE = """
from contextlib import contextmanager
from pathlib import Path

from retrieval.loops import compiled as module


@contextmanager
def held_by_another(path, **options):
    # It has just compiled the same when the lock is free.
    for kept in Path("aside").iterdir():
        kept.rename(path.with_name(kept.name))
    with taken(path, **options):
        yield


taken, module.file_lock = module.file_lock, held_by_another
"""


def test_what_another_process_compiles_is_waited_for_and_loaded(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "aside").mkdir()
    for kept in (tmp_path / "__pycache__").glob("loop.doubled*"):
        kept.rename(tmp_path / "aside" / kept.name)
    (tmp_path / "meanwhile.py").write_text(MEANWHILE)
    assert run(tmp_path, before="meanwhile") == "[0, 2, 4] False\n"
    assert not list(tmp_path.rglob("*.lock"))


IMPATIENT = "from retrieval.loops import compiled as module; module._PATIENCE_SECONDS = 0.0"


def test_a_process_that_gets_no_further_is_not_waited_for_without_end(tmp_path: Path) -> None:
    run(tmp_path)
    folder = tmp_path / "__pycache__"
    for kept in folder.glob("loop.doubled*"):
        kept.unlink()
    (tmp_path / "impatient.py").write_text(IMPATIENT)
    with file_lock(folder / "loop.doubled.lock"):
        assert run(tmp_path, before="impatient") == "[0, 2, 4] True\n"


def test_two_processes_compile_a_loop_once(tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text(LOOP)
    with ThreadPoolExecutor(2) as both:
        told = sorted(both.map(run, [tmp_path, tmp_path]))
    assert told == ["[0, 2, 4] False\n", "[0, 2, 4] True\n"]


CALLER = (
    LOOP.partition("numbers = np.arange")[0]
    + """

@compiled(f"int32[::1]({INTS})")
def fourfold(numbers):
    return doubled(doubled(numbers))


print(fourfold(np.arange(3, dtype=np.int32)).tolist())
"""
)


def test_a_loop_that_is_loaded_may_be_called_by_one_that_is_compiled(tmp_path: Path) -> None:
    run(tmp_path, CALLER)
    kept = list((tmp_path / "__pycache__").glob("*fourfold*"))
    assert kept
    for one in kept:
        one.unlink()
    assert run(tmp_path, CALLER) == "[0, 4, 8]\n"


def test_a_loop_is_compiled_anew_if_any_file_of_theirs_changed(tmp_path: Path) -> None:
    run(tmp_path)
    (tmp_path / "changed.py").write_text(
        "from retrieval.loops import compiled as module; module._stamp_of_all = lambda: 'another'"
    )
    assert run(tmp_path, before="changed") == "[0, 2, 4] True\n"
    assert run(tmp_path, before="changed") == "[0, 2, 4] False\n"


def test_the_stamp_of_all_loops_follows_each_of_their_files() -> None:
    files = sorted(Path(compiled.__file__).parent.glob("*.py"))
    assert {"arrays.py", "compiled.py", "moving.py"} <= {file.name for file in files}
    everything = b"".join(file.read_bytes() for file in files)
    assert compiled._stamp_of_all() == hashlib.sha256(everything).hexdigest()


PART = """
import numpy as np

from retrieval.loops.compiled import INTS, compiled


@compiled()
def following(count, number):
    return count + number


@compiled(f"int64({INTS})")
def total(numbers):
    count = 0
    for number in numbers:
        count = following(count, number)
    return count


@compiled(f"int64({INTS})")
def both(numbers):
    return following(total(numbers), numbers[0])


numbers = np.arange(1, 4, dtype=np.int32)
numbers.flags.writeable = False
(part,) = following.overloads.values()
code = part.library.get_pointer_to_function(part.fndesc.llvm_func_name)
print(total(numbers), both(numbers), code)
"""


def test_what_only_loops_call_is_compiled_once_and_has_no_machine_code_of_its_own(
    tmp_path: Path,
) -> None:
    assert run(tmp_path, PART) == "6 7 0\n"


def test_the_compiler_compares_equal_options_by_what_they_were_when_first_compared() -> None:
    one, other, another = _Settled(), _Settled(), _Settled()
    another.nrt = True
    assert one == other == one.copy()
    assert hash(one) == hash(other) == hash(one.copy())
    assert one != another
