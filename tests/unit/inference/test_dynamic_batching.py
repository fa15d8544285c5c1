"""Questions that come while others are being embedded go together."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event, Lock

import numpy as np
import pytest

from inference.dynamic_batching import BatchingEmbedder, DynamicBatcher
from inference.embedder import Kind, Progress, Vectors
from kg.errors import ModelOutputInvalid, ModelUnavailable
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.waiting import until


class Doors:
    """Work that begins by saying so and goes on when it is let."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.begun = Event()
        self.open = Event()

    def __call__(self, items: Sequence[int]) -> list[int]:
        self.batches.append(list(items))
        self.begun.set()
        assert self.open.wait(60)
        if -1 in items:
            raise ModelOutputInvalid("spoiled")
        if -2 in items:
            raise RuntimeError("broken")
        if -3 in items:
            raise ModelUnavailable("away", permanent=True)
        return [item * item for item in items]


def wait_for(line: DynamicBatcher[int, int], count: int) -> None:
    """Until so many calls stand in line."""
    until(lambda: len(line._waiting) == count)


def asked(
    line: DynamicBatcher[int, int], pool: ThreadPoolExecutor, calls: list[list[int]]
) -> list[Future]:
    return [pool.submit(line, call) for call in calls]


def test_a_single_call_does_not_wait() -> None:
    doors = Doors()
    doors.open.set()
    line = DynamicBatcher(doors, lanes=1)
    assert [line([3]), line([4, 5])] == [[9], [16, 25]]
    assert doors.batches == [[3], [4, 5]]


def test_who_comes_meanwhile_goes_in_one_batch() -> None:
    doors = Doors()
    line = DynamicBatcher(doors, lanes=1)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(line, [1])
        assert doors.begun.wait(60)
        others = asked(line, pool, [[2], [3, 4], [5]])
        wait_for(line, 3)
        doors.open.set()
        assert first.result(60) == [1]
        assert [future.result(60) for future in others] == [[4], [9, 16], [25]]
    assert len(doors.batches) == 2
    assert sorted(doors.batches[1]) == [2, 3, 4, 5]


def test_a_batch_has_a_largest_size() -> None:
    doors = Doors()
    line = DynamicBatcher(doors, lanes=1, most=2)
    with ThreadPoolExecutor(5) as pool:
        first = pool.submit(line, [1])
        assert doors.begun.wait(60)
        others = asked(line, pool, [[2], [3], [4]])
        wait_for(line, 3)
        doors.open.set()
        assert sorted(f.result(60)[0] for f in [first, *others]) == [1, 4, 9, 16]
    assert sorted(map(len, doors.batches)) == [1, 1, 2]


def test_lanes_work_at_once() -> None:
    doors = Doors()
    line = DynamicBatcher(doors, lanes=2)
    with ThreadPoolExecutor(3) as pool:
        futures = asked(line, pool, [[1], [2], [3]])
        wait_for(line, 1)
        assert len(doors.batches) <= 2
        doors.open.set()
        assert sorted(future.result(60)[0] for future in futures) == [1, 4, 9]


def test_one_that_spoils_a_batch_spoils_it_for_nobody_else() -> None:
    doors = Doors()
    line = DynamicBatcher(doors, lanes=1)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(line, [1])
        assert doors.begun.wait(60)
        good, bad = asked(line, pool, [[2], [-1]])
        wait_for(line, 2)
        doors.open.set()
        assert first.result(60) == [1]
        assert good.result(60) == [4]
        with pytest.raises(ModelOutputInvalid, match="spoiled"):
            bad.result(60)
    assert line([6]) == [36], "the lane is free again"


def test_who_works_for_others_is_not_told_their_errors_whatever_these_are() -> None:
    doors = Doors()
    line = DynamicBatcher(doors, lanes=1)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(line, [1])
        assert doors.begun.wait(60)
        leader = pool.submit(line, [2])
        wait_for(line, 1)
        bad = pool.submit(line, [-2])
        wait_for(line, 2)
        doors.open.set()
        assert first.result(60) == [1]
        assert leader.result(60) == [4]
        with pytest.raises(RuntimeError, match="broken"):
            bad.result(60)
    assert doors.batches[1] == [2, -2]
    assert line([6]) == [36], "the lane is free again"


def test_an_endpoint_that_is_away_is_asked_once_for_all_who_went_together() -> None:
    doors = Doors()
    line = DynamicBatcher(doors, lanes=1)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(line, [1])
        assert doors.begun.wait(60)
        others = asked(line, pool, [[-3], [3], [4]])
        wait_for(line, 3)
        doors.open.set()
        assert first.result(60) == [1]
        errors = [future.exception(60) for future in others]
    assert [str(error) for error in errors] == ["away"] * 3
    assert all(isinstance(error, ModelUnavailable) and error.permanent for error in errors)
    assert len({id(error) for error in errors}) == 3, "each thread raises its own"
    assert len(doors.batches) == 2, "nobody asks again for itself"


def test_who_tries_again_alone_does_so_in_the_lane() -> None:
    under_way, most = 0, 0
    lock = Lock()

    def work(items: Sequence[int]) -> Sequence[int]:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        Event().wait(0.02)
        with lock:
            under_way -= 1
        if -1 in items:
            raise ModelOutputInvalid("spoiled")
        return items

    line = DynamicBatcher(work, lanes=1)
    with ThreadPoolExecutor(8) as pool:
        found = [pool.submit(line, [number]) for number in (1, 2, -1, 4, 5, -1, 7, 8)]
        spoiled = [future.exception(60) is not None for future in found]
    assert spoiled == [number == -1 for number in (1, 2, -1, 4, 5, -1, 7, 8)]
    assert most == 1


def test_where_each_fails_alone_not_all_of_a_line_are_tried() -> None:
    doors = Doors()
    line = DynamicBatcher(doors, lanes=1)
    with ThreadPoolExecutor(10) as pool:
        first = pool.submit(line, [1])
        assert doors.begun.wait(60)
        others = asked(line, pool, [[-1]] * 8)
        wait_for(line, 8)
        doors.open.set()
        assert first.result(60) == [1]
        assert all(isinstance(one.exception(60), ModelOutputInvalid) for one in others)
    assert [len(batch) for batch in doors.batches] == [1, 8, 1, 1, 1]


class Counting(HashEmbedder):
    """Counts its calls."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[tuple[int, Kind]] = []

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        self.calls.append((len(texts), kind))
        return super().embed(texts, kind, progress)


def test_many_threads_get_what_each_would_get_alone() -> None:
    together = BatchingEmbedder(Counting())
    texts = [f"trial {number} of the maze" for number in range(200)]
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda text: together.embed([text], "query")[0], texts))
    np.testing.assert_array_equal(np.stack(found), HashEmbedder().embed(texts, "query"))


def test_documents_go_straight_through() -> None:
    inner = Counting()
    done: list[int] = []
    BatchingEmbedder(inner).embed(["maze", "rat"], "passage", done.append)
    assert inner.calls == [(2, "passage")]
    assert sum(done) == 2
