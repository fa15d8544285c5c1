"""The step that waits for models: a batch of passages, each extraction saved as it comes.

Nothing is asked for twice, and what ends workers is given up (see `holding`).
"""

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import partial

import structlog

from indexer.extraction.notes import Payer
from indexer.extraction.port import Extractor
from indexer.extraction.suspects import Unanswered
from indexer.flow.batches import PASSAGES, Batch
from indexer.flow.budgeting import Budgeting
from indexer.flow.holding import DEATHS, Holding, given_up
from indexer.flow.pauses import Pauses
from indexer.flow.routing import UrgentQueue
from indexer.flow.tools import Tools
from indexer.flow.undertaking import Undertaking
from indexer.flow.unforeseen import note_unforeseen
from indexer.ingestion.extracting import counts, extracted, failures_of, save_failure, usable
from indexer.ingestion.ingester import SETUP_ERRORS
from indexer.retries import with_retries
from indexer.spending import progress_of
from kg.errors import CollectionNotFound, ModelUnavailable, StoreUnavailable
from kg.jobs import UNKNOWN, Prices, Progress
from kg.records import CollectionSettings, Extraction, Passage

AT_ONCE = 16
"""Passages that are handed to an extractor that costs nothing but time, which may read all that it
is handed before it tells of any: a worker that is to end waits for no more."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Extracted:
    """What became of a batch."""

    whole: Sequence[str] = ()
    """Tasks whose documents may be whole now."""
    rest: Batch | None = None
    """What was not begun, for want of time or as something urgent waited: for another message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extracting:
    """Takes the step `extract`. Safe for several threads."""

    tools: Tools
    extractor: Callable[[CollectionSettings], Extractor]
    budgeting: Budgeting
    pauses: Pauses
    urgent_queue: UrgentQueue
    _unknown: set[str] = field(default_factory=set)
    """Collections that messages named and the store does not have."""

    @property
    def _holding(self) -> Holding:
        return Holding(tools=self.tools)

    def extract(self, batch: Batch, *, urgent: bool = False) -> Extracted:
        """Extract what is not saved; return the tasks whose documents may be whole now, and what
        is left to another message: there was no time, or something urgent was waiting.

        What nobody wants any more (cancelled, done, taken by another worker) is left alone. What
        goes wrong is written on the tasks. Raises: StoreUnavailable.
        """
        queue, times = self.tools.queue, self.tools.times
        held = queue.extend(list(batch.own), worker=batch.worker, seconds=times.lease)
        if not held:
            self._look_for(batch.collection)
            return Extracted()
        paused = self.pauses.known()
        if batch.collection in paused:
            reason = paused[batch.collection]
            queue.release(list(held), worker=batch.worker, reason=reason)
            return Extracted()
        work = Undertaking(batch, self.tools, held, urgent=urgent, urgent_waits=self._urgent_waits)
        if work.gives_way:
            return Extracted(rest=batch)
        extractor: Extractor | None = None
        try:
            present = self.tools.store.collection(batch.collection).settings
            settings = present.upcoming if batch.ahead else present
            if settings is None:  # nobody waits for it any more
                return Extracted(whole=list(held))
            extractor = self.extractor(settings)
            self._extract(work, extractor)
        except CollectionNotFound:
            return Extracted()
        except (ModelUnavailable, OSError, *SETUP_ERRORS) as error:
            if self.pauses.begin(batch.collection, "extract", error):
                return Extracted()
            whole = self._whole(work, extractor.fingerprint) if extractor else []
            self._put_back(work, frozenset(held).difference(whole), error)
            return Extracted(whole=whole)
        except StoreUnavailable:  # no document's fault
            raise
        except Exception as error:  # the outermost boundary of a batch
            return self._one_by_one(work, error, urgent=urgent)
        return self._outcome(work, extractor.fingerprint)

    def _look_for(self, collection: str) -> None:
        """Warn, once, of a collection that the store does not have: what one worker takes from the
        broker in vain, the others are without."""
        try:
            self.tools.store.collection(collection)
        except CollectionNotFound:
            if collection not in self._unknown:
                self._unknown.add(collection)
                _log.warning(
                    "a message is of a collection that this store does not have: it was deleted, "
                    "or workers of another store use the same broker, and take each other's work",
                    collection=collection,
                )

    def _urgent_waits(self) -> bool:
        """Whether urgent batches wait that this worker may do: where it leaves some to others, it
        would give way to what it hands back."""
        return not self.pauses.refused("extract") and self.urgent_queue.waits()

    def _put_back(self, work: Undertaking, task_ids: Set[str], error: Exception) -> None:
        """Have documents wait, each with its own passages' reason, until the pause is over."""
        batch, queue = work.batch, self.tools.queue
        errors = error.errors if isinstance(error, Unanswered) else {}
        for task_id in task_ids:
            own = [errors[key] for key in batch.own[task_id] if key in errors]
            reason = str(own[0] if own else error)
            queue.release([task_id], worker=batch.worker, reason=reason)

    def _one_by_one(self, work: Undertaking, error: Exception, *, urgent: bool) -> Extracted:
        """After an unexpected error: each document alone, so that it costs no other."""
        batch = work.batch
        if len(work.held) == 1:
            (task_id,) = work.held
            note_unforeseen(self.tools, batch, task_id, error)
            return Extracted()
        parts = {task_id: batch.own[task_id] for task_id in work.held}
        found = [
            self.extract(batch.part({task_id: own}), urgent=urgent)
            for task_id, own in parts.items()
        ]
        left = {key: ids for one in found if one.rest for key, ids in one.rest.own.items()}
        return Extracted(
            whole=[task_id for one in found for task_id in one.whole],
            rest=batch.part(left) if left else None,
        )

    def _outcome(self, work: Undertaking, fingerprint: str) -> Extracted:
        return Extracted(whole=self._whole(work, fingerprint), rest=self._rest(work, fingerprint))

    def _whole(self, work: Undertaking, fingerprint: str) -> Sequence[str]:
        """Tasks whose documents may be whole now."""
        batch = work.batch
        return [
            task_id
            for task_id in work.held
            if not self._lacking(batch.collection, fingerprint, task_id, batch.tasks[task_id])
        ]

    def _rest(self, work: Undertaking, fingerprint: str) -> Batch | None:
        """The batch of what is still lacking; None if nothing is."""
        if not work.postponed:
            return None
        batch = work.batch
        lacking = {
            task_id: self._lacking(batch.collection, fingerprint, task_id, batch.own[task_id])
            for task_id in work.held
        }
        own = {task_id: keys for task_id, keys in lacking.items() if keys}
        return batch.part(own) if own else None

    def _extract(self, work: Undertaking, extractor: Extractor) -> None:
        batch = work.batch
        tasks_of: dict[str, list[str]] = {}
        for task_id in work.held:
            own = batch.own[task_id]
            for key in self._lacking(batch.collection, extractor.fingerprint, task_id, own):
                tasks_of.setdefault(key, []).append(task_id)
        work.tasks_of = tasks_of
        wanted = [passage for passage in batch.passages if passage.id in tasks_of]
        with self._holding.calm(batch, wanted, extractor) as (mine, suspects):
            self._extract_held(work, extractor, [one for one in wanted if one.id in mine])
        for passage in wanted:
            if passage.id not in suspects or not work.goes_on():
                continue
            with self._holding.alone(batch, passage, extractor) as deaths:
                if deaths is None:
                    continue
                if deaths >= DEATHS[extractor.paid]:
                    self._give_up(work, given_up(passage, extractor.fingerprint, deaths))
                else:
                    self._extract_held(work, extractor, [passage])

    def _extract_held(
        self, work: Undertaking, extractor: Extractor, passages: Sequence[Passage]
    ) -> None:
        if not passages:
            return
        batch = work.batch
        # Whoever held one of them a moment ago may have saved it.
        ids = [passage.id for passage in passages]
        known = usable(self.tools.store, batch.collection, extractor.fingerprint, ids)
        rest = [passage for passage in passages if passage.id not in known]
        for portion, prices in self.budgeting.portions(batch, extractor, rest, work.goes_on):
            step = len(portion) if extractor.paid else AT_ONCE
            for start in range(0, len(portion), step):
                self._extract_portion(work, extractor, portion[start : start + step], prices)
                if not work.goes_on():
                    return

    def _give_up(self, work: Undertaking, found: Extraction) -> None:
        """Put a passage into quarantine."""
        tasks = work.tasks_of[found.passage_id]
        save_failure(self.tools.store, work.batch.collection, found, tasks)
        self._note([progress_of(found, tasks, UNKNOWN, counted=True)])
        self.tools.meter.passage(input_tokens=0, output_tokens=0, failed=True)

    def _extract_portion(
        self,
        work: Undertaking,
        extractor: Extractor,
        passages: Sequence[Passage],
        prices: Prices,
    ) -> None:
        tools, counted = self.tools, counts(extractor)
        collection, tasks_of = work.batch.collection, work.tasks_of
        news: list[Mapping[str, Progress]] = []
        payers = {one.id: Payer(task=tasks_of[one.id][0], prices=prices) for one in passages}
        found = extracted(
            tools.store, collection, extractor, passages, tasks_of, payers, work.claim
        )
        try:
            for extraction in found:
                self.pauses.end(collection, "extract")
                tools.meter.passage(
                    input_tokens=extraction.input_tokens,
                    output_tokens=extraction.output_tokens,
                    failed=bool(extraction.failure),
                )
                tasks = tasks_of[extraction.passage_id]
                news.append(progress_of(extraction, tasks, prices, counted=counted))
                if len(news) == PASSAGES:
                    self._note(news)
                if not work.goes_on():  # what is under way ends, and is kept; no more is begun
                    break
        finally:
            found.close()
            self._note(news)

    def _note(self, news: list[Mapping[str, Progress]]) -> None:
        """Note progress, in one transaction: workers wait for each other's."""
        total: dict[str, Progress] = {}
        for new in news:
            for task_id, progress in new.items():
                total[task_id] = total.get(task_id, Progress()) + progress
        news.clear()
        if total:
            with_retries(partial(self.tools.queue.note_progress, total))

    def _lacking(
        self, collection: str, fingerprint: str, task_id: str, passage_ids: Sequence[str]
    ) -> list[str]:
        """Passages without anything that this task's document could be committed with."""
        store = self.tools.store
        known = usable(store, collection, fingerprint, passage_ids)
        lacking = [key for key in passage_ids if key not in known]
        if not lacking:
            return []
        failed: Mapping[str, object] = failures_of(store, collection, fingerprint, task_id, lacking)
        return [key for key in lacking if key not in failed]
