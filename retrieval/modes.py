"""The retrieval modes by name; their modules are imported when they are first used."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from kg.errors import InputError

if TYPE_CHECKING:
    from kg.snapshot import Snapshot
    from retrieval.mode import Mode


def _ammon(snapshot: "Snapshot") -> "Mode":
    from retrieval.walk import ConditionedWalk

    return ConditionedWalk(snapshot)


def _hipporag2(snapshot: "Snapshot") -> "Mode":
    from retrieval.hipporag2 import HippoRAG2

    return HippoRAG2(snapshot)


def _hipporag(snapshot: "Snapshot") -> "Mode":
    from retrieval.hipporag import HippoRAG

    return HippoRAG(snapshot)


def _dense(snapshot: "Snapshot") -> "Mode":
    from retrieval.dense import Dense

    return Dense(snapshot)


def _bm25(snapshot: "Snapshot") -> "Mode":
    from retrieval.lexical import Lexical

    return Lexical(snapshot)


MODES: Mapping[str, Callable[["Snapshot"], "Mode"]] = {
    "ammon": _ammon,
    "hipporag2": _hipporag2,
    "hipporag": _hipporag,
    "dense": _dense,
    "bm25": _bm25,
}
"""Name -> a function that makes the mode for a snapshot."""


def check_mode(name: str) -> None:
    """Raises: InputError if there is no mode of that name."""
    if not isinstance(name, str) or name not in MODES:
        raise InputError(f"Unknown retrieval mode {name!r}: choose one of {', '.join(MODES)}.")


def make_mode(name: str, snapshot: "Snapshot") -> "Mode":
    """Make a mode for a snapshot. Raises: InputError if there is none of that name."""
    check_mode(name)
    return MODES[name](snapshot)
