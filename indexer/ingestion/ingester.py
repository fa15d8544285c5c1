"""Tasks into the graph: chunk, extract, commit.

A batch of documents is one transaction. What one document does wrong must never cost another: a
batch that fails is tried again document by document. A model that cannot be reached costs nobody
an answer that is there already: documents that are whole come in, the others wait.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from indexer.extraction.port import Extractor
from indexer.ingestion.drafts import Drafts
from indexer.ingestion.extracting import failures_of, usable
from indexer.ingestion.fates import Fates
from indexer.ingestion.processed import Gathered, Processed
from indexer.ingestion.reading import Reading
from indexer.ingestion.splitting import CalledOff
from indexer.ingestion.work import Work, batches, graph_of, reads_ahead, used_by
from inference.embedder import Embedder
from kg.errors import (
    AmmonError,
    CacheUnavailable,
    CollectionNotFound,
    DependencyMissing,
    DocumentUnreadable,
    ModelUnavailable,
    SettingsInvalid,
    StoreOverloaded,
    StoreUnavailable,
    WeightsInvalid,
)
from kg.jobs import UNKNOWN, Prices, Task
from kg.queue import JobQueue
from kg.records import CollectionSettings, Extraction, Passage
from kg.store import Change, GraphStore

SETUP_ERRORS = (CacheUnavailable, DependencyMissing, SettingsInvalid, WeightsInvalid)
"""What no document can help: somebody has to put the installation, its settings or its disk right.
"""

_log = structlog.get_logger(__name__)


def _go_on() -> bool:
    """Work is not to end."""
    return False


def _tell_nobody(_collection: str, _change: Change) -> None:
    """Nobody needs to know what came in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ingester:
    """Brings the documents of leased tasks into the graph. Safe for several threads."""

    store: GraphStore
    queue: JobQueue
    extractor: Callable[[CollectionSettings], Extractor]
    embedder: Callable[[CollectionSettings], Embedder]
    max_attempts: int
    drafts: Drafts
    prices: Prices = UNKNOWN
    committed: Callable[[str, Change], None] = _tell_nobody
    """Told what came into which collection, after it did."""
    stopping: Callable[[], bool] = _go_on
    """Whether work is to end at the next passage. The tasks then go back to the queue."""

    @property
    def _reading(self) -> Reading:
        return Reading(
            store=self.store, queue=self.queue, prices=self.prices, stopping=self.stopping
        )

    @property
    def _fates(self) -> Fates:
        return Fates(store=self.store, queue=self.queue)

    def process(self, tasks: Sequence[Task]) -> Processed:
        """Work on all tasks; note what failed, and why.

        Raises: StoreUnavailable and `SETUP_ERRORS`; nothing that a document brings about.
        """
        return sum((self._attempt(batch, self._ingest) for batch in batches(tasks)), Processed())

    def gather(self, tasks: Sequence[Task]) -> Gathered:
        """Bring in those whose passages all have saved extractions; tell what the others lack.

        No model is asked. Where drafts are wanted, those that have none come in as such and go back
        to the queue. Raises: as `process`.
        """
        missing: dict[str, tuple[Passage, ...]] = {}

        def gather(batch: Sequence[Task]) -> Processed:
            settings = self._settings(batch)
            if settings is None:
                return self._fates.dismiss(batch)
            work = self._chunk(batch, settings)
            work.found.update(self._saved(batch, self.extractor(settings).fingerprint, work))
            self.queue.note_progress(work.progress(), anew=True)
            result = self._commit(batch, work)
            if self._comes_in_as_draft(batch, settings):
                return result + self._draft(batch, settings, work)
            missing.update(work.missing())
            return result

        results = [self._attempt(batch, gather) for batch in batches(tasks)]
        return Gathered(result=sum(results, Processed()), missing=missing)

    def postpone(self, tasks: Sequence[Task], error: AmmonError) -> Processed:
        """Put tasks back unharmed: they are not to blame for the error, however often it comes."""
        return self._fates.postpone(tasks, error)

    def _attempt(
        self, batch: Sequence[Task], step: Callable[[Sequence[Task]], Processed]
    ) -> Processed:
        try:
            return step(batch)
        except StoreOverloaded as error:
            if len(batch) == 1:  # put back for ever, it would keep others from being begun
                return self._fates.fail_unexpectedly(batch[0], str(error))
            return sum((self._attempt([task], step) for task in batch), Processed())
        except (StoreUnavailable, *SETUP_ERRORS):
            raise
        except ModelUnavailable as error:
            return self._fates.postpone(batch, error)
        except CollectionNotFound:
            return self._fates.drop(batch)
        except Exception as error:  # the outermost boundary of a document: see above
            if len(batch) > 1:
                return sum((self._attempt([task], step) for task in batch), Processed())
            if isinstance(error, AmmonError):
                return self._fates.fail(batch[0], str(error))
            _log.exception("unexpected error", source=batch[0].source)
            return self._fates.fail_unexpectedly(batch[0], f"{type(error).__name__}: {error}")

    def _ingest(self, batch: Sequence[Task]) -> Processed:
        collection = batch[0].collection
        settings = self._settings(batch)
        if settings is None:
            return self._fates.dismiss(batch)
        extractor = self.extractor(settings)
        work = self._chunk(batch, settings)
        work.found.update(usable(self.store, collection, extractor.fingerprint, [*work.passages]))
        if self._comes_in_as_draft(batch, settings):
            self.queue.note_progress(work.progress(), anew=True)
            return self._commit(batch, work) + self._draft(batch, settings, work)
        trouble = self._reading.read(batch, extractor, work)
        result = self._commit(batch, work)
        missing = work.missing()
        unfinished = [task for task in batch if task.id in missing and task.id not in work.failures]
        if trouble is not None:
            return result + self._fates.postpone(unfinished, trouble)
        if self.stopping():
            return result + self._fates.give_back(batch)
        # Of what was called off, nobody needs to be told.
        held = self._reading.still_held(unfinished)
        left_out = [task for task in unfinished if task.id in held]
        return sum(
            (
                self._fates.fail(task, "The extractor returned no result for some passages.")
                for task in left_out
            ),
            result,
        )

    def _settings(self, batch: Sequence[Task]) -> CollectionSettings | None:
        """As the batch's documents are wanted; None if they are not wanted any more."""
        settings = self.store.collection(batch[0].collection).settings
        return settings.upcoming if reads_ahead(batch[0]) else settings

    def _comes_in_as_draft(self, batch: Sequence[Task], settings: CollectionSettings) -> bool:
        is_new = not batch[0].drafted and not reads_ahead(batch[0])
        return is_new and self.drafts.wanted(settings)

    def _draft(self, batch: Sequence[Task], settings: CollectionSettings, work: Work) -> Processed:
        """Bring in as drafts what cannot come in whole, and give the tasks back."""
        missing = work.missing()
        graphs = {key: graph for key, graph in work.graphs.items() if key in missing}
        if not graphs:
            return Processed()
        drafted = [task for task in batch if task.id in graphs]
        wanted = self._reading.wanted(drafted)
        try:
            change = self.drafts.bring_in(batch[0].collection, settings, work, graphs, wanted)
        except CalledOff:
            return self._fates.give_back(drafted)
        self.committed(batch[0].collection, change)
        self._fates.give_back(drafted)
        return Processed(drafted=len(graphs))

    def _commit(self, batch: Sequence[Task], work: Work) -> Processed:
        """One transaction; failures are noted after it, so that a repetition notes them once."""
        ready = work.whole()
        # Of one document's versions the last counts, as its task is the newest.
        put = {graph.document.id: graph for graph in ready.values()}
        used = used_by(put.values(), work.found)
        if ready:
            change = Change(
                put=tuple(put.values()), extractions=tuple(used), completed=tuple(ready)
            )
            if reads_ahead(batch[0]):
                self._save(batch[0].collection, used)
                self.store.commit(batch[0].collection, Change(completed=tuple(ready)))
            else:
                self.store.commit(batch[0].collection, change)
            self.committed(batch[0].collection, change)
        result = Processed(
            done=len(ready),
            quarantined=sum(1 for extraction in used if extraction.failure),
        )
        for task in batch:
            if task.id in work.failures:
                result += self._fates.fail(task, work.failures[task.id])
        return result

    def _save(self, collection: str, extractions: Sequence[Extraction]) -> None:
        """Save what is not saved yet."""
        ids: dict[str, list[str]] = {}
        for one in extractions:
            ids.setdefault(one.extractor, []).append(one.passage_id)
        for extractor, passage_ids in ids.items():
            known = self.store.saved_extractions(collection, extractor, passage_ids)
            new = [x for x in extractions if x.extractor == extractor]
            new = [x for x in new if known.get(x.passage_id) != x]
            self.store.save_extractions(collection, new)

    def _chunk(self, batch: Sequence[Task], settings: CollectionSettings) -> Work:
        work = Work()
        embedder = self.embedder(settings)
        for task in batch:
            if task.document is None:
                work.failures[task.id] = "The task's document is missing. Ingest it again."
                continue
            if task.attempts > self.max_attempts:
                work.failures[task.id] = (
                    f"The process died each of the {self.max_attempts} times that it was processed."
                )
                continue
            wanted = self._reading.wanted([task])
            try:
                # Settings may have changed since the document was handed in.
                graph = graph_of(task.collection, task.document, settings, embedder, wanted)
            except CalledOff:
                continue
            except DocumentUnreadable as error:
                work.failures[task.id] = str(error)
                continue
            work.add(task.id, graph)
        return work

    def _saved(
        self, batch: Sequence[Task], fingerprint: str, work: Work
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
