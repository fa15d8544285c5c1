"""A batch's passages, read: by an extractor, and paid for by the jobs that want them."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import partial
from threading import Lock

from indexer.extraction.notes import Payer
from indexer.extraction.port import Extractor
from indexer.ingestion.extracting import counts, extracted
from indexer.ingestion.work import Work
from indexer.retries import with_retries
from indexer.spending import affordable, overspent, prices_of, progress_of
from inference.chat import Claim
from kg.errors import ModelUnavailable, StoreUnavailable
from kg.fail_fast import failing_fast
from kg.jobs import Prices, Task
from kg.queue import JobQueue
from kg.records import Passage
from kg.store import GraphStore

PASSAGES_AT_ONCE = 64
"""That are sent to a model before it is looked whether they are still wanted, and paid for."""
LOOK_SECONDS = 1.0
"""Between two looks whether anybody still wants what costs nothing but time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """Has passages read, as long as somebody wants them. Safe for several threads."""

    store: GraphStore
    queue: JobQueue
    prices: Prices
    stopping: Callable[[], bool] = lambda: False
    """Whether work is to end at the next passage."""

    def read(
        self, batch: Sequence[Task], extractor: Extractor, work: Work
    ) -> ModelUnavailable | None:
        """Find the extractions, as far as they can be had; return why not of all.

        Documents that there is no money for fail.
        """
        collection, tasks_of = batch[0].collection, work.tasks_of()
        if extractor.paid:
            self.queue.note_progress(work.progress(), anew=True)
        wanted, claim = self.wanted(batch), Claim(wanted=self._held_lately(batch))
        try:
            for passages, payers in self._portions(batch, extractor, work):
                found = extracted(
                    self.store,
                    collection,
                    extractor,
                    passages,
                    payers=payers,
                    claims=lambda _: claim,
                )
                with closing(found):  # what is under way ends, and is kept; no more is begun
                    for extraction in found:
                        work.found[extraction.passage_id] = extraction
                        if not extractor.paid:
                            if not wanted():
                                break
                            continue
                        key = extraction.passage_id
                        others = [task for task in tasks_of[key] if task != payers[key].task]
                        new = progress_of(
                            extraction,
                            [payers[key].task, *others],
                            payers[key].prices,
                            counted=counts(extractor),
                        )
                        with_retries(partial(self.queue.note_progress, new))
                        if self.stopping() or not self.still_held(batch):
                            break
        except ModelUnavailable as error:
            return error
        if not extractor.paid:
            self.queue.note_progress(work.progress(), anew=True)
        return None

    def _portions(
        self, batch: Sequence[Task], extractor: Extractor, work: Work
    ) -> Iterator[tuple[Sequence[Passage], Mapping[str, Payer]]]:
        """What is to be extracted, a portion at a time, and who pays for which passage: all at once
        if it costs nothing; else as long as it is wanted, and as far as the jobs' budgets go."""
        if not extractor.paid:
            yield [one for key, one in work.passages.items() if key not in work.found], {}
            return
        for job_id in dict.fromkeys(task.job_id for task in batch):
            while not self.stopping():
                held = self.still_held(task for task in batch if task.job_id == job_id)
                lacking = [(one, key) for key in held for one in work.missing().get(key, ())]
                if not lacking:
                    break
                job = self.queue.account(job_id)
                prices = prices_of(job, self.prices)
                payers = {one.id: Payer(task=key, prices=prices) for one, key in reversed(lacking)}
                wanted = {one.id: one for one, _ in lacking}
                passages = list(wanted.values())[:PASSAGES_AT_ONCE]
                number = affordable(job, extractor, passages, prices)
                if not number:
                    missing = work.missing()
                    work.failures.update(
                        (key, overspent(job, prices)) for key in held if key in missing
                    )
                    break
                yield passages[:number], payers

    def wanted(self, tasks: Sequence[Task]) -> Callable[[], bool]:
        """Tells, as often as it is asked, whether any of these tasks is still held, and work goes
        on."""
        held = self._held_lately(tasks)
        return lambda: held() and not self.stopping()

    def _held_lately(self, tasks: Sequence[Task]) -> Callable[[], bool]:
        """Tells, as often as it is asked, by whatever thread, whether any of these tasks is still
        held; it looks only now and then, as the tasks are read with their documents."""
        answer, due, lock = True, time.monotonic() + LOOK_SECONDS, Lock()

        def ask() -> bool:
            nonlocal answer, due
            with lock:
                if time.monotonic() >= due:
                    with suppress(StoreUnavailable), failing_fast():  # else nothing has changed
                        answer = bool(self.still_held(tasks))
                    due = time.monotonic() + LOOK_SECONDS
                return answer

        return ask

    def still_held(self, tasks: Iterable[Task]) -> list[str]:
        """The tasks that nobody else has taken, or called off, meanwhile."""
        workers = {task.id: task.worker for task in tasks}
        leased = self.queue.leased(list(workers))
        return [task.id for task in leased if task.worker == workers[task.id]]
