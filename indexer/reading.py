"""A batch's passages, read: by an extractor, and paid for by the jobs that want them."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from indexer.extracting import extracted
from indexer.extraction.port import Extractor
from indexer.patience import patiently
from indexer.spending import Prices, affordable, overspent, progress_of
from indexer.work import Work
from kg.errors import ModelUnavailable
from kg.jobs import JobQueue, Task
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
        wanted = self.wanted(batch)
        try:
            for passages in self._portions(batch, extractor, work):
                found = extracted(self.store, collection, extractor, passages)
                with closing(found):  # what is under way ends, and is kept; no more is begun
                    for extraction in found:
                        work.found[extraction.passage_id] = extraction
                        if not extractor.paid:
                            if not wanted():
                                break
                            continue
                        new = progress_of(extraction, tasks_of[extraction.passage_id], self.prices)
                        patiently(partial(self.queue.note_progress, new))
                        if self.stopping() or not self.still_held(batch):
                            break
        except ModelUnavailable as error:
            return error
        if not extractor.paid:
            self.queue.note_progress(work.progress(), anew=True)
        return None

    def _portions(
        self, batch: Sequence[Task], extractor: Extractor, work: Work
    ) -> Iterator[Sequence[Passage]]:
        """What is to be extracted, a portion at a time: all at once if it costs nothing; else as
        long as it is wanted, and as far as the jobs' budgets go."""
        if not extractor.paid:
            yield [passage for key, passage in work.passages.items() if key not in work.found]
            return
        for job_id in dict.fromkeys(task.job_id for task in batch):
            while not self.stopping():
                held = self.still_held(task for task in batch if task.job_id == job_id)
                lacking = {one.id: one for key in held for one in work.missing().get(key, ())}
                if not lacking:
                    break
                job, passages = self.queue.job(job_id), list(lacking.values())[:PASSAGES_AT_ONCE]
                number = affordable(job, extractor, passages, self.prices)
                if not number:
                    missing = work.missing()
                    work.failures.update(
                        (key, overspent(job, self.prices)) for key in held if key in missing
                    )
                    break
                yield passages[:number]

    def wanted(self, tasks: Sequence[Task]) -> Callable[[], bool]:
        """Tells, as often as it is asked, whether any of these tasks is still held, and work goes
        on; it looks only now and then, as the tasks are read with their documents."""
        answer, due = True, time.monotonic() + LOOK_SECONDS

        def ask() -> bool:
            nonlocal answer, due
            if time.monotonic() >= due:
                answer = bool(self.still_held(tasks))
                due = time.monotonic() + LOOK_SECONDS
            return answer and not self.stopping()

        return ask

    def still_held(self, tasks: Iterable[Task]) -> list[str]:
        """The tasks that nobody else has taken, or called off, meanwhile."""
        workers = {task.id: task.worker for task in tasks}
        leased = self.queue.leased(list(workers))
        return [task.id for task in leased if task.worker == workers[task.id]]
