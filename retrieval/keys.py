"""What keys name in a snapshot: ids, sources, names, and facts as they are written."""

from bisect import bisect_left

from kg import ids
from kg.errors import DocumentNotFound, EntityNotFound, NotFound
from kg.names import normalise
from kg.snapshot import Snapshot, Strings
from kg.surfaces import matches, surface_of
from kg.tokens import tokenise

SEPARATOR = " — "
"""The separator between the parts of a fact as text."""


def passages_named(snapshot: Snapshot, key: str) -> list[int]:
    """The passages with an id, or those of the documents with an id or source, in ascending order.
    Raises: DocumentNotFound.
    """
    found = _row(snapshot.passages.id, key)
    for document in documents_named(snapshot, key):
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
    named = set(documents_named(snapshot, key))
    holders = snapshot.passages.documents
    return [one for one in found if one in itself or named.issuperset(holders.row(one).tolist())]


def entries_named(snapshot: Snapshot, name: str) -> list[int]:
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


def documents_named(snapshot: Snapshot, key: str) -> list[int]:
    """The documents with an id or source."""
    both = (key, ids.document_id(snapshot.collection, key))
    return [row for one in both for row in _row(snapshot.documents.id, one)]


def _row(column: Strings, key: str) -> list[int]:
    """The row of a key in an ascending column of ids, as a list; empty if it is not there."""
    row = bisect_left(column, key)
    return [row] if row < len(column) and column[row] == key else []
