"""Tasks into the graph: chunk, extract, commit.

A batch of documents is one transaction. What one document does wrong must never cost another: a
batch that fails is tried again document by document. A model that cannot be reached costs nobody
an answer that is there already: documents that are whole come in, the others wait.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from indexer.chunking import chunk
from indexer.extracting import extracted, failures_of, usable
from indexer.extraction.port import Extractor
from indexer.identity import identify
from inference.embedder import Embedder
from kg.errors import (
    AmmonError,
    DependencyMissing,
    DocumentUnreadable,
    ModelUnavailable,
    SettingsInvalid,
    StoreUnavailable,
    WeightsInvalid,
)
from kg.jobs import JobQueue, Task
from kg.records import CollectionSettings, Extraction, Passage
from kg.store import Change, DocumentGraph, GraphStore

BATCH_CHARS = 2_000_000
"""How much text one transaction takes in, unless a single document is longer."""

SETUP_ERRORS = (DependencyMissing, SettingsInvalid, WeightsInvalid)
"""What no document can help: somebody has to put the installation or its settings right."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Processed:
    """What became of tasks that were worked on."""

    done: int = 0
    failed: int = 0
    retried: int = 0
    """Tasks that are back in the queue because a model cannot be reached at present."""
    quarantined: int = 0
    """Passages that came in without a graph because their extraction failed."""
    trouble: str = ""
    """Why a model cannot be reached; '' if all can."""
    permanent: bool = False
    """Whether the trouble is such that no waiting mends it."""

    def __add__(self, other: "Processed") -> "Processed":
        return Processed(
            done=self.done + other.done,
            failed=self.failed + other.failed,
            retried=self.retried + other.retried,
            quarantined=self.quarantined + other.quarantined,
            trouble=other.trouble or self.trouble,
            permanent=self.permanent or other.permanent,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """What became of tasks whose passages others extract."""

    result: Processed
    missing: Mapping[str, tuple[Passage, ...]]
    """Task id -> its document's passages that have no saved extraction."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ingester:
    """Brings the documents of leased tasks into the graph. Safe for several threads."""

    store: GraphStore
    queue: JobQueue
    extractor: Callable[[CollectionSettings], Extractor]
    embedder: Callable[[CollectionSettings], Embedder]
    max_attempts: int

    def process(self, tasks: Sequence[Task]) -> Processed:
        """Work on all tasks; note what failed, and why.

        Raises: StoreUnavailable and `SETUP_ERRORS`; nothing that a document brings about.
        """
        return sum((self._attempt(batch, self._ingest) for batch in _batches(tasks)), Processed())

    def gather(self, tasks: Sequence[Task]) -> Gathered:
        """Bring in those whose passages all have saved extractions; tell what the others lack.

        No model is asked. Raises: as `process`.
        """
        missing: dict[str, tuple[Passage, ...]] = {}

        def gather(batch: Sequence[Task]) -> Processed:
            settings = self.store.collection(batch[0].collection).settings
            work = self._chunk(batch, settings)
            work.found.update(self._saved(batch, self.extractor(settings).fingerprint, work))
            result = self._commit(batch, work)
            missing.update(work.missing())
            return result

        results = [self._attempt(batch, gather) for batch in _batches(tasks)]
        return Gathered(result=sum(results, Processed()), missing=missing)

    def postpone(self, tasks: Sequence[Task], error: AmmonError) -> Processed:
        """Put tasks back unharmed: they are not to blame for the error, however often it comes."""
        for worker in {task.worker for task in tasks}:
            held = [task.id for task in tasks if task.worker == worker]
            self.queue.release(held, worker=worker, reason=str(error))
        return Processed(
            retried=len(tasks),
            trouble=str(error),
            permanent=isinstance(error, ModelUnavailable) and error.permanent,
        )

    def _attempt(
        self, batch: Sequence[Task], step: Callable[[Sequence[Task]], Processed]
    ) -> Processed:
        try:
            return step(batch)
        except (StoreUnavailable, *SETUP_ERRORS):
            raise
        except ModelUnavailable as error:
            return self.postpone(batch, error)
        except Exception as error:  # the outermost boundary of a document: see above
            if len(batch) > 1:
                return sum((self._attempt([task], step) for task in batch), Processed())
            if isinstance(error, AmmonError):
                reason = str(error)
            else:
                reason = f"{type(error).__name__}: {error}"
                _log.exception("unexpected error", source=batch[0].source)
            return self._note(batch[0], reason)

    def _ingest(self, batch: Sequence[Task]) -> Processed:
        collection = batch[0].collection
        settings = self.store.collection(collection).settings
        work = self._chunk(batch, settings)
        trouble = self._extract(collection, self.extractor(settings), work)
        result = self._commit(batch, work)
        missing = work.missing()
        unfinished = [task for task in batch if task.id in missing]
        if trouble is not None:
            return result + self.postpone(unfinished, trouble)
        left_out = (self._note(task, "The extractor left passages out.") for task in unfinished)
        return sum(left_out, result)

    def _commit(self, batch: Sequence[Task], work: "_Work") -> Processed:
        """One transaction; failures are noted after it, so that a repetition notes them once."""
        ready = {task: graph for task, graph in work.graphs.items() if _whole(graph, work.found)}
        # Of one document's versions the last counts, as its task is the newest.
        put = {graph.document.id: graph for graph in ready.values()}
        used = [work.found[key] for key in _passage_ids(put.values())]
        if ready:
            change = Change(
                put=tuple(put.values()), extractions=tuple(used), completed=tuple(ready)
            )
            self.store.commit(batch[0].collection, change)
        result = Processed(
            done=len(ready),
            quarantined=sum(1 for extraction in used if extraction.failure),
        )
        for task in batch:
            if task.id in work.failures:
                result += self._note(task, work.failures[task.id])
        return result

    def _chunk(self, batch: Sequence[Task], settings: CollectionSettings) -> "_Work":
        work = _Work()
        embedder = self.embedder(settings)
        longest = min(settings.max_tokens, embedder.max_tokens)  # 0: documents stay whole
        for task in batch:
            if task.document is None:
                work.failures[task.id] = "The task's document is gone. Hand it in again."
                continue
            if task.attempts > self.max_attempts:
                work.failures[task.id] = (
                    f"Work on it began {self.max_attempts} times, and each time the process died."
                )
                continue
            # Settings may have changed since the document was handed in.
            document = identify(task.collection, task.document, settings)
            try:
                graph = chunk(
                    task.collection,
                    document,
                    count_tokens=embedder.count_tokens,
                    max_tokens=longest,
                    overlap_tokens=settings.overlap_tokens,
                )
            except DocumentUnreadable as error:
                work.failures[task.id] = str(error)
                continue
            work.graphs[task.id] = graph
            work.passages.update((passage.id, passage) for passage in graph.passages)
        return work

    def _saved(
        self, batch: Sequence[Task], fingerprint: str, work: "_Work"
    ) -> Mapping[str, Extraction]:
        """What was saved for these passages; failures only if they are of these very tasks."""
        collection = batch[0].collection
        found = dict(usable(self.store, collection, fingerprint, list(work.passages)))
        for task in batch:
            graph = work.graphs.get(task.id)
            lacking = [p.id for p in graph.passages if p.id not in found] if graph else []
            if lacking:
                found |= failures_of(self.store, collection, fingerprint, task.id, lacking)
        return found

    def _extract(
        self, collection: str, extractor: Extractor, work: "_Work"
    ) -> ModelUnavailable | None:
        """Find the extractions, as far as they can be had; return why not of all."""
        work.found.update(
            usable(self.store, collection, extractor.fingerprint, list(work.passages))
        )
        lacking = [passage for key, passage in work.passages.items() if key not in work.found]
        try:
            for extraction in extracted(self.store, collection, extractor, lacking):
                work.found[extraction.passage_id] = extraction
        except ModelUnavailable as error:
            return error
        return None

    def _note(self, task: Task, reason: str) -> Processed:
        self.queue.fail(task.id, reason, worker=task.worker, retry=False)
        _log.warning(
            "document failed",
            collection=task.collection,
            source=task.source,
            attempts=task.attempts,
            reason=reason,
        )
        return Processed(failed=1)


@dataclass(kw_only=True, slots=True)
class _Work:
    """A batch on its way."""

    graphs: dict[str, DocumentGraph] = field(default_factory=dict)
    """Task id -> what its document is made of."""
    failures: dict[str, str] = field(default_factory=dict)
    """Task id -> why there is no such thing."""
    passages: dict[str, Passage] = field(default_factory=dict)
    found: dict[str, Extraction] = field(default_factory=dict)
    """Passage id -> what is known of it."""

    def missing(self) -> dict[str, tuple[Passage, ...]]:
        """Task id -> the passages without extraction, of documents that have such."""
        lacking = {
            task: tuple(passage for passage in graph.passages if passage.id not in self.found)
            for task, graph in self.graphs.items()
        }
        return {task: passages for task, passages in lacking.items() if passages}


def _whole(graph: DocumentGraph, found: Mapping[str, Extraction]) -> bool:
    return all(passage.id in found for passage in graph.passages)


def _passage_ids(graphs: Iterable[DocumentGraph]) -> list[str]:
    return sorted({passage.id for graph in graphs for passage in graph.passages})


def _batches(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Tasks of one collection each, of limited size, in their order."""
    by_collection: dict[str, list[Task]] = {}
    for task in tasks:
        by_collection.setdefault(task.collection, []).append(task)
    for of_collection in by_collection.values():
        batch: list[Task] = []
        chars = 0
        for task in of_collection:
            size = len(task.document.text) if task.document else 0
            if batch and chars + size > BATCH_CHARS:
                yield batch
                batch, chars = [], 0
            batch.append(task)
            chars += size
        yield batch
