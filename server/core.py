"""Everything that the command line and the HTTP API can do. All resources are owned and closed
here."""

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from threading import Event

from indexer.intake.estimate import Estimate
from indexer.intake.submission import Submission
from indexer.pipeline import Pipeline
from indexer.progress import ReportProgress, ignore_progress
from kg import ids
from kg.errors import (
    CollectionExists,
    CollectionNotFound,
    DocumentNotFound,
    SettingsConflict,
)
from kg.jobs import UNLIMITED, Budget, Job
from kg.queue import JobQueue
from kg.records import Collection, Document, SourceDocument
from kg.snapshot import Snapshot, Snapshots, current_revision
from kg.store import GraphStore
from retrieval.aids import search
from retrieval.checks import check_question, checked_questions
from retrieval.modes import check_mode
from retrieval.results import Retrieval
from retrieval.retriever import Retriever
from server.aids import AS_SET, AidCabinet, AidOptions
from server.budgets import budget_of, check_left
from server.empty_results import EmptyResults
from server.folders import Folders
from server.indexing_options import UNCHANGED, IndexingOptions, describe, resolve
from server.known_collections import KnownCollections
from server.retrievers import Retrievers
from server.settings import Settings
from server.store_outage import abandoned_on_outage
from server.workforce import Workforce

