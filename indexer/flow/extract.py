"""The step that waits for models: a batch of passages, each extraction saved as it comes.

Nothing is asked for twice, and what ends workers is given up (see `holding`).
"""

import time
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial

from indexer.extraction.notes import Payer
from indexer.extraction.port import Extractor
from indexer.flow.batches import PASSAGES, Batch
from indexer.flow.budgeting import Budgeting
from indexer.flow.holding import DEATHS, Holding, given_up
from indexer.flow.pauses import Pauses
from indexer.flow.tools import Tools
from indexer.ingestion.extracting import counts, extracted, failures_of, save_failure, usable
from indexer.ingestion.ingester import SETUP_ERRORS
from indexer.retries import with_retries
from indexer.spending import progress_of
from kg.errors import CollectionNotFound, ModelUnavailable
from kg.jobs import UNKNOWN, Prices, Progress
from kg.records import CollectionSettings, Extraction, Passage

AT_ONCE = 16
"""Passages that are handed to an extractor that costs nothing but time, which may read all that it
is handed before it tells of any: a worker that is to end waits for no more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extracted:
    """What became of a batch."""

    whole: Sequence[str] = ()
    """Tasks whose documents may be whole now."""
    rest: Batch | None = None
    """What there was no time for: others may do it, by another message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extracting:
    """Takes the step `extract`. Safe for several threads."""

    tools: Tools
    extractor: Callable[[CollectionSettings], Extractor]
    budgeting: Budgeting
    pauses: Pauses

    @property
    def _holding(self) -> Holding:
        return Holding(tools=self.tools)

    def extract(self, batch: Batch) -> Extracted:
        """Extract what is not saved; return the tasks whose documents may be whole now, and what
        there was no time for.

        What nobody wants any more (cancelled, done, taken by another worker) is left alone.
        Raises: StoreUnavailable.
        """
        queue, times = self.tools.queue, self.tools.times
        until = time.monotonic() + times.message
        held = queue.extend(list(batch.own), worker=batch.worker, seconds=times.lease)
        if not held:
            return Extracted()
        paused = self.pauses.known()
        if batch.collection in paused:
            reason = paused[batch.collection]
            queue.release(list(held), worker=batch.worker, reason=reason)
            return Extracted()
        try:
            present = self.tools.store.collection(batch.collection).settings
            settings = present.upcoming if batch.ahead else present
            if settings is None:  # nobody waits for it any more
                return Extracted(whole=list(held))
            extractor = self.extractor(settings)
            self._extract(batch, held, extractor, until)
        except CollectionNotFound:
            return Extracted()
        except (ModelUnavailable, *SETUP_ERRORS) as error:
            if not self.pauses.begin(batch.collection, "extract", error):
                # The documents wait, with the reason, until the pause is over.
                queue.release(list(held), worker=batch.worker, reason=str(error))
            return Extracted()
        fingerprint = extractor.fingerprint
        whole = [
            task_id
            for task_id in held
            if not self._lacking(batch.collection, fingerprint, task_id, batch.tasks[task_id])
        ]
        late = time.monotonic() > until
        return Extracted(whole=whole, rest=self._rest(batch, held, fingerprint) if late else None)

    def _rest(self, batch: Batch, held: Set[str], fingerprint: str) -> Batch | None:
        """The batch of what is still lacking; None if nothing is."""
        lacking = {
            task_id: self._lacking(batch.collection, fingerprint, task_id, batch.own[task_id])
            for task_id in held
        }
        own = {task_id: keys for task_id, keys in lacking.items() if keys}
        return batch.part(own) if own else None

    def _extract(self, batch: Batch, held: Set[str], extractor: Extractor, until: float) -> None:
        tasks_of: dict[str, list[str]] = {}
        for task_id in held:
            own = batch.own[task_id]
            for key in self._lacking(batch.collection, extractor.fingerprint, task_id, own):
                tasks_of.setdefault(key, []).append(task_id)
        wanted = [passage for passage in batch.passages if passage.id in tasks_of]
        with self._holding.calm(batch, wanted, extractor) as (mine, suspects):
            calm = [passage for passage in wanted if passage.id in mine]
            self._extract_held(batch, extractor, calm, tasks_of, until)
        for passage in wanted:
            if passage.id not in suspects or self._ends(until):
                continue
            with self._holding.alone(batch, passage, extractor) as deaths:
                if deaths is None:
                    continue
                if deaths >= DEATHS[extractor.paid]:
                    self._give_up(batch, given_up(passage, extractor.fingerprint, deaths), tasks_of)
                else:
                    self._extract_held(batch, extractor, [passage], tasks_of, until)

    def _extract_held(
        self,
        batch: Batch,
        extractor: Extractor,
        passages: Sequence[Passage],
        tasks_of: Mapping[str, Sequence[str]],
        until: float,
    ) -> None:
        if not passages:
            return
        # Whoever held one of them a moment ago may have saved it.
        ids = [passage.id for passage in passages]
        known = usable(self.tools.store, batch.collection, extractor.fingerprint, ids)
        rest = [passage for passage in passages if passage.id not in known]
        for portion, prices in self.budgeting.portions(batch, extractor, rest, until):
            step = len(portion) if extractor.paid else AT_ONCE
            for start in range(0, len(portion), step):
                part = portion[start : start + step]
                self._extract_portion(batch, extractor, part, tasks_of, prices, until)
                if self._ends(until):
                    return

    def _ends(self, until: float) -> bool:
        """Whether nothing more is to be begun."""
        return self.tools.stop.is_set() or time.monotonic() > until

    def _give_up(
        self, batch: Batch, found: Extraction, tasks_of: Mapping[str, Sequence[str]]
    ) -> None:
        """Put a passage into quarantine."""
        tasks = tasks_of[found.passage_id]
        save_failure(self.tools.store, batch.collection, found, tasks)
        self._note([progress_of(found, tasks, UNKNOWN, counted=True)])
        self.tools.meter.passage(input_tokens=0, output_tokens=0, failed=True)

    def _extract_portion(
        self,
        batch: Batch,
        extractor: Extractor,
        passages: Sequence[Passage],
        tasks_of: Mapping[str, Sequence[str]],
        prices: Prices,
        until: float,
    ) -> None:
        tools, counted = self.tools, counts(extractor)
        news: list[Mapping[str, Progress]] = []
        payers = {one.id: Payer(task=tasks_of[one.id][0], prices=prices) for one in passages}
        found = extracted(tools.store, batch.collection, extractor, passages, tasks_of, payers)
        try:
            for extraction in found:
                self.pauses.end(batch.collection, "extract")
                tools.meter.passage(
                    input_tokens=extraction.input_tokens,
                    output_tokens=extraction.output_tokens,
                    failed=bool(extraction.failure),
                )
                tasks = tasks_of[extraction.passage_id]
                news.append(progress_of(extraction, tasks, prices, counted=counted))
                if len(news) == PASSAGES:
                    self._note(news)
                if self._ends(until):  # what is under way ends, and is kept; no more is begun
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
