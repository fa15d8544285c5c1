"""Collections that come and go as a whole.

A transaction's memory is limited, so what is large is done a bit at a time, and hidden meanwhile: a
collection that is being restored has the label `:RestoringCollection`, and one that is being
deleted `:DeletedCollection`. If that is cut short, others delete what is left: workers now and
then, whoever opens the store, whoever makes or deletes a collection of that name; what is left of
a deleted one at once, of a restored one when nobody has worked on it for a while.
"""

import math
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from kg.absence import collection_exists
from kg.changelog import Event, Kind
from kg.errors import CollectionExists, StoreError
from kg.ids import new_identity
from kg.neo4j.commit import apply_change, event_name
from kg.neo4j.database import Database
from kg.neo4j.derived import portions, put_synonyms
from kg.neo4j.queued import FORGOTTEN_JOBS, forget
from kg.neo4j.rows import extraction_properties, settings_properties
from kg.neo4j.work import Work
from kg.records import Collection, CollectionSettings
from kg.store import Holdings
from kg.validation import check_change

HELD_SECONDS = 300.0
"""A restoration without activity for so long counts as abandoned."""
_LINKED = {"documents": 100, "passages": 1000, "entities": 1000}
"""Nodes with relationships that are deleted at once: documents are long."""
_ALONE = {"extractions": 1000, "saved_extractions": 1000, "revisions": 100}
"""Nodes without any."""
_LINKS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True)
class Making:
    """Makes and deletes the collections of a database."""

    database: Database
    clock: Callable[[], float]

    def create(self, name: str, settings: CollectionSettings) -> Collection:
        """Make an empty collection. Raises: CollectionExists."""
        return self._make("create_collection", name, settings, key=uuid.uuid4().hex)

    def restore(self, holdings: Holdings) -> None:
        """See `GraphStore.restore`. Raises: CollectionExists, StoreError."""
        collection, key = holdings.collection, uuid.uuid4().hex
        self._make("create_hidden", collection.name, collection.settings, key=key)
        try:
            self._fill(key, holdings)
        except BaseException:
            self.database.write(partial(_drop, collection.name, key))
            self.delete_rest(collection.name)
            raise
        self.database.write(partial(_show, collection, key))

    def delete(self, name: str) -> None:
        """Delete a collection with its jobs, or what is left of one. Raises: CollectionNotFound."""

        def action(work: Work) -> None:
            collections = work.of("collections", name)
            if collections.value("deleted", name=name):
                return
            work.lock(name)
            work.lock_all()
            collections.run("begin_deletion")

        self.database.write(action)
        self.delete_rest(name)

    def finish(self, *, seconds: float) -> bool:
        """Delete what is left of all collections that are hidden as deleted, or were being restored
        by somebody who gave up, as far as that comes in so many seconds; return whether all is."""

        def drop(work: Work) -> None:
            work.lock_all()
            work.of("collections").run("drop_abandoned", now=self.clock())

        until = time.monotonic() + seconds
        deleted, abandoned = self._left()
        if abandoned:
            self.database.write(drop)
            deleted, _ = self._left()
        return all(self.delete_rest(name, until=until) for name in deleted)

    def is_something_left(self) -> bool:
        """Whether there is anything to `finish`."""
        return any(self._left())

    def _left(self) -> tuple[list[str], list[str]]:
        """Names of collections that are hidden as deleted; of those whose restoration ended."""

        def action(work: Work) -> tuple[list[str], list[str]]:
            work, now = work.of("collections"), self.clock()
            abandoned = work.rows("all_abandoned", now=now)
            return [name for (name,) in work.rows("all_deleted")], [name for (name,) in abandoned]

        return self.database.read(action)

    def delete_rest(self, name: str, *, until: float = math.inf) -> bool:
        """Delete what is left of a collection that is hidden as deleted; begin nothing new after
        this moment of the monotonic clock. Returns whether nothing is left."""

        def delete_jobs(work: Work) -> bool:
            """Whether no job is left. While all is locked, nobody makes a collection of the name:
            no job is another one's."""
            work.lock_all()
            if not work.of("collections").value("deleted", name=name):
                return True
            found = work.of("queue").rows("jobs_of", of=name, limit=FORGOTTEN_JOBS)
            return forget(work, [job_id for (job_id,) in found]) == len(found) < FORGOTTEN_JOBS

        def action(work: Work) -> bool:
            """Whether nothing is left, be it that another process took the last of it."""
            work = work.of("collections", name)
            work.run("lock_deleted", name=name)
            if not work.value("deleted", name=name):
                return True
            if _delete_some(work):
                return False
            work.run("end_deletion", name=name)
            return True

        for step in (delete_jobs, action):
            while not self.database.write(step):
                if time.monotonic() > until:
                    return False
        return True

    def _make(self, query: str, name: str, settings: CollectionSettings, *, key: str) -> Collection:
        made = Collection(name=name, settings=settings, identity=new_identity())
        properties = {**settings_properties(settings), "identity": made.identity}

        def action(work: Work) -> bool:
            work.lock_all()
            work = work.of("collections")
            for _, until in work.rows("hidden", name=name):
                if until > self.clock():
                    raise CollectionExists(
                        f"The collection {name!r} is being restored: wait until that is done. If "
                        "it was interrupted, it can be created again after "
                        f"{HELD_SECONDS / 60:.0f} min."
                    )
                work.run("drop_hidden", name=name)
            if work.value("deleted", name=name):
                return False
            if work.value("collection", name=name):
                raise collection_exists(name)
            until = self.clock() + HELD_SECONDS
            work.run(query, name=name, settings=properties, key=key, until=until)
            return True

        while not self.database.write(action):
            self.delete_rest(name)
        return made

    def _fill(self, key: str, holdings: Holdings) -> None:
        name = holdings.collection.name
        collection = replace(holdings.collection, revision=0)
        for step in _steps(collection, holdings):

            def action(work: Work, step: Callable[[Work], object] = step) -> None:
                until = self.clock() + HELD_SECONDS
                _hold(work, name, key, until)
                step(work)

            self.database.write(action)


