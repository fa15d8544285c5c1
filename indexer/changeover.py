"""Another extractor, or other passages: the graph of before answers until the new one is whole.

While a collection changes over, its settings stay as they are, with what is to come beside them
(`CollectionSettings.upcoming`). Documents that come in, change or go meanwhile do so as ever. The
tasks of a further job, which are known by their fingerprints (`identity.identify_ahead`), have all
documents extracted as they are wanted next; what is found is only saved. When no document lacks
anything, the settings change, and documents are put anew from what was saved, some at a time. No
snapshot is made meanwhile: the next one has the new graph and nothing of the old one.

A passage that the new extractor failed to read keeps the extraction that it has. A document that
failed altogether, as when its job's budget is spent, keeps all others waiting until it is tried
again or deleted. What came in meanwhile is extracted ahead too, in jobs that follow; but where more
keeps coming, the last follow the change one by one.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace

import structlog

from indexer.extraction.port import Extractor
from indexer.identity import identify, identify_ahead, is_ahead
from indexer.work import graph_of
from inference.embedder import Embedder
from kg.errors import JobNotFound
from kg.jobs import UNLIMITED, Budget, Job, JobQueue, Progress, TaskState
from kg.records import Collection, CollectionSettings, Document, Extraction
from kg.store import Change, DocumentGraph, GraphStore

ROUNDS = 3
"""Jobs for what came in meanwhile, before the last of it follows the change."""
PAGE = 64
"""Documents that are looked at, or put anew, at once."""
_ALL = 1_000_000_000

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Changeover:
    """Changes collections over. Safe for several threads, but for `advance`."""

    store: GraphStore
    queue: JobQueue
    extractor: Callable[[CollectionSettings], Extractor]
    embedder: Callable[[CollectionSettings], Embedder]
    _rounds: dict[str, int] = field(default_factory=dict)
    _held_up: dict[str, tuple[Collection, Set[str]]] = field(default_factory=dict)
    """Collections that were looked at in vain, as they were then, with the documents that failed.
    """

    def begin(
        self, collection: str, wanted: CollectionSettings, *, anew: Set[str], budget: Budget
    ) -> tuple[Job | None, int]:
        """Queue the documents that are not in the graph as they are wanted, and those `anew` in any
        case; return their job, None if there are none, and how many others there are.

        Without any the settings change at once. A change that is under way ends; if it is the same
        one, it goes on. What waits already is left alone, and looked at before the change.
        """
        settings = self.store.collection(collection).settings
        goes_on = settings.upcoming is not None and _indexes_as(settings.upcoming, wanted)
        if settings.next_job and not goes_on:
            self._cancel(settings.next_job)
        pending = self.queue.pending(collection)
        number, changing, chosen = 0, False, []
        for document in self._documents(collection):
            number += 1
            there = identify(collection, document, wanted).fingerprint == document.fingerprint
            if there and document.id not in anew:
                continue
            changing = True
            ahead = identify_ahead(collection, document, wanted)
            waits = pending.get(document.id, "")
            if not waits or (is_ahead(waits) and waits != ahead.fingerprint):
                chosen.append(ahead)
        if not changing:
            self.store.update_settings(
                collection, replace(wanted.settled, swapping=settings.swapping)
            )
            return None, number
        under_way = replace(
            settings,
            embedder=wanted.embedder,
            former_embedder=wanted.former_embedder,
            next_extractor=wanted.extractor,
            next_max_tokens=wanted.max_tokens,
            next_overlap_tokens=wanted.overlap_tokens,
            next_job=settings.next_job if goes_on else "",
        )
        self.store.update_settings(collection, under_way)
        job = self._enqueue(collection, chosen, priority=0, budget=budget)
        if job is not None:
            self.store.update_settings(collection, replace(under_way, next_job=job.id))
        return job, number - len(chosen)

    def cancelled(self, collection: str, job_id: str) -> None:
        """A job was cancelled: if it is the one that extracts what is to come, nothing is to come
        any more. Raises: CollectionNotFound."""
        settings = self.store.collection(collection).settings
        if settings.upcoming is not None and settings.next_job == job_id:
            stays = replace(settings.settled, swapping=settings.swapping)
            self.store.update_settings(collection, stays)
            _log.info("the extractor stays as it is", collection=collection, job=job_id)

    def is_due(self, collection: Collection) -> bool:
        """Whether `advance` has something to do. Looks at no contents."""
        settings = collection.settings
        if settings.swapping:
            return True
        if settings.upcoming is None or self._is_extracting(collection.name):
            return False
        seen = collection, self._failed(collection.name)
        return self._held_up.get(collection.name) != seen

    def is_held_up(self, collection: Collection) -> bool:
        """Whether documents that failed keep the others waiting, as far as one sees from afar."""
        settings = collection.settings
        if settings.swapping or settings.upcoming is None or self._is_extracting(collection.name):
            return False
        return not self._failed(collection.name).isdisjoint(
            self.store.fingerprints(collection.name)
        )

    def advance(self, collection: str) -> None:
        """Put the new graph in the old one's place if all of it is there; have extracted what is
        lacking. To be called by the one who publishes. Raises: CollectionNotFound, StoreError."""
        present = self.store.collection(collection)
        if not self.is_due(present):
            return
        if not present.settings.swapping:
            wanted = present.settings.upcoming
            if wanted is None or not self._is_whole(present, wanted):
                return
            job = present.settings.next_job
            self.store.update_settings(collection, replace(wanted, swapping=True, next_job=job))
        self._swap(collection, self.store.collection(collection).settings.settled)
        after = self.store.collection(collection)
        self.store.update_settings(
            collection, replace(after.settings, swapping=False, swapped_at=after.revision)
        )
        self._rounds.pop(collection, None)

    def _is_whole(self, present: Collection, wanted: CollectionSettings) -> bool:
        """Whether every document was extracted ahead; what was not is queued, if that may help."""
        name = present.name
        pending, failed = self.queue.pending(name), self._failed(name)
        lacking = [
            document
            for page in self._pages(name)
            for document, graph, found in self._looked_up(name, page, wanted)
            if document.id not in pending and any(p.id not in found for p in graph.passages)
        ]
        hopeless = [document for document in lacking if document.id in failed]
        if hopeless:
            self._held_up[name] = present, failed
            _log.warning(
                "the graph stays as it is: documents failed",
                collection=name,
                job=present.settings.next_job,
                documents=len(hopeless),
                remedy=f"ammon jobs retry {present.settings.next_job}, or cancel it",
            )
            return False
        rounds = self._rounds.get(name, 0)
        if not lacking or rounds == ROUNDS:
            return True
        self._rounds[name] = rounds + 1
        budget, priority = self._terms(present.settings.next_job)
        ahead = [identify_ahead(name, document, wanted) for document in lacking]
        self._enqueue(name, ahead, priority=priority, budget=budget)
        return False

    def _swap(self, collection: str, settings: CollectionSettings) -> None:
        """Put all documents as they are wanted; queue those that lack something, as any others."""
        readable: Set[str] | None = None
        late: list[Document] = []
        for page in self._pages(collection):
            put: list[DocumentGraph] = []
            extractions: dict[str, Extraction] = {}
            for _, graph, found in self._looked_up(collection, page, settings):
                if any(passage.id not in found for passage in graph.passages):
                    late.append(graph.document)
                    continue
                put.append(graph)
                extractions.update(found)
            if any(one.failure for one in extractions.values()):
                readable = readable or self._readable(collection)
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
        pending = self.queue.pending(collection)
        rest = [document for document in late if document.id not in pending]
        if rest:
            self.queue.enqueue(collection, rest)
        _log.info("another graph took the old one's place", collection=collection, late=len(late))

    def _looked_up(
        self, collection: str, page: Sequence[Document], settings: CollectionSettings
    ) -> Iterator[tuple[Document, DocumentGraph, Mapping[str, Extraction]]]:
        """Each document, as it would be indexed so, and what is known of its passages."""
        embedder, fingerprint = self.embedder(settings), self.extractor(settings).fingerprint
        graphs = [graph_of(collection, document, settings, embedder) for document in page]
        ids = list({passage.id for graph in graphs for passage in graph.passages})
        found = self.store.saved_extractions(collection, fingerprint, ids)
        for document, graph in zip(page, graphs, strict=True):
            own = {one.id: found[one.id] for one in graph.passages if one.id in found}
            yield document, graph, own

    def _pages(self, collection: str) -> Iterator[Sequence[Document]]:
        after = ""
        while True:
            with self.store.peek(collection) as reader:
                page = list(reader.documents(after=after, limit=PAGE))
            if not page:
                return
            after = page[-1].id
            yield page

    def _documents(self, collection: str) -> Iterator[Document]:
        return (document for page in self._pages(collection) for document in page)

    def _readable(self, collection: str) -> Set[str]:
        """Passages of the graph whose extraction is no failure."""
        with self.store.read(collection) as reader:
            return {one.passage_id for one in reader.extractions() if not one.failure}

    def _is_extracting(self, collection: str) -> bool:
        return any(map(is_ahead, self.queue.pending(collection).values()))

    def _failed(self, collection: str) -> Set[str]:
        """Documents of which a task failed."""
        return frozenset(
            task.document_id
            for job in self.queue.jobs(collection, limit=_ALL)
            if job.counts.get(TaskState.FAILED)
            for task in self.queue.tasks(job.id, state=TaskState.FAILED, limit=_ALL)
        )

    def _enqueue(
        self, collection: str, documents: Sequence[Document], *, priority: int, budget: Budget
    ) -> Job | None:
        """Queue documents that are in the graph: new ones come before them. For a start, they are
        taken to have as many passages as they have there."""
        if not documents:
            return None
        job = self.queue.enqueue(collection, documents, priority=priority, budget=budget)
        tasks = self.queue.tasks(job.id, limit=_ALL)
        self.store.commit(collection, Change(drafted=tuple(task.id for task in tasks)))
        with self.store.peek(collection) as reader:
            passages = Counter(place.document_id for place in reader.placements())
        expected = {task.id: Progress(passages=passages[task.document_id]) for task in tasks}
        self.queue.note_progress(expected, anew=True)
        return self.queue.job(job.id)

    def _terms(self, job_id: str) -> tuple[Budget, int]:
        """What is left of a job's budget, and its priority."""
        try:
            job = self.queue.job(job_id)
        except JobNotFound:
            return UNLIMITED, 0
        spent, budget = job.progress, job.budget
        tokens, cost = budget.tokens, budget.cost
        if tokens is not None:
            tokens = max(tokens - spent.input_tokens - spent.output_tokens, 0)
        if cost is not None:
            cost = max(cost - spent.cost, 0.0)
        return Budget(tokens=tokens, cost=cost), job.priority

    def _cancel(self, job_id: str) -> None:
        try:
            self.queue.cancel(job_id)
        except JobNotFound:
            return  # it went with the collection that it was of


def _indexes_as(one: CollectionSettings, other: CollectionSettings) -> bool:
    """Whether documents become the same by both."""
    return (one.extractor, one.max_tokens, one.overlap_tokens) == (
        other.extractor,
        other.max_tokens,
        other.overlap_tokens,
    )
