"""Another extractor, or other passages: the graph of before answers until the new one is whole.

While a collection changes over, its settings stay as they are, with what is to come beside them
(`CollectionSettings.upcoming`). Documents that come in, change or go meanwhile do so as ever. The
tasks of one job, which are known by their fingerprints (`identity.identify_ahead`), have all
documents extracted as they are wanted next, within its budget; what is found is only saved. When
no document lacks anything, the settings change, and documents are put anew from what was saved,
some at a time. No snapshot is made meanwhile: the next one has the new graph and nothing of the old
one.

A passage that the new extractor failed to read keeps the extraction that it has. A document that
failed altogether, as when its job's budget is spent, keeps all others waiting until it is tried
again or deleted. What came in meanwhile is extracted ahead too, added to the job; but where more
keeps coming, the last follow the change one by one.
"""

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import structlog

from indexer.coverage import Coverage
from indexer.identity import AHEAD, identify, identify_ahead, is_ahead
from kg.errors import JobNotFound
from kg.jobs import UNKNOWN, Budget, Job, Prices
from kg.queue import JobStore
from kg.records import Collection, CollectionSettings, Document, Extraction, Transition
from kg.store import Change, DocumentGraph, GraphStore

ROUNDS = 3
"""How many times documents that arrive during a change are extracted ahead; the rest follows after
the swap."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Changeover:
    """Changes a collection's extractor or passage size. Safe for several threads, except
    `advance`."""

    store: GraphStore
    jobs: JobStore
    coverage: Coverage
    prices: Prices = UNKNOWN
    """The prices stored with new jobs."""
    _rounds: dict[str, int] = field(default_factory=dict)
    _held_up: dict[str, tuple[Collection, Mapping[str, str]]] = field(default_factory=dict)
    """Collections that `advance` could not complete, as they were then, with their failed
    documents.
    """

    def begin(
        self, collection: str, wanted: CollectionSettings, *, anew: Set[str], budget: Budget
    ) -> tuple[Job | None, int, int]:
        """Start indexing a collection with the `wanted` settings: queue the documents that are not
        in the graph under these settings, and in any case those in `anew` (document ids). Returns
        the job (None if nothing was queued), the number of documents queued, and the number of
        others.

        If no document needs work, the settings change at once. A change in progress to other
        settings is cancelled; one to the same settings continues. Documents that are queued already
        are not queued again; `advance` checks them before the swap. Raises: CollectionNotFound.
        """
        made: Job | None = None
        while True:
            settings = self.store.collection(collection).settings
            goes_on = settings.upcoming is not None and _indexes_as(settings.upcoming, wanted)
            number, chosen = self._choose(collection, wanted, anew)
            before = self._counts(settings.transition.job) if goes_on else None
            # Before anybody sees that there is a change: what it may spend is known with its job.
            job_id, had = settings.transition.job, before.total if before else 0
            if chosen is not None and not (goes_on and (not chosen or (before and before.open))):
                made = made or self.jobs.enqueue(collection, [], budget=budget, prices=self.prices)
                job_id, had = made.id, 0
            if self._settle(collection, settings, _after(settings, wanted, chosen, job_id)):
                break
        if settings.upcoming is not None and not goes_on:
            self._cancel(settings.transition.job)
        if not chosen:
            return None, 0, number
        job = self._append(collection, job_id, chosen)
        added = job.total - had
        return job if added else None, added, number - added

    def _choose(
        self, collection: str, wanted: CollectionSettings, anew: Set[str]
    ) -> tuple[int, list[Document] | None]:
        """The number of documents, and those of them to extract; None if nothing changes."""
        pending = self.jobs.pending(collection)
        number, changing, chosen = 0, False, []
        for document in self.coverage.documents(collection):
            number += 1
            there = identify(collection, document, wanted).fingerprint == document.fingerprint
            if there and document.id not in anew:
                continue
            changing = True
            ahead = identify_ahead(collection, document, wanted)
            waits = pending.get(document.id, "")
            if not waits or (is_ahead(waits) and waits != ahead.fingerprint):
                chosen.append(ahead)
        return number, chosen if changing else None

    def cancelled(self, collection: str, job_id: str) -> None:
        """Called when a job was cancelled: if it is the job of a change in progress, the change is
        cancelled too. Raises: CollectionNotFound."""
        while True:
            settings = self.store.collection(collection).settings
            if settings.upcoming is None or settings.transition.job != job_id:
                return
            stays = replace(settings, transition=Transition(swapping=settings.transition.swapping))
            if self._settle(collection, settings, stays):
                _log.info("the extractor stays as it is", collection=collection, job=job_id)
                return

    def is_due(self, collection: Collection) -> bool:
        """Whether `advance` has something to do. Does not read the graph's contents."""
        settings = collection.settings
        if settings.transition.swapping:
            return True
        if settings.upcoming is None or self._is_extracting(collection.name):
            return False
        seen = collection, self.jobs.failed(collection.name)
        return self._held_up.get(collection.name) != seen

    def is_held_up(self, collection: Collection) -> bool:
        """Whether a change waits because documents failed (an estimate: contents are not read)."""
        settings = collection.settings
        if settings.transition.swapping or settings.upcoming is None:
            return False
        if self._is_extracting(collection.name):
            return False
        failed = self.jobs.failed(collection.name)
        return bool(self.store.fingerprints(collection.name, failed))

    def advance(self, collection: str) -> None:
        """Replace the old graph by the new one if it is complete; queue what is missing. To be
        called by the publisher only. Raises: CollectionNotFound, StoreError."""
        while True:
            present = self.store.collection(collection)
            if not self.is_due(present):
                return
            seen = present.settings
            if seen.transition.swapping:
                break
            wanted = seen.upcoming
            if wanted is None or not self._is_whole(present, wanted):
                return
            swapping = Transition(job=seen.transition.job, swapping=True)
            if self._settle(collection, seen, replace(wanted, transition=swapping)):
                break
        self._swap(collection)
        while True:
            after = self.store.collection(collection)
            swapped = replace(after.settings.transition, swapping=False, swapped_at=after.revision)
            if self._settle(
                collection, after.settings, replace(after.settings, transition=swapped)
            ):
                break
        self._rounds.pop(collection, None)

    def _settle(
        self, collection: str, seen: CollectionSettings, wanted: CollectionSettings
    ) -> bool:
        """Change the settings if they are what was seen; whether they are as wanted."""
        after = self.store.update_settings(collection, wanted, instead_of=seen)
        return after.settings == wanted

    def _is_whole(self, present: Collection, wanted: CollectionSettings) -> bool:
        """Whether every document was extracted ahead; what was not is queued, if that may help."""
        name = present.name
        failed = self.jobs.failed(name)
        given_up = failed.keys() - self.jobs.pending(name, failed).keys()
        jobs = {failed[one] for one in self.coverage.hopeless(name, wanted, given_up)}
        if jobs:
            self._held_up[name] = present, failed
            _log.warning(
                "keeping the old graph: documents failed",
                collection=name,
                job=present.settings.transition.job,
                remedy=f"ammon jobs retry {', '.join(sorted(jobs))}; or delete these documents, "
                f"or: ammon jobs cancel {present.settings.transition.job}",
            )
            return False
        lacking: list[Document] = []
        for page in self.coverage.pages(name):
            found = self.coverage.lacking(name, page, wanted)
            waits = self.jobs.pending(name, [one.id for one in found]) if found else {}
            lacking += (one for one in found if one.id not in waits)
        rounds = self._rounds.get(name, 0)
        if not lacking or rounds == ROUNDS:
            return True
        self._rounds[name] = rounds + 1
        ahead = [identify_ahead(name, document, wanted) for document in lacking]
        try:
            self._append(name, present.settings.transition.job, ahead)
        except JobNotFound:  # and nobody knows what may be spent
            _log.warning(
                "the change of extractor was dropped: its job no longer exists", collection=name
            )
            self._settle(name, present.settings, present.settings.settled)
        return False

    def _swap(self, collection: str) -> None:
        """Put all documents as they are wanted; queue those that lack something in the same job."""
        present = self.store.collection(collection).settings
        settings = present.settled
        readable: Set[str] | None = None
        late: list[Document] = []
        for page in self.coverage.pages(collection):
            put: list[DocumentGraph] = []
            extractions: dict[str, Extraction] = {}
            for _, graph, found in self.coverage.lookup(collection, page, settings):
                if any(passage.id not in found for passage in graph.passages):
                    late.append(graph.document)
                    continue
                put.append(graph)
                extractions.update(found)
            if readable is None and any(one.failure for one in extractions.values()):
                readable = self.coverage.readable(collection)
            self.store.commit(
                collection,
                Change(
                    put=tuple(put),
                    instead_of={document.id: document.fingerprint for document in page},
                    extractions=tuple(
                        one
                        for key, one in sorted(extractions.items())
                        if not one.failure or key not in (readable or ())
                    ),
                ),
            )
        try:
            if late:
                self._append(collection, present.transition.job, late)
        except JobNotFound:
            _log.warning(
                "some documents keep their old extraction", remedy=f"ammon reindex -c {collection}"
            )
        _log.info("the new graph has replaced the old one", collection=collection, late=len(late))

    def _is_extracting(self, collection: str) -> bool:
        return self.jobs.awaits(collection, AHEAD)

    def _append(self, collection: str, job_id: str, documents: Sequence[Document]) -> Job:
        """Queue documents that are in the graph: what was handed in comes before them. For a start,
        they are taken to have as many passages as they have there. Raises: JobNotFound."""
        with self.store.peek(collection) as reader:
            passages = Counter(place.document_id for place in reader.placements())
        return self.jobs.append(job_id, documents, passages=passages)

    def _counts(self, job_id: str) -> Job | None:
        try:
            return self.jobs.job(job_id)
        except JobNotFound:
            return None

    def _cancel(self, job_id: str) -> None:
        try:
            self.jobs.cancel(job_id)
        except JobNotFound:
            return  # it went with the collection that it was of


def _after(
    settings: CollectionSettings,
    wanted: CollectionSettings,
    chosen: Sequence[Document] | None,
    job_id: str,
) -> CollectionSettings:
    """What the settings become: at once, or upcoming with the job that has them extracted."""
    if chosen is None:
        swaps = settings.transition.swapping
        return replace(wanted, transition=Transition(swapping=swaps, job=job_id if swaps else ""))
    return replace(
        settings,
        embedder=wanted.embedder,
        former_embedder=wanted.former_embedder,
        transition=replace(
            settings.transition,
            extractor=wanted.extractor,
            max_tokens=wanted.max_tokens,
            overlap_tokens=wanted.overlap_tokens,
            job=job_id,
        ),
    )


def _indexes_as(one: CollectionSettings, other: CollectionSettings) -> bool:
    """Whether documents become the same by both."""
    return (one.extractor, one.max_tokens, one.overlap_tokens) == (
        other.extractor,
        other.max_tokens,
        other.overlap_tokens,
    )
