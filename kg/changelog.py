"""What a commit changed in documents and passages, and what several commits changed together."""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from kg.errors import RevisionForgotten
from kg.store import Changes

REVISIONS_KEPT = 1000
"""Changes are known for this many revisions back."""


class Kind(StrEnum):
    """What an entry refers to."""

    DOCUMENT = "document"
    PASSAGE = "passage"
    COLLECTION = "collection"
    """Came as a whole, by `GraphStore.restore`: what was before is not known."""


class Event(StrEnum):
    """What happened to it."""

    CAME = "came"
    CHANGED = "changed"
    WENT = "went"


class Entry(NamedTuple):
    """One thing that one commit did."""

    kind: Kind
    id: str
    event: Event


def check_known(collection: str, asked: int, present: int) -> None:
    """Raises: RevisionForgotten if the changes between the two revisions are not all known."""
    if not max(0, present - REVISIONS_KEPT) <= asked <= present:
        raise _forgotten(collection, asked, present)


def net_changes(collection: str, asked: int, present: int, entries: Iterable[Entry]) -> Changes:
    """What entries, oldest first, did together between two revisions.

    What was added and deleted again is left out; what was deleted and added again counts as put.
    Raises: RevisionForgotten if the collection was restored in between.
    """
    first: dict[tuple[Kind, str], Event] = {}
    last: dict[tuple[Kind, str], Event] = {}
    for kind, key, event in entries:
        if kind is Kind.COLLECTION:
            raise _forgotten(collection, asked, present)
        first.setdefault((kind, key), event)
        last[kind, key] = event
    put: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    gone: dict[Kind, set[str]] = {kind: set() for kind in Kind}
    for (kind, key), event in last.items():
        if event is not Event.WENT:
            put[kind].add(key)
        elif first[kind, key] is not Event.CAME:
            gone[kind].add(key)
    return Changes(
        revision=present,
        documents_put=frozenset(put[Kind.DOCUMENT]),
        documents_deleted=frozenset(gone[Kind.DOCUMENT]),
        passages_put=frozenset(put[Kind.PASSAGE]),
        passages_deleted=frozenset(gone[Kind.PASSAGE]),
    )


def _forgotten(collection: str, asked: int, present: int) -> RevisionForgotten:
    return RevisionForgotten(
        f"The changes of {collection!r} since revision {asked} are no longer kept: it is at "
        f"{present}, and at most {REVISIONS_KEPT} revisions are kept. Read the whole graph "
        "instead."
    )
