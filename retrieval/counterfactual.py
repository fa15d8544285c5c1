"""Counterfactuals: where a passage would rank without an entity, a passage or a fact."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from kg.errors import InputError
from kg.snapshot import Snapshot
from retrieval.citations import name_of, source_of
from retrieval.copies import Copies
from retrieval.keys import (
    SEPARATOR,
    documents_named,
    entries_named,
    fact_named,
    passages_left_out,
    passages_named,
)
from retrieval.trace import Trace, Traced

NO_FACTS = (
    "The walk of mode 'ammon' goes through names, not through facts: leaving out a fact does "
    "not change the rank. (Mode 'hipporag2' starts from facts.)"
)
ALL_STAY = (
    "Nothing is left out: other documents hold all its passages, too. (To leave out such a passage "
    "all the same, name it by its own id.)"
)
SOME_STAY = "Left out: {gone} of its {count} passages. Other documents hold the rest, too."
COPIES_STAY = "The same text stays in {count}, under another title or heading."


@dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """What is left out: one of the three fields; the others are ''."""

    entity: str = ""
    """A name: everything that it may mean is left out, and so are the names inside it."""
    passage: str = ""
    """A passage's id, or a document's id or source: those of its passages that no other document
    holds."""
    fact: str = ""
    """A fact's id, or its three parts with ' — ' between them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counterfactual:
    """Where a passage ranks, and where it would rank without something."""

    mode: str
    passage_id: str
    title: str
    source: str = ""
    """Of the first of its documents."""
    without: LeftOut
    names: tuple[str, ...]
    """What was left out, for display: names, titles of passages, or the fact. The document, if
    others hold all its passages."""
    left_out_rank: int = 0
    """The rank that the passage had, the best of several; 0 if none was left out. It tells passages
    of one title apart."""
    rank: int
    """The rank with it."""
    score: float
    rank_without: int
    score_without: float
    """0 if the walk then does not reach the passage."""
    note: str = ""
    """A remark for people; '' if there is none."""


@runtime_checkable
class OverNames(Traced, Protocol):
    """A mode that walks from passage to passage through names, and can leave some of them out."""

    def without(self, *, entries: Iterable[int] = (), passages: Iterable[int] = ()) -> Traced:
        """The mode as if these entries of the gazetteer were not mentioned, and these passages did
        not exist."""
        ...


@runtime_checkable
class OverFacts(Traced, Protocol):
    """A mode that starts from facts, and can leave some of them out."""

    def without_fact(self, fact: int) -> Traced:
        """The mode without comparing that fact with questions."""
        ...


def compared(
    mode: Traced,
    snapshot: Snapshot,
    key: str,
    left_out: LeftOut,
    trace_of: Callable[[Traced], Trace],
) -> Counterfactual:
    """Where the passage that a key names, or the best of those, ranks in `mode` and without
    something; `trace_of` runs a mode for the question. Raises: InputError, NotFound; what
    `trace_of` raises.
    """
    named = passages_named(snapshot, key)
    before = trace_of(mode)
    number = before.first_of(named)
    changed, names, note = _without(mode, snapshot, left_out, number)
    after = trace_of(changed)
    gone = passages_left_out(snapshot, left_out.passage) if left_out.passage else []
    return Counterfactual(
        mode=before.mode,
        passage_id=snapshot.passages.id[number],
        title=snapshot.passages.title[number],
        source=source_of(snapshot, number),
        without=left_out,
        names=names,
        left_out_rank=before.rank(before.first_of(gone)) if gone else 0,
        rank=before.rank(number),
        score=before.score(number),
        rank_without=after.rank(number),
        score_without=after.score(number),
        note=note,
    )


def _without(
    mode: Traced, snapshot: Snapshot, left_out: LeftOut, asked: int
) -> tuple[Traced, tuple[str, ...], str]:
    """The mode without something, the names of what was left out, and a note. `asked` is the
    passage to rank. Raises: InputError if the mode cannot leave it out; NotFound.
    """
    if sum(map(bool, (left_out.entity, left_out.passage, left_out.fact))) != 1:
        raise InputError("Name what to leave out: one entity, one passage or one fact.")
    if left_out.fact:
        fact = fact_named(snapshot, left_out.fact)
        changed, note = _without_fact(mode, fact)
        return changed, (_told(snapshot, fact),), note
    if not isinstance(mode, OverNames):
        raise InputError("Entities and passages can be left out only in mode 'ammon'.")
    if left_out.entity:
        entries = entries_named(snapshot, left_out.entity)
        names = dict.fromkeys(snapshot.gazetteer.label[entry] for entry in entries)
        return mode.without(entries=entries), tuple(names), ""
    return _without_passage(mode, snapshot, left_out.passage, asked)


def _without_passage(
    mode: OverNames, snapshot: Snapshot, key: str, asked: int
) -> tuple[Traced, tuple[str, ...], str]:
    """As `_without`, for a passage or a document."""
    passages, count = passages_left_out(snapshot, key), len(passages_named(snapshot, key))
    if asked in passages:
        raise InputError("A passage has no rank without itself: leave out another one.")
    if not passages:
        source = snapshot.documents.source
        names = dict.fromkeys(source[one] or key for one in documents_named(snapshot, key))
        return mode, tuple(names), ALL_STAY
    titles = dict.fromkeys(name_of(snapshot, passage) for passage in passages)
    gone = len(passages)
    notes = [SOME_STAY.format(gone=gone, count=count)] if gone < count else []
    if left := _copies_left(snapshot, passages):
        others = "1 other passage" if left == 1 else f"{left:,} other passages"
        notes.append(COPIES_STAY.format(count=others))
    return mode.without(passages=passages), tuple(titles), " ".join(notes)


def _copies_left(snapshot: Snapshot, passages: Sequence[int]) -> int:
    """How many other passages have the text of one of these."""
    copies, gone = Copies.of(snapshot), np.array(passages, dtype=np.int32)
    if not copies.any:
        return 0
    rows = copies.distinct(gone)
    return len(np.setdiff1d(copies.with_others(gone[rows])[0], gone))


def _without_fact(mode: Traced, fact: int) -> tuple[Traced, str]:
    """The mode without the fact, and a note."""
    if isinstance(mode, OverFacts):
        return mode.without_fact(fact), ""
    if isinstance(mode, OverNames):
        return mode, NO_FACTS
    raise InputError("Facts can be left out only in modes 'hipporag2' and 'ammon'.")


def _told(snapshot: Snapshot, fact: int) -> str:
    facts, surface = snapshot.facts, snapshot.entities.surface
    ends = surface[int(facts.subject[fact])], surface[int(facts.object[fact])]
    return SEPARATOR.join((ends[0], facts.relation[fact], ends[1]))
