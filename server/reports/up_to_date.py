"""Whether questions are answered from everything that is in the graph."""

from kg.errors import CollectionNotFound, RevisionForgotten, SnapshotUnavailable
from kg.records import Collection
from kg.store import Changes
from server.core import Core

_MOST_SETTINGS_CHANGES = 16
"""A revision that is further ahead has more than changed settings: documents must have changed."""


def seen_revision(core: Core, collection: Collection) -> int:
    """The revision that questions see; -1 if none, as while the storage of the snapshots is out of
    reach and there is no copy."""
    try:
        return core.retrievers.revision(collection)
    except SnapshotUnavailable:
        return -1


def sees_all(core: Core, collection: Collection) -> bool:
    """Whether the current snapshot has everything that is in the graph.

    A change of settings alone also raises the revision, but changes nothing in the graph, unless
    the embedder is a new one.
    """
    published = core.published_revision(collection)
    if published == collection.revision:
        return True
    ahead = collection.revision - published
    if published < 0 or ahead > _MOST_SETTINGS_CHANGES or collection.settings.former_embedder:
        return False
    try:
        changes = core.store.changes_since(collection.name, published)
    except (RevisionForgotten, CollectionNotFound):
        return False
    return changes == Changes(revision=changes.revision)
