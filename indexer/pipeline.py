"""From documents to the graph: new documents are queued, chunked, extracted and committed.

Every step is keyed by content and ends in one transaction, so that whatever dies is simply done
again: a document that did not change is not queued, a passage that was extracted is not extracted
again, and a task is completed by the transaction that brings its document into the graph.
"""

from collections.abc import Callable, Iterable, Sequence, Set
from contextlib import suppress
from dataclasses import replace

from indexer.changeover import Changeover
from indexer.coverage import Coverage
from indexer.extraction.port import Extractor
from indexer.identity import identify
from indexer.ingestion.drafts import Drafts
from indexer.ingestion.extracting import usable
from indexer.ingestion.ingester import Ingester
from indexer.ingestion.processed import Processed
from indexer.ingestion.tiers import Tiers
from indexer.intake.choice import Choice
from indexer.intake.estimate import Estimate, Estimator
from indexer.intake.intake import Intake, portions
from indexer.intake.submission import Submission
from indexer.intake.terms import check_terms
from indexer.progress import ReportProgress, ignore_progress
from indexer.publisher import Publisher
from inference.embedder import Embedder
from kg.errors import AmmonError, CollectionNotFound
from kg.jobs import UNKNOWN, UNLIMITED, Budget, Job, Prices, Task
from kg.queue import JobQueue
from kg.records import Collection, CollectionSettings, SourceDocument
from kg.snapshot import Snapshots
from kg.store import Change, GraphStore

MAX_ATTEMPTS = 5
"""How often work on a task may end with the process before the task is given up."""


