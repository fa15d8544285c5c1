"""Counterfactuals: where a passage would rank without an entity, a passage or a fact."""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from kg import ids
from kg.errors import DocumentNotFound, EntityNotFound, InputError, NotFound
from kg.names import normalise
from kg.snapshot import Snapshot, Strings
from kg.surfaces import matches, surface_of
from kg.tokens import tokenise
from retrieval.citations import source_of
from retrieval.trace import Traced

NO_FACTS = (
    "The walk of mode 'ammon' goes through names, not through facts: leaving out a fact does "
    "not change the rank. (Mode 'hipporag2' starts from facts.)"
)
ALL_STAY = (
    "Nothing is left out: other documents hold all its passages, too. (To leave out such a passage "
    "all the same, name it by its own id.)"
)
SOME_STAY = "Left out: {gone} of its {count} passages. Other documents hold the rest, too."
SEPARATOR = " — "
"""The separator between the parts of a fact as text."""


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


def passages_named(snapshot: Snapshot, key: str) -> list[int]:
    """The passages with an id, or those of the documents with an id or source, in ascending order.
    Raises: DocumentNotFound.
    """
    found = _row(snapshot.passages.id, key)
    for document in _documents_named(snapshot, key):
        found += snapshot.documents.passages.row(document).tolist()
    if not found:
        raise DocumentNotFound(
            f"There is no passage or document with the id or source {key!r} in "
            f"{snapshot.collection!r}. (`ammon query` shows sources.)"
        )
    return sorted(set(found))


def passages_left_out(snapshot: Snapshot, key: str) -> list[int]:
    """The passages that would be gone without what a key names: the one with that id, or those that
    no other document holds, in ascending order. Raises: DocumentNotFound.
    """
    found, itself = passages_named(snapshot, key), _row(snapshot.passages.id, key)
    named = set(_documents_named(snapshot, key))
    holders = snapshot.passages.documents
    return [one for one in found if one in itself or named.issuperset(holders.row(one).tolist())]


def without(
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
        entries = _entries_named(snapshot, left_out.entity)
        names = dict.fromkeys(snapshot.gazetteer.label[entry] for entry in entries)
        return mode.without(entries=entries), tuple(names), ""
    return _without_passage(mode, snapshot, left_out.passage, asked)


def _without_passage(
    mode: OverNames, snapshot: Snapshot, key: str, asked: int
) -> tuple[Traced, tuple[str, ...], str]:
    """As `without`, for a passage or a document."""
    passages, count = passages_left_out(snapshot, key), len(passages_named(snapshot, key))
    if asked in passages:
        raise InputError("A passage has no rank without itself: leave out another one.")
    if not passages:
        source = snapshot.documents.source
        names = dict.fromkeys(source[one] or key for one in _documents_named(snapshot, key))
        return mode, tuple(names), ALL_STAY
    table = snapshot.passages
    titles = dict.fromkeys(
        table.title[passage] or source_of(snapshot, passage) or table.id[passage]
        for passage in passages
    )
    gone = len(passages)
    note = SOME_STAY.format(gone=gone, count=count) if gone < count else ""
    return mode.without(passages=passages), tuple(titles), note


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


def _entries_named(snapshot: Snapshot, name: str) -> list[int]:
    """The entries that a name may mean, then those of the names inside it, which mentioning the
    longer name also mentions."""
    from retrieval.gazetteer import GazetteerLookup  # slow: it loads the compiler

    lookup = GazetteerLookup(snapshot)
    tokens = tokenise(name)
    entries = lookup.entries(surface_of(tokens))
    if not entries:
        raise EntityNotFound(
            f"There is no name {name!r} in {snapshot.collection!r}. (A receipt shows the names "
            "that the walk went through.)"
        )
    inside = matches(tokens, cased=False, known=lookup.known)
    nested = [entry for span in inside for entry in lookup.entries(span.surface)]
    return list(dict.fromkeys([*entries, *nested]))


def fact_named(snapshot: Snapshot, key: str) -> int:
    """The fact of an id, or of 'subject — relation — object', also with hyphens for the dashes.
    Raises: NotFound."""
    found = _row(snapshot.facts.id, key)
    separator = SEPARATOR if SEPARATOR in key else " - "
    parts = [normalise(part) for part in key.split(separator)]
    if len(parts) == 3:
        found += _row(snapshot.facts.id, ids.fact_id(snapshot.collection, *parts))
    if found:
        return found[0]
    raise NotFound(
        f"There is no fact {key!r} in {snapshot.collection!r}: give its id, or "
        f"'subject{SEPARATOR}relation{SEPARATOR}object' as a receipt shows it."
    )


def _documents_named(snapshot: Snapshot, key: str) -> list[int]:
    """The documents with an id or source."""
    both = (key, ids.document_id(snapshot.collection, key))
    return [row for one in both for row in _row(snapshot.documents.id, one)]


def _row(column: Strings, key: str) -> list[int]:
    """The row of a key in an ascending column of ids, as a list; empty if it is not there."""
    row = bisect_left(column, key)
    return [row] if row < len(column) and column[row] == key else []
