"""What two data folders' indexes of the same documents have in common, thing by thing."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import TypeVar

from bench.datasets import COLLECTION
from kg.dump import dump
from retrieval.modes import MODES
from server.core import Core

TOP = 20
"""Passages of each question."""
_Value = TypeVar("_Value")


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """Things of one kind that were compared."""

    what: str
    number: int
    differing: tuple[str, ...]
    """The names of those that are not the same."""


def agreement(one: Core, other: Core, questions: Sequence[str]) -> list[Agreement]:
    """Compare the collections, their snapshots, and the answers to the questions in all modes."""
    snapshots = [core.snapshot_folder(COLLECTION).open().manifest for core in (one, other)]
    files = [{name: entry.sha256 for name, entry in found.files.items()} for found in snapshots]
    told = [
        # How many transactions it took, the revision, depends on how fast they were.
        {key: value for key, value in asdict(found).items() if key not in ("files", "revision")}
        for found in snapshots
    ]
    return [
        _lines(one, other),
        _compared("the snapshot's files", files[0], files[1]),
        _compared("what its manifest says", told[0], told[1]),
        *(
            _compared(
                f"ranks and scores in mode {mode}",
                _ranked(one, questions, mode),
                _ranked(other, questions, mode),
            )
            for mode in MODES
        ),
    ]


def _lines(one: Core, other: Core) -> Agreement:
    differing: list[str] = []
    number = 0
    with one.store.read(COLLECTION) as left, other.store.read(COLLECTION) as right:
        for number, (first, second) in enumerate(zip_longest(dump(left), dump(right)), start=1):
            if first != second:
                differing.append(f"line {number}")
    return Agreement(what="lines of the dump", number=number, differing=tuple(differing))


def _ranked(core: Core, questions: Sequence[str], mode: str) -> dict[str, list[tuple[str, str]]]:
    """Question -> its best passages, and their scores to the last bit."""
    found = core.query_many(COLLECTION, questions, mode=mode, k=TOP)
    return {
        question: [(hit.passage_id, hit.score.hex()) for hit in answer.hits]
        for question, answer in zip(questions, found, strict=True)
    }


def _compared(what: str, one: Mapping[str, _Value], other: Mapping[str, _Value]) -> Agreement:
    names = sorted(one.keys() | other.keys())
    differing = [name for name in names if one.get(name) != other.get(name)]
    return Agreement(what=what, number=len(names), differing=tuple(differing))