class Pipeline:
    """The steps of indexing, over a store and its queue. Safe for several threads."""

    def __init__(
        self,
        *,
        store: GraphStore,
        queue: JobQueue,
        extractor: Callable[[CollectionSettings], Extractor],
        embedder: Callable[[CollectionSettings], Embedder],
        folder: Callable[[Collection], Snapshots],
        published: Callable[[Collection], None] = lambda _: None,
        max_attempts: int = MAX_ATTEMPTS,
        first_tier: str = "",
        prices: Prices = UNKNOWN,
        retention_seconds: float = 0.0,
    ) -> None:
        """Compose; `extractor` and `embedder` are called often and should cache their results.

        first_tier: the extractor of drafts (see `indexer.ingestion.drafts`); '' makes none.
        published: is told of each snapshot that was published here.
        retention_seconds: for how long a job that is over is kept; 0 keeps all.
        """
        self.store = store
        self.queue = queue
        self._extractor = extractor
        self._embedder = embedder
        self.prices = prices
        self._retention_seconds = retention_seconds
        coverage = Coverage(store=store, extractor=extractor, embedder=embedder)
        self.changeover = Changeover(store=store, jobs=queue, coverage=coverage, prices=prices)
        self.publisher = Publisher(
            store=store,
            leases=queue,
            embedder=embedder,
            folder=folder,
            changeover=self.changeover,
            published=published,
        )
        self._choice = Choice(store=store, jobs=queue)
        self._intake = Intake(choice=self._choice, jobs=queue, prices=prices)
        drafts = Drafts(store=store, extractor=extractor, first=first_tier)
        self.tiers = Tiers(store=store, extractor=extractor, drafts=drafts)
        self._ingester = Ingester(
            store=store,
            queue=queue,
            extractor=extractor,
            embedder=embedder,
            max_attempts=max_attempts,
            drafts=drafts,
            prices=prices,
        )

    def check(self, settings: CollectionSettings) -> None:
        """See that documents could be indexed so, without asking any endpoint.

        Raises: DependencyMissing, WeightsInvalid, SettingsInvalid, InputError.
        """
        _ = self._extractor(settings).fingerprint
        _ = self._embedder(settings).model_id

    def submit(
        self,
        collection: str,
        documents: Iterable[SourceDocument],
        *,
        priority: int = 0,
        budget: Budget = UNLIMITED,
    ) -> Submission:
        """Queue, as one job, the documents that are not yet in the graph as they are.

        Documents with quarantined passages are queued again even if they did not change. Many are
        queued a portion at a time (see `indexer.intake`): what goes wrong with a later one leaves
        the earlier ones in the queue.
        Raises: CollectionNotFound; WaitsOtherwise if some wait already, and not within the budget
        or with the priority that is given.
        """
        return self._intake.take_in(collection, documents, priority=priority, budget=budget)

    def ingester(
        self,
        *,
        committed: Callable[[str, Change], None],
        max_attempts: int,
        stopping: Callable[[], bool],
    ) -> Ingester:
        """Its ingester, telling what came in, for workers who share the steps among them."""
        return replace(
            self._ingester, committed=committed, max_attempts=max_attempts, stopping=stopping
        )

    def estimate(
        self,
        collection: str,
        documents: Iterable[SourceDocument],
        settings: CollectionSettings | None = None,
        progress: ReportProgress = ignore_progress,
    ) -> Estimate:
        """What `submit` of these documents would take; nothing is done and no model is asked.

        `settings`: of a collection that is not there yet. Raises: CollectionNotFound.
        """
        made = settings or self.store.collection(collection).settings
        extractor = self._extractor(made)
        fingerprint = extractor.fingerprint

        def known(passage_ids: list[str]) -> Set[str]:
            if settings is not None:
                return set()
            return usable(self.store, collection, fingerprint, passage_ids).keys()

        estimator = Estimator(
            collection,
            made,
            is_known=known,
            extractor=extractor,
            embedder=self._embedder(made),
            prices=self.prices,
            progress=progress,
        )
        for portion, _ in portions(documents):
            if settings is None:
                chosen = self._choice.choose(collection, portion)
                estimator.add(chosen.documents, unchanged=len(chosen.unchanged))
            else:
                found = (identify(collection, one, settings) for one in portion)
                estimator.add({document.id: document for document in found}.values())
        return estimator.result()

    def process(
        self, tasks: Sequence[Task], stopping: Callable[[], bool] = lambda: False
    ) -> Processed:
        """See `Ingester.process`; `stopping`: whether work is to end at the next passage."""
        return replace(self._ingester, stopping=stopping).process(tasks)

    def postpone(self, tasks: Sequence[Task], error: AmmonError) -> Processed:
        """See `Ingester.postpone`."""
        return self._ingester.postpone(tasks, error)

    def delete(self, collection: str, document_ids: Iterable[str]) -> int:
        """Take documents out of the queue, and out of the graph in one transaction.

        Work in progress on them is cancelled first, so that it does not reach the graph later.
        Returns how many were deleted from the graph. Raises: CollectionNotFound.
        """
        chosen = set(document_ids)
        self.queue.withdraw(collection, sorted(chosen))
        gone = tuple(sorted(self.store.fingerprints(collection, chosen)))
        if gone:
            self.store.commit(collection, Change(delete=gone))
        return len(gone)

    def publish(self, collection: str, progress: ReportProgress = ignore_progress) -> str | None:
        """See `Publisher.publish`."""
        return self.publisher.publish(collection, progress)

    def rebuild(self, collection: str, progress: ReportProgress = ignore_progress) -> str | None:
        """Publish as `publish` does, but trust no byte of the present snapshot unread."""
        return self.publisher.publish(collection, progress, thorough=True)

    def reindex(
        self, collection: str, settings: CollectionSettings, *, budget: Budget = UNLIMITED
    ) -> Submission:
        """Re-index a collection: queue the documents that these settings change, or that were
        extracted by another version of the extractor.

        The graph of before stays, and answers, until all of them are extracted (see
        `indexer.changeover`). With another embedder alone nothing is queued: the next snapshot is
        made with it. Until then questions are answered from the snapshots of the one before.
        Raises: CollectionNotFound, what making the extractor raises; WaitsOtherwise if documents
        wait already, and not within the budget that is given.
        """
        check_terms(self.queue, collection, None, budget=budget)
        present = self._extractor(settings).fingerprint
        before = self.store.collection(collection)
        other_embedder = settings.embedder != before.settings.embedder
        if other_embedder:  # before the change, lest a crash leave the old embedder's links
            settings = replace(settings, former_embedder=self._answering(before))
            self.store.forget_synonyms(collection)
        anew = self._read_otherwise(collection, present)
        job, number, others = self.changeover.begin(collection, settings, anew=anew, budget=budget)
        if other_embedder:  # and after it, for links that were made meanwhile
            self.store.forget_synonyms(collection)
        return Submission(job=job, submitted=number, unchanged=others)

    def cancel(self, job_id: str) -> Job:
        """Cancel a job, and the re-indexing that it belongs to. Raises: JobNotFound."""
        job = self.queue.cancel(job_id)
        with suppress(CollectionNotFound):
            self.changeover.cancelled(job.collection, job_id)
        return job

    def left_behind(self, collection: str) -> int:
        """Number of passages whose extraction is another extractor's, as the present one could not
        read them (see `indexer.changeover`). Raises: CollectionNotFound."""
        present = self._extractor(self.store.collection(collection).settings).fingerprint
        return sum(1 for one in self.store.readings(collection) if one.extractor != present)

    def changing(self, collection: str) -> bool:
        """Whether the collection is being re-indexed. Raises: CollectionNotFound."""
        return self.store.collection(collection).settings.changing

    def tidy(self, collection: str) -> None:
        """Delete jobs that ended long ago, and extractions that are no longer needed.

        Raises: CollectionNotFound.
        """
        if self._retention_seconds:
            self.prune_jobs(collection, self._retention_seconds)
        if not self.changing(collection) and not self.queue.busy(collection):
            self.store.prune_extractions(collection)

    def prune_jobs(self, collection: str, seconds: float) -> int:
        """Delete jobs without activity for so long, failed ones too, except the job of a change in
        progress; return how many. Raises: CollectionNotFound."""
        settings = self.store.collection(collection).settings
        return self.queue.prune(
            seconds=seconds, collection=collection, keep=[settings.transition.job]
        )

    def _read_otherwise(self, collection: str, extractor: str) -> Set[str]:
        """Ids of the documents with a passage that another extractor read, or none could."""
        readings = self.store.readings(collection)
        passages = {one.passage_id for one in readings if one.failed or one.extractor != extractor}
        with self.store.peek(collection) as reader:
            places = reader.placements() if passages else iter(())
            return {place.document_id for place in places if place.passage_id in passages}

    def _answering(self, collection: Collection) -> str:
        """The embedder of the snapshots that questions are answered from now; '' without any."""
        if self.publisher.folder(collection).current() is None:
            return collection.settings.former_embedder
        return collection.settings.embedder
