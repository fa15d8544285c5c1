"""`python -m retrieval.loops` compiles what mode `ammon` calls."""

import re
from pathlib import Path

from retrieval import loops
from retrieval.loops.__main__ import FIRST, OTHERS

NO_LOOPS_OF_THE_WALK = {"compiled", "relaxation"}
CALLED_BY_PYTHON = re.compile(r"\bcompiled\((?!\))")


def test_every_file_with_loops_of_the_walk_that_python_calls_is_compiled() -> None:
    files = [file for folder in loops.__path__ for file in Path(folder).glob("*.py")]
    having = {file.stem for file in files if CALLED_BY_PYTHON.search(file.read_text())}
    assert {FIRST, *OTHERS} == having - NO_LOOPS_OF_THE_WALK