def _delete_some(work: Work) -> bool:
    """Delete some of what is in a collection, as much as one transaction should; whether there may
    be more."""
    for label, limit in _LINKED.items():
        links = work.value(f"delete_links_of_{label}", nodes=limit, limit=_LINKS_AT_ONCE)
        if links == _LINKS_AT_ONCE or work.value(f"delete_some_{label}", limit=limit) == limit:
            return True
    return any(work.value(f"delete_some_{label}", limit=n) == n for label, n in _ALONE.items())


def _steps(collection: Collection, holdings: Holdings) -> Iterator[Callable[[Work], object]]:
    """What is done in a transaction each."""
    name = collection.name
    for change in holdings.changes:
        check_change(change)
        yield partial(apply_change, collection=collection, change=change)
    for saved in holdings.saved:
        yield partial(_save, name, [extraction_properties(one) for one in saved])
    for sources, synonyms in holdings.synonyms:
        linked = set(sources)
        of_linked = [link for link in synonyms if link.source_id in linked]
        for some, links in portions(sources, of_linked):
            yield partial(put_synonyms, collection=name, sources=some, synonyms=links)
        others = [link for link in synonyms if link.source_id not in linked]
        for _, links in portions([link.source_id for link in others], others):
            yield partial(put_synonyms, collection=name, sources=(), synonyms=links)


def _save(name: str, rows: list[Mapping[str, Any]], work: Work) -> None:
    work.of("derived", name).many("save_extraction", rows)


def _hold(work: Work, name: str, key: str, until: float) -> None:
    collections = work.of("collections")
    collections.run("hold_hidden", name=name, key=key, until=until)
    if [found for found, _ in collections.rows("hidden", name=name)] != [key]:
        raise StoreError(
            f"While {name!r} was being restored, another process considered that abandoned and "
            "deleted it. Start again."
        )


def _show(collection: Collection, key: str, work: Work) -> None:
    """What is hidden becomes a collection."""
    work.lock_all()
    _hold(work, collection.name, key, 0.0)
    collections = work.of("collections", collection.name)
    collections.run("show_hidden", name=collection.name, key=key, revision=collection.revision)
    events = {event_name(Kind.COLLECTION, Event.CAME): [collection.name]}
    collections.run("log_revision", revision=collection.revision, events=events)


def _drop(name: str, key: str, work: Work) -> None:
    """What is hidden is to be deleted, if it is still ours."""
    work.lock_all()
    collections = work.of("collections")
    if [found for found, _ in collections.rows("hidden", name=name)] == [key]:
        collections.run("drop_hidden", name=name)
