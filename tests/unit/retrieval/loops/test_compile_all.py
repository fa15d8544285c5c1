"""`python -m retrieval.loops` compiles what mode `ammon` calls."""

from pathlib import Path

from retrieval import loops
from retrieval.loops.__main__ import FIRST, OTHERS

NO_LOOPS_OF_THE_WALK = {
    "__init__",
    "__main__",
    "arrays",
    "lanes",
    "compiled",
    "parts",
    "relaxation",
    "strings",
}


def test_every_file_with_loops_of_the_walk_is_compiled() -> None:
    files = {file.stem for folder in loops.__path__ for file in Path(folder).glob("*.py")}
    assert {FIRST, *OTHERS} == files - NO_LOOPS_OF_THE_WALK
