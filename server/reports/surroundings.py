"""What the jobs of a collection have in common."""

from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from functools import cached_property

from indexer.refusals import Refusal, refusals
from kg.errors import CollectionNotFound, RevisionForgotten
from kg.jobs import Job, TaskState
from kg.records import Collection
from server.core import Core
from server.reports.indexed import IndexedDocuments
from server.reports.up_to_date import seen_revision

HELD_UP = (
    "The new graph waits for {failed}, which failed: try again (ammon jobs retry {job}), delete "
    "what cannot be read, or stay with the graph that there is (ammon jobs cancel {job})."
)
"""Why a re-indexing whose documents are finished does not end."""
_INDEXED = IndexedDocuments()
"""What this process knows of the jobs that it was asked for."""


class Surroundings:
    """What the jobs of a collection have in common, read when it is needed."""

    def __init__(self, core: Core, name: str) -> None:
        self._core = core
        self._name = name

    @cached_property
    def collection(self) -> Collection | None:
        """None if it was deleted."""
        with suppress(CollectionNotFound):
            return self._core.store.collection(self._name)
        return None

    @cached_property
    def published(self) -> int:
        """The revision that questions see."""
        return -1 if self.collection is None else seen_revision(self._core, self.collection)

    @cached_property
    def refused(self) -> Sequence[Refusal]:
        """What workers leave to others."""
        return refusals(self._core.queue, self._name)

    @cached_property
    def quarantined(self) -> Mapping[str, Set[str]]:
        """The quarantined passages by document."""
        found: dict[str, set[str]] = {}
        with suppress(CollectionNotFound):
            for one in self._core.store.quarantined(self._name):
                found.setdefault(one.document_id, set()).add(one.passage_id)
        return found

    def sees(self, job: Job) -> bool:
        """Whether questions see what a job brought in."""
        if self.collection is None:
            return True
        transition = self.collection.settings.transition
        if job.id != transition.job:
            return self.published >= job.revision
        # Its documents are read; the graph may be the one before. Some may have followed since.
        swapped = max(transition.swapped_at, job.revision)
        return self.published >= swapped and not self.collection.settings.changing

    def indexed(self, job: Job) -> int:
        """How many of a job's documents questions see."""
        if not job.counts.get(TaskState.EXTRACTED):
            return 0
        if self.collection is None or self.sees(job):
            return _INDEXED.all_of(job)
        if job.id == self.collection.settings.transition.job:
            return 0
        return _INDEXED.some_of(
            self._core.queue,
            job,
            published=self.published,
            present=self.collection.revision,
            changed=lambda: self._changed,
        )

    @cached_property
    def _changed(self) -> Set[str] | None:
        """The documents that came in or changed since the snapshot was made; None if that is not
        known any more."""
        with suppress(CollectionNotFound, RevisionForgotten):
            return self._core.store.changes_since(self._name, self.published).documents_put
        return None

    def held_up(self, job: Job) -> str:
        """Why the re-indexing that this job reads documents for cannot end; '' if it can."""
        failed = job.counts.get(TaskState.FAILED, 0)
        settings = None if self.collection is None else self.collection.settings
        if settings is None or settings.upcoming is None or job.open or not failed:
            return ""
        if settings.transition.job != job.id:
            return ""
        documents = "1 document" if failed == 1 else f"{failed:,} documents"
        return HELD_UP.format(failed=documents, job=job.id)
