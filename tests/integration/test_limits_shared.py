"""Several processes that name one Redis keep an endpoint's limits together; here, several paces."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
import redis

from inference.chat import ORDINARY, Claim
from inference.openai_compatible import shared_pace
from inference.openai_compatible.limits import Pace
from inference.openai_compatible.turns import TurnTooLate
from tests.doubles.waiting import until
from tests.servers.redis import RedisServer, redis_server

__all__ = ["redis_server"]

_CLOCKS = 0.01
"""Seconds by which a Redis, which counts milliseconds of another clock, may be early."""


def turn(pace: Pace, tokens: int = 0) -> None:
    with pace.turn(tokens):
        pass


def turn_now(pace: Pace, tokens: int = 0) -> None:
    """One that waits for nothing. Raises: TurnTooLate."""
    with pace.turn(tokens, until=time.monotonic()):
        pass


@contextmanager
def held(pace: Pace) -> Iterator[None]:
    """Another thread has a turn for as long as the body takes."""
    taken, over = Event(), Event()

    def hold() -> None:
        with pace.turn():
            taken.set()
            over.wait()

    thread = Thread(target=hold)
    thread.start()
    try:
        assert taken.wait(60)
        yield
    finally:
        over.set()
        thread.join()


def test_requests_are_counted_together(redis_server: RedisServer) -> None:
    one, other = (
        Pace("e", concurrency=1, requests_per_minute=3, url=redis_server.url, window_seconds=1)
        for _ in range(2)
    )
    began = time.monotonic()
    for pace in (one, other) * 4:
        turn(pace)
    assert time.monotonic() - began >= 1.0


def test_tokens_are_counted_together_but_not_with_another_endpoints(
    redis_server: RedisServer,
) -> None:
    one, other, elsewhere = (
        Pace(name, concurrency=1, tokens_per_minute=100, url=redis_server.url)
        for name in ("e", "e", "another")
    )
    turn(one, 90)
    turn_now(elsewhere, 90)
    with pytest.raises(TurnTooLate, match="100 per minute"):
        turn_now(other, 60)


def test_a_rest_holds_for_all(redis_server: RedisServer) -> None:
    one, other = (Pace("e", concurrency=1, url=redis_server.url) for _ in range(2))
    began = time.monotonic()
    one.slow_down(0.5)
    one.slow_down(0.1)
    turn(other)
    assert time.monotonic() - began >= 0.5 - _CLOCKS


def test_places_are_shared(redis_server: RedisServer) -> None:
    one, other = (Pace("e", concurrency=1, url=redis_server.url) for _ in range(2))
    with held(one), pytest.raises(TurnTooLate, match="processes"):
        turn_now(other)
    turn(other)


def test_the_place_of_one_who_died_is_free_after_a_while(redis_server: RedisServer) -> None:
    began = time.monotonic()
    redis.Redis.from_url(redis_server.url).set("ammon:place:e:0", "of the dead", px=400)
    with Pace("e", concurrency=1, url=redis_server.url).turn(until=began + 60):
        assert time.monotonic() - began >= 0.4 - _CLOCKS


def test_a_place_is_kept_for_as_long_as_a_call_takes(redis_server: RedisServer) -> None:
    client = redis.Redis.from_url(redis_server.url)
    with held(Pace("e", concurrency=1, url=redis_server.url, place_seconds=8.0)):
        for _ in range(2):
            until(lambda: client.pttl("ammon:place:e:0") < 7000)
            until(lambda: client.pttl("ammon:place:e:0") > 7000)


def test_without_its_redis_everybody_counts_alone_and_nothing_fails(
    redis_server: RedisServer,
) -> None:
    pace = Pace("e", concurrency=2, requests_per_minute=3, url=redis_server.url, window_seconds=1)
    turn(pace)
    redis_server.kill()
    began = time.monotonic()
    pace.slow_down(0.2)
    turn(pace)
    assert time.monotonic() - began >= 0.2
    for _ in range(5):
        turn(pace)
    assert time.monotonic() - began >= 0.6, "6 turns of 3 in a second"
    redis_server.start()
    turn(pace)


def test_an_answer_does_not_wait_for_a_redis_that_hangs(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared_pace, "_REDIS_SECONDS", 100.0)
    pace = Pace("e", concurrency=1, tokens_per_minute=1000, url=redis_server.url)
    with pace.turn(10):
        redis_server.hang()
        answered = time.monotonic()
    pace.spent(10)
    assert time.monotonic() - answered < 50.0


def test_a_place_is_kept_for_the_questions_of_other_processes(redis_server: RedisServer) -> None:
    api, *workers = (Pace("e", concurrency=2, url=redis_server.url) for _ in range(3))
    with api.turn(until=time.monotonic() + 60):
        until(lambda: bool(redis.Redis.from_url(redis_server.url).exists("ammon:hurry:e")))
    another = Thread(target=turn, args=(workers[1],))
    with held(workers[0]):
        another.start()
        time.sleep(0.2)  # time enough to take the place, if it could
        with api.turn(until=time.monotonic() + 60):
            assert another.is_alive(), "a document waits"
    another.join()


def test_what_is_urgent_goes_before_what_waits_in_other_processes(
    redis_server: RedisServer,
) -> None:
    holder, late, *others = (Pace("e", concurrency=1, url=redis_server.url) for _ in range(8))
    order: list[str] = []
    client = redis.Redis.from_url(redis_server.url)

    def take(pace: Pace, claim: Claim) -> None:
        with pace.turn(claim=claim):
            order.append("urgent" if claim.urgent else "usual")

    threads = [Thread(target=take, args=(pace, ORDINARY)) for pace in others]
    threads.append(Thread(target=take, args=(late, Claim(urgent=True))))
    with held(holder):
        for thread in threads:
            thread.start()
        until(lambda: bool(client.exists("ammon:urgent:e")))
    for thread in threads:
        thread.join()
    assert order == ["urgent"] + ["usual"] * 6


def test_a_question_does_not_wait_for_places_of_others_for_ever(redis_server: RedisServer) -> None:
    one, other = (Pace("e", concurrency=1, url=redis_server.url) for _ in range(2))
    moment = time.monotonic() + 0.2
    with held(one), pytest.raises(TurnTooLate, match="processes"), other.turn(until=moment):
        pass
    assert time.monotonic() >= moment
