"""How far jobs are, what they cost, and what they may cost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from kg.errors import JobNotFound
from kg.jobs import LONGEST_STEP, UNKNOWN, UNLIMITED, Budget, Prices, Progress
from kg.store import Change
from tests.conformance.material import COLLECTION, Clock, Store, StoreFixtures, document, graph


class ProgressConformance(StoreFixtures):
    def test_a_job_adds_up_the_progress_of_its_tasks(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a"), document("b")])
        other = library.enqueue(COLLECTION, [document("c")])
        assert job.progress == Progress()
        first, second = (task.id for task in library.tasks(job.id))
        library.note_progress(
            {first: Progress(passages=3, passages_done=1), second: Progress(passages=2)}
        )
        spent = Progress(passages_done=1, input_tokens=10, output_tokens=5, cost=0.25)
        library.note_progress({second: spent, "tsk-none": spent})
        assert library.job(job.id).progress == Progress(
            passages=5, passages_done=2, input_tokens=10, output_tokens=5, cost=0.25
        )
        assert library.job(other.id).progress == Progress()

    def test_a_job_keeps_the_prices_that_it_was_taken_in_with(self, library: Store) -> None:
        prices, later = Prices(input=1.5, output=6.0), Prices(input=3.0, output=12.0)
        job = library.enqueue(COLLECTION, [document("a")], prices=prices)
        assert job.prices == prices
        assert library.job(job.id).prices == prices
        assert library.jobs()[0].prices == prices
        library.retry_failed(job.id)
        library.retry_failed(job.id, prices=Prices(input=3.0))
        assert library.job(job.id).prices == prices, "others take their place if they are known"
        library.retry_failed(job.id, prices=later)
        assert library.job(job.id).prices == later
        assert library.enqueue(COLLECTION, [document("b")]).prices == UNKNOWN

    def test_passages_are_counted_anew_but_money_is_not(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.tasks(job.id)
        spent = Progress(passages=4, passages_done=1, input_tokens=3, output_tokens=2, cost=0.5)
        library.note_progress({task.id: spent})
        library.note_progress({task.id: spent}, anew=True)
        assert library.job(job.id).progress == Progress(
            passages=4, passages_done=1, input_tokens=6, output_tokens=4, cost=1.0
        )

    def test_progress_outlives_the_lease(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.lease(worker="w", limit=1, seconds=60)
        library.cancel(job.id)
        library.note_progress({task.id: Progress(input_tokens=7)})
        assert library.job(job.id).progress.input_tokens == 7

    def test_a_job_knows_how_long_it_was_worked_on(self, library: Store, clock: Clock) -> None:
        job = library.enqueue(COLLECTION, [document("a"), document("b")])
        assert job.worked_seconds == 0
        first, second = (task.id for task in library.tasks(job.id))
        clock.now += 5
        library.note_progress({first: Progress(passages=1), second: Progress(passages=1)})
        assert library.job(job.id).worked_seconds == 5
        clock.now += 2
        library.note_progress({second: Progress(passages_done=1)})
        assert library.job(job.id).worked_seconds == 7

    def test_no_time_is_counted_twice_whatever_order_notes_come_in(
        self, library: Store, clock: Clock
    ) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.tasks(job.id)
        for now in (10, 3, 12, 5, 14):
            clock.now = 1_000_000 + now
            library.note_progress({task.id: Progress(passages_done=1)})
        assert library.job(job.id).worked_seconds == 14

    def test_a_note_that_waited_for_others_counts_when_it_is_made(
        self, library: Store, clock: Clock
    ) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.tasks(job.id)

        def busy() -> object:
            return library.hold("something else", worker="other", seconds=1)

        with clock.slow(busy, lambda: library.note_progress({task.id: Progress(passages=1)})):
            clock.now += 5
        assert library.job(job.id).worked_seconds == 5

    def test_a_pause_is_no_work(self, library: Store, clock: Clock) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.tasks(job.id)
        clock.now += 100_000
        library.note_progress({task.id: Progress(passages=1)})
        clock.now += 1
        library.note_progress({task.id: Progress(passages_done=1)})
        assert library.job(job.id).worked_seconds == LONGEST_STEP + 1

    def test_a_jobs_account_is_the_job_without_sums_over_its_tasks(self, library: Store) -> None:
        terms = Budget(tokens=1000, cost=2.5), Prices(input=1.5, output=6.0)
        job = library.enqueue(
            COLLECTION, [document("a")], budget=terms[0], prices=terms[1], priority=3
        )
        (task,) = library.tasks(job.id)
        spent = Progress(input_tokens=10, output_tokens=5, cost=0.25)
        library.note_progress({task.id: spent})
        library.note_progress({task.id: Progress(passages=3, passages_done=1)})
        account = library.account(job.id)
        assert (account.budget, account.prices, account.progress) == (*terms, spent)
        whole = library.job(job.id)
        assert replace(whole, counts={}, progress=spent) == account
        with pytest.raises(JobNotFound):
            library.account("job-none")

    def test_a_job_keeps_its_budget(self, library: Store) -> None:
        free = library.enqueue(COLLECTION, [document("a")])
        job = library.enqueue(COLLECTION, [document("b")], budget=Budget(tokens=1000, cost=2.5))
        assert (free.budget, job.budget) == (UNLIMITED, Budget(tokens=1000, cost=2.5))
        assert library.jobs()[0].budget == Budget(tokens=1000, cost=2.5)

    def test_another_try_may_have_another_budget(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")], budget=Budget(tokens=10))
        for budget in (None, Budget(cost=3.0)):
            (task,) = library.lease(worker="w", limit=1, seconds=60)
            library.fail(task.id, "the budget is spent", worker="w", retry=False)
            assert library.retry_failed(job.id, budget=budget) == 1
            assert library.job(job.id).budget == (budget or Budget(tokens=10))

    def test_no_progress_is_lost_between_threads(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.tasks(job.id)
        library.note_progress({task.id: Progress(passages=50)})

        def work(_: int) -> None:
            for _ in range(10):
                library.note_progress({task.id: Progress(passages_done=1, input_tokens=3)})

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        assert library.job(job.id).progress == Progress(
            passages=50, passages_done=40, input_tokens=120
        )

    def test_no_task_tells_of_more_passages_than_it_has(self, library: Store) -> None:
        job = library.enqueue(COLLECTION, [document("a"), document("b")])
        first, second = (task.id for task in library.tasks(job.id))
        library.note_progress(
            {first: Progress(passages=3, passages_done=3), second: Progress(passages=4)}, anew=True
        )
        library.note_progress({first: Progress(passages_done=1, input_tokens=9)})
        assert library.job(job.id).progress == Progress(passages=7, passages_done=3, input_tokens=9)

    def test_a_task_that_is_done_has_all_of_its_passages_whatever_comes_late(
        self, library: Store
    ) -> None:
        job = library.enqueue(COLLECTION, [document("a")])
        (task,) = library.tasks(job.id)
        library.note_progress({task.id: Progress(passages=5, passages_done=2)}, anew=True)
        library.commit(COLLECTION, Change(put=(graph("a", "Ann"),), completed=(task.id,)))
        assert library.job(job.id).progress == Progress(passages=5, passages_done=5)
        library.note_progress({task.id: Progress(passages_done=1, input_tokens=9)})
        library.note_progress({task.id: Progress(passages=5, passages_done=1)}, anew=True)
        assert library.job(job.id).progress == Progress(passages=5, passages_done=5, input_tokens=9)