STOP_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Core:
    """One data folder, opened. Safe for several threads."""

    settings: Settings
    store: GraphStore
    queue: JobQueue
    pipeline: Pipeline
    worker: Workforce
    folders: Folders
    retrievers: Retrievers
    seen: KnownCollections
    aids: AidCabinet
    resources: ExitStack
    stopping: Event
    """Set when the process is to end: failed calls of models are then not tried again."""
    reopen: Callable[[], "Core"]
    """Opens the same data folder in a process forked from this one, after `close`. Loaded models
    and snapshots are reused."""

    def close(self) -> None:
        """Stop the worker and close all files. Work in progress is finished, unless that takes too
        long or the store is unavailable; another process then does it again."""
        self.folders.hasten()
        with abandoned_on_outage(self.store):
            self.retrievers.stop()
            self.seen.stop()
            self.worker.stop(STOP_SECONDS)
        self.resources.close()

    # Collections

    def create_collection(self, name: str, options: IndexingOptions = UNCHANGED) -> Collection:
        """Create a collection, after checking that documents can be indexed in it.

        Raises: NameInvalid, CollectionExists, SettingsInvalid, WeightsInvalid, DependencyMissing,
        SnapshotUnavailable.
        """
        settings = resolve(self.settings, options)
        self.pipeline.check(settings)
        self.folders.check()
        return self.store.create_collection(name, settings)

    def ensure_collection(self, name: str, options: IndexingOptions = UNCHANGED) -> Collection:
        """The collection of that name, created if there is none.

        Raises: as `create_collection`; SettingsConflict if it exists with other settings.
        """
        try:
            present = self.store.collection(name)
        except CollectionNotFound:
            try:
                return self.create_collection(name, options)
            except CollectionExists:  # another process created it meanwhile
                present = self.store.collection(name)
        settings = present.settings
        allowed = [one for one in (settings, settings.upcoming) if one is not None]
        if all(resolve(self.settings, options, one) != one for one in allowed):
            raise SettingsConflict(
                f"The collection {name!r} has other settings: {describe(settings)}. Change them "
                f"with: ammon reindex --collection {name!r} --extractor … (or use another "
                "collection)."
            )
        return present

    def delete_collection(self, name: str) -> None:
        """Remove a collection and its snapshots. Raises: CollectionNotFound, SnapshotUnavailable.

        Snapshots are removed first. If that fails or is interrupted, the collection still exists,
        and can be deleted or published again; and a new collection of the same name never answers
        from the old snapshots. If the store is unavailable from the start, the snapshots stay.
        """
        found: Collection | None = None
        with suppress(CollectionNotFound):  # a deletion may have been interrupted
            found = self.store.collection(name)
            self.folders.clear(found)
        self.store.delete_collection(name)
        self.seen.forget(name)
        if found is not None:
            self.folders.clear(found)  # again, for snapshots published meanwhile
        self.retrievers.forget(name)

    # Documents

    def submit(
        self,
        collection: str,
        documents: Iterable[SourceDocument],
        *,
        priority: int = 0,
        budget: Budget = UNLIMITED,
    ) -> Submission:
        """Queue what is new or changed, and wake the worker.

        Raises: CollectionNotFound; WaitsOtherwise (see `Pipeline.submit`).
        """
        submission = self.pipeline.submit(collection, documents, priority=priority, budget=budget)
        self.worker.wake()
        return submission

    def estimate(
        self,
        collection: str,
        documents: Iterable[SourceDocument],
        options: IndexingOptions = UNCHANGED,
        progress: ReportProgress = ignore_progress,
    ) -> Estimate:
        """Estimate the cost of ingesting these documents. Nothing is changed: if the collection
        does not exist, `options` says how it would be indexed.

        Raises: SettingsInvalid, WeightsInvalid, DependencyMissing.
        """
        try:
            self.store.collection(collection)
            settings = None
        except CollectionNotFound:
            settings = resolve(self.settings, options)
        return self.pipeline.estimate(collection, documents, settings, progress)

    def budget(self, text: str | None) -> Budget:
        """Parse a budget; None means no limit. Raises: SettingsInvalid."""
        return UNLIMITED if text is None else budget_of(text, self.pipeline.prices)

    def retry(self, job_id: str, budget: Budget | None = None) -> Job:
        """Put a job's failed documents back into the queue, with another budget if one is given.

        Raises: JobNotFound; BudgetSpent if it has spent more than that.
        """
        if budget is not None:
            check_left(budget, self.queue.job(job_id).progress)
        self.queue.retry_failed(job_id, budget=budget, prices=self.pipeline.prices)
        self.worker.wake()
        return self.queue.job(job_id)

    def cancel(self, job_id: str) -> Job:
        """Cancel the rest of a job, and the re-indexing of its collection if that is the job's
        purpose.

        Raises: JobNotFound.
        """
        job = self.pipeline.cancel(job_id)
        self.worker.wake()
        return job

    def documents(self, collection: str, *, after: str = "", limit: int = 100) -> list[Document]:
        """A page of documents in order of id, those after the id `after`. Raises:
        CollectionNotFound."""
        with self.store.peek(collection) as reader:
            return list(reader.documents(after=after, limit=limit))

    def delete_documents(self, collection: str, keys: Sequence[str]) -> list[str]:
        """Remove documents by id or source, from the graph and from the queue; return their ids.

        Nothing is removed unless all of them exist. Raises: CollectionNotFound, DocumentNotFound.
        """
        # The queue before the graph: a document that moves on meanwhile is then not missed.
        asked = {*keys, *(ids.document_id(collection, key) for key in keys)}
        waiting = self.queue.pending(collection, asked)
        known = {*waiting, *self.store.fingerprints(collection, asked)}
        found: dict[str, None] = {}
        for key in keys:
            document_id = key if key in known else ids.document_id(collection, key)
            if document_id not in known:
                raise DocumentNotFound(
                    f"There is no document with the id or source {key!r} in {collection!r}."
                )
            found[document_id] = None
        self.pipeline.delete(collection, found)
        self.worker.wake()
        return list(found)

    def reindex(
        self, collection: str, options: IndexingOptions, *, budget: Budget = UNLIMITED
    ) -> Submission:
        """Change how a collection is indexed, and queue the documents that this affects. If such a
        change is already in progress, options left out keep the values of that change.

        Raises: CollectionNotFound, SettingsInvalid, WeightsInvalid, DependencyMissing;
        WaitsOtherwise (see `Pipeline.reindex`).
        """
        present = self.store.collection(collection).settings
        settings = resolve(self.settings, options, present.upcoming or present)
        self.pipeline.check(settings)
        submission = self.pipeline.reindex(collection, settings, budget=budget)
        self.seen.forget(collection)
        self.worker.wake()
        return submission

    # Questions

    def query(
        self,
        collection: str,
        question: str,
        *,
        mode: str = "ammon",
        k: int = 10,
        receipts: bool = False,
        aids: AidOptions = AS_SET,
    ) -> Retrieval:
        """Answer from the current snapshot; if there is none yet, the result is empty, with a note.

        Raises: CollectionNotFound, InputError, SnapshotError, ModelError, DependencyMissing.
        """
        check_mode(mode)
        check_question(question, k)
        chosen = self.aids.get(aids)
        retriever = self.retriever(collection)
        if retriever is None:
            return self._empty_results.retrieval(collection, question, mode)
        found = search(retriever, question, chosen, mode=mode, k=k, receipts=receipts)
        return self._empty_results.explained(collection, found)

    def query_many(
        self, collection: str, questions: Iterable[str], *, mode: str = "ammon", k: int = 10
    ) -> tuple[Retrieval, ...]:
        """The same for many questions, which are embedded together. No aids are used.

        Raises: as `query`.
        """
        check_mode(mode)
        questions = checked_questions(questions, k)
        retriever = self.retriever(collection)
        if retriever is None:
            return tuple(
                self._empty_results.retrieval(collection, question, mode) for question in questions
            )
        found = retriever.search_many(questions, mode=mode, k=k)
        return tuple(self._empty_results.explained(collection, one) for one in found)

    @property
    def _empty_results(self) -> EmptyResults:
        return EmptyResults(
            settings=self.settings,
            store=self.store,
            queue=self.queue,
            worker=self.worker,
            folders=self.folders,
        )

    def retriever(self, collection: str) -> Retriever | None:
        """The retriever over the current snapshot; None if there is no snapshot.

        Raises: CollectionNotFound, SnapshotError; StoreUnavailable if the store is unavailable and
        nothing is known of the collection (see `server.known_collections`).
        """
        return self.retrievers.get(self.seen.get(collection))

    def why_empty(self, collection: str) -> str:
        """Why nothing is found in a collection, and what to do. Raises: CollectionNotFound."""
        return self._empty_results.why(collection)

    def snapshot(self, collection: str) -> Snapshot | None:
        """The snapshot that questions are answered from. Raises: as `retriever`."""
        retriever = self.retriever(collection)
        return None if retriever is None else retriever.snapshot

    # Publishing

    def rebuild(self, collection: str, progress: ReportProgress = ignore_progress) -> str | None:
        """Publish a snapshot if the current one is damaged or of an older revision; return its
        name.

        Raises: CollectionNotFound, ModelError, StoreError.
        """
        return self.pipeline.rebuild(collection, progress)

    def snapshot_folder(self, collection: str) -> Snapshots:
        """Where the collection's snapshots are. Raises: CollectionNotFound."""
        return self.folders.snapshots(self.store.collection(collection))

    def published_revision(self, collection: Collection) -> int:
        """The revision of the current snapshot, from its name; -1 if there is none."""
        return current_revision(self.folders.snapshots(collection))
