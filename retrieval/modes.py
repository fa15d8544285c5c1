"""The modes that a question can be asked in, by name."""

from collections.abc import Callable, Mapping

from kg.errors import InputError
from kg.snapshot import Snapshot
from retrieval.dense import Dense
from retrieval.hipporag import HippoRAG
from retrieval.hipporag2 import HippoRAG2
from retrieval.lexical import Lexical
from retrieval.mode import Mode
from retrieval.walk import ConditionedWalk

MODES: Mapping[str, Callable[[Snapshot], Mode]] = {
    "ammon": ConditionedWalk,
    "hipporag2": HippoRAG2,
    "hipporag": HippoRAG,
    "dense": Dense,
    "bm25": Lexical,
}
"""Name -> what makes the mode for a snapshot."""


def make_mode(name: str, snapshot: Snapshot) -> Mode:
    """Make a mode for a snapshot. Raises: InputError if there is none of that name."""
    if name not in MODES:
        raise InputError(f"There is no retrieval mode {name!r}; choose one of: {', '.join(MODES)}.")
    return MODES[name](snapshot)
