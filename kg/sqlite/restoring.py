"""A collection made of what another one consisted of, within one transaction."""

from collections.abc import Sequence
from dataclasses import replace

import apsw

from kg.changelog import Event, Kind
from kg.records import Synonym
from kg.sqlite.commit import apply_change
from kg.sqlite.rows import extraction_row, ids_of
from kg.sqlite.session import Session
from kg.store import Holdings
from kg.validation import check_change


def put_holdings(connection: apsw.Connection, key: int, holdings: Holdings) -> None:
    """Fill the new collection of this key."""
    collection = replace(holdings.collection, revision=0)
    for change in holdings.changes:
        check_change(change)
        revision = apply_change(connection, key, collection, change)
        collection = replace(collection, revision=revision)
    derived = Session(connection, "derived", key)
    for saved in holdings.saved:
        derived.many("save_extraction", map(extraction_row, saved))
    for sources, synonyms in holdings.synonyms:
        put_synonyms(derived, sources, synonyms)
    collections = Session(connection, "collections", key)
    collections.rows("forget_all_changes")
    revision = holdings.collection.revision
    collections.rows("set_revision", revision=revision)
    came = {"kind": Kind.COLLECTION, "id": collection.name, "event": Event.CAME}
    collections.rows("log_change", revision=revision, **came)


def put_synonyms(derived: Session, sources: Sequence[str], synonyms: Sequence[Synonym]) -> None:
    """Set the synonyms of these sources."""
    asked = {*sources, *(link.target_id for link in synonyms)}
    known = set(derived.ids("known_entities", ids=ids_of(asked)))
    derived.rows("delete_synonyms", ids=ids_of(sources))
    lost = {link.source_id for link in synonyms if link.target_id not in known}
    derived.many(
        "insert_synonym",
        (
            {"source_id": link.source_id, "target_id": link.target_id, "score": link.score}
            for link in synonyms
            if link.source_id in known and link.target_id in known
        ),
    )
    derived.rows("set_linked", ids=ids_of(set(sources) - lost), linked=1)
    derived.rows("set_linked", ids=ids_of(lost), linked=0)
