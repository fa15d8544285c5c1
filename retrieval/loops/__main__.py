"""Compile what mode `ammon` calls, on several processors: `python -m retrieval.loops`.

Else it is compiled by the first process that needs it, a loop after the other.
"""

import gc
import multiprocessing
import os
from importlib import import_module

FIRST = "sets"
"""By this one the compiler is warm: processes that are forked then share what it read."""
OTHERS = (
    "walking",
    "telling",
    "surfaces",
    "order",
    "fitting",
    "variety",
    "products",
)
"""The longest first."""
MOST = 4
"""So many processes are of use: what they all compile for themselves grows with their number."""


def main() -> None:
    """Compile all files, and keep what was compiled (`compiled`)."""
    gc.disable()  # a twentieth of the time, and most of what a compiler makes stays
    _compile(FIRST)
    with multiprocessing.get_context("fork").Pool(min(os.cpu_count() or 1, MOST)) as processes:
        processes.map(_compile, OTHERS, chunksize=1)


def _compile(file: str) -> None:
    import_module(f"retrieval.loops.{file}")


if __name__ == "__main__":
    main()
