"""Several processes that name one Redis keep an endpoint's limits together; here, several paces."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
import redis

from inference.openai_compatible.limits import Pace, TurnTooLate
from tests.doubles.waiting import until
from tests.servers.redis import RedisServer, redis_server

__all__ = ["redis_server"]


def seconds_of(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def turn(pace: Pace, tokens: int = 0) -> None:
    with pace.turn(tokens):
        pass


@contextmanager
def held(pace: Pace, seconds: float) -> Iterator[None]:
    """Another thread has a turn, for so long."""
    taken = Event()

    def hold() -> None:
        with pace.turn():
            taken.set()
            time.sleep(seconds)

    thread = Thread(target=hold)
    thread.start()
    assert taken.wait(10)
    yield
    thread.join()


def test_requests_are_counted_together(redis_server: RedisServer) -> None:
    one, other = (
        Pace("e", concurrency=1, requests_per_minute=3, url=redis_server.url, window_seconds=1)
        for _ in range(2)
    )
    assert seconds_of(lambda: [turn(pace) for pace in (one, other) * 4]) >= 1.0


def test_tokens_are_counted_together_but_not_with_another_endpoints(
    redis_server: RedisServer,
) -> None:
    one, other, elsewhere = (
        Pace(name, concurrency=1, tokens_per_minute=100, url=redis_server.url, window_seconds=2)
        for name in ("e", "e", "another")
    )
    turn(one, 90)
    assert seconds_of(lambda: turn(elsewhere, 90)) < 0.3
    assert seconds_of(lambda: turn(other, 60)) > 0.3


def test_a_rest_holds_for_all(redis_server: RedisServer) -> None:
    one, other = (Pace("e", concurrency=1, url=redis_server.url) for _ in range(2))
    one.slow_down(0.5)
    one.slow_down(0.1)
    assert seconds_of(lambda: turn(other)) >= 0.4


def test_places_are_shared(redis_server: RedisServer) -> None:
    one, other = (Pace("e", concurrency=1, url=redis_server.url) for _ in range(2))
    with held(one, 0.4):
        assert seconds_of(lambda: turn(other)) >= 0.3


def test_the_place_of_one_who_died_is_free_after_a_while(redis_server: RedisServer) -> None:
    redis.Redis.from_url(redis_server.url).set("ammon:place:e:0", "of the dead", px=400)
    assert 0.2 <= seconds_of(lambda: turn(Pace("e", concurrency=1, url=redis_server.url))) < 5.0


def test_a_place_is_kept_for_as_long_as_a_call_takes(redis_server: RedisServer) -> None:
    one, other = (
        Pace("e", concurrency=1, url=redis_server.url, place_seconds=0.4) for _ in range(2)
    )
    with held(one, 1.5):
        assert seconds_of(lambda: turn(other)) >= 1.2


def test_without_its_redis_everybody_counts_alone_and_nothing_fails(
    redis_server: RedisServer,
) -> None:
    pace = Pace("e", concurrency=2, requests_per_minute=3, url=redis_server.url, window_seconds=1)
    turn(pace)
    redis_server.kill()
    pace.slow_down(0.2)
    assert seconds_of(lambda: turn(pace)) >= 0.2
    assert seconds_of(lambda: [turn(pace) for _ in range(5)]) >= 0.3
    redis_server.start()
    turn(pace)


def test_an_answer_does_not_wait_for_a_redis_that_hangs(redis_server: RedisServer) -> None:
    pace = Pace("e", concurrency=1, tokens_per_minute=1000, url=redis_server.url)
    client = redis.Redis.from_url(redis_server.url)
    with pace.turn(10):
        client.client_pause(2000)
        answered = time.monotonic()
    pace.spent(10)
    assert time.monotonic() - answered < 1.0


def test_a_place_is_kept_for_the_questions_of_other_processes(redis_server: RedisServer) -> None:
    api, *workers = (Pace("e", concurrency=2, url=redis_server.url) for _ in range(3))
    with api.turn(until=time.monotonic() + 5):
        until(lambda: bool(redis.Redis.from_url(redis_server.url).exists("ammon:hurry:e")))
    with held(workers[0], 0.6):
        another = Thread(target=turn, args=(workers[1],))
        another.start()
        time.sleep(0.2)
        began = time.monotonic()
        with api.turn(until=began + 5):
            assert time.monotonic() - began < 0.3
            assert another.is_alive(), "a document waits"
        another.join()


def test_a_question_does_not_wait_for_places_of_others_for_ever(redis_server: RedisServer) -> None:
    one, other = (Pace("e", concurrency=1, url=redis_server.url) for _ in range(2))
    moment = time.monotonic() + 0.2
    with held(one, 0.6), pytest.raises(TurnTooLate, match="processes"), other.turn(until=moment):
        pass
