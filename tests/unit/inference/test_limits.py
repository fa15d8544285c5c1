"""Endpoints are called no faster than they allow, by all threads together."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from math import inf
from threading import Event, Thread

import pytest

from inference.chat import ORDINARY, CallWithdrawn, Claim, Message
from inference.openai_compatible import Endpoint, OpenAIChatModel
from inference.openai_compatible.limits import Pace
from inference.openai_compatible.turns import TurnTooLate
from kg.errors import SettingsInvalid
from tests.doubles.chat_server import Answer, ChatServer, Request
from tests.doubles.waiting import until

ASK = [Message(role="user", content="Where did Pavlov work?")]
BUSY = Answer(status=429, content="slow down", headers={"Retry-After": "0.5"})
LONG = 10**9
"""Seconds of a window that does not end during a test."""


def seconds_of(action: Callable[[], object]) -> float:
    start = time.monotonic()
    action()
    return time.monotonic() - start


def turn_now(pace: Pace, tokens: int = 0) -> None:
    """One that waits for nothing. Raises: TurnTooLate."""
    with pace.turn(tokens, until=time.monotonic()):
        pass


def take_turn(pace: Pace, tokens: int, claim: Claim) -> None:
    with pace.turn(tokens, claim=claim):
        pass


def turns(pace: Pace, number: int, tokens: int = 0) -> None:
    for _ in range(number):
        with pace.turn(tokens):
            pass


@pytest.fixture
def server() -> Iterator[ChatServer]:
    with ChatServer(lambda _: Answer(content="yes")) as server:
        yield server


def model_of(server: ChatServer, **changes: object) -> OpenAIChatModel:
    endpoint = Endpoint(base_url=server.url, model="m", wait_initial=0.001, wait_max=0.3)
    fields = {name: getattr(endpoint, name) for name in Endpoint.__dataclass_fields__}
    return OpenAIChatModel(Endpoint(**{**fields, **changes}))


def test_no_limit_makes_nobody_wait() -> None:
    pace = Pace("e", concurrency=1)
    for _ in range(100):
        turn_now(pace, tokens=10**9)


def test_requests_beyond_the_limit_wait_for_the_next_window() -> None:
    pace = Pace("e", concurrency=9, requests_per_minute=5, window_seconds=1)
    assert seconds_of(lambda: turns(pace, 11)) >= 0.99


def test_all_threads_together_keep_the_limit() -> None:
    pace = Pace("e", concurrency=9, requests_per_minute=10, window_seconds=1)

    def work() -> None:
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: turns(pace, 6), range(4)))

    assert seconds_of(work) >= 1.0


def test_tokens_are_counted_before_the_call_and_after_it() -> None:
    pace = Pace("e", concurrency=1, tokens_per_minute=100, window_seconds=LONG)
    turn_now(pace, 30)
    turn_now(pace, 30)
    pace.spent(20)
    with pytest.raises(TurnTooLate, match="100 per minute"):
        turn_now(pace, 30)
    turn_now(pace, 20)


def test_a_request_larger_than_the_limit_is_sent_all_the_same() -> None:
    turn_now(Pace("e", concurrency=1, tokens_per_minute=10, window_seconds=LONG), 10_000)


def test_an_endpoint_that_wants_rest_is_left_alone_by_every_thread(server: ChatServer) -> None:
    came: list[float] = []

    def rule(_: Request) -> Answer:
        came.append(time.monotonic())
        return BUSY if len(came) == 1 else Answer(content="yes")

    server.chat = rule
    model = model_of(server)
    first = Thread(target=model.complete, args=(ASK,))
    first.start()
    until(lambda: model._caller.pace._rest_until > 0.0)  # the first has its refusal
    model.complete(ASK)
    first.join()
    model.close()
    assert len(came) == 3
    assert min(later - came[0] for later in came[1:]) >= 0.5


def test_a_failure_without_a_wish_slows_everybody_too(server: ChatServer) -> None:
    server.chat = lambda _: Answer(status=503, content="overloaded")
    model = model_of(server, wait_initial=0.05, wait_max=0.2, attempts=4)
    began = time.monotonic()
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(model.complete, ASK) for _ in range(4)]
        assert all(call.exception() for call in calls)
    model.close()
    assert time.monotonic() - began >= 0.05 + 0.1 + 0.2, (
        "what several meet at once counts once, and adds up"
    )


def test_a_date_may_say_until_when(server: ChatServer) -> None:
    from datetime import UTC, datetime, timedelta
    from email.utils import format_datetime

    began = time.monotonic()
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    answers = [Answer(status=503, headers={"Retry-After": moment}), Answer(content="yes")]
    server.chat = lambda _: answers.pop(0)
    model = model_of(server)
    model.complete(ASK)
    model.close()
    assert time.monotonic() - began >= 0.9, "a date has no fractions of seconds"


def test_what_the_model_says_it_took_counts(server: ChatServer) -> None:
    server.chat = lambda _: Answer(content="yes", usage=(500, 400))
    model = model_of(server)
    pace = Pace("e", concurrency=1, tokens_per_minute=1000, window_seconds=LONG)
    model._caller.pace = pace
    model.complete(ASK)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(model.complete, [Message(role="user", content="x" * 1600)])
        try:
            time.sleep(0.3)  # time enough to be sent, if it could
            assert server.calls == 1, "900 are gone, and 400 more do not fit"
            turn_now(pace, 100)
        finally:
            pace._tokens._amount = 0  # let it go
        second.result(60)
    model.close()


def test_what_the_model_does_not_say_is_estimated_for_the_limit(server: ChatServer) -> None:
    server.chat = lambda _: Answer(content="x" * 1600, usage=None)
    model = model_of(server)
    pace = Pace("e", concurrency=1, tokens_per_minute=1000, window_seconds=LONG)
    model._caller.pace = pace
    model.complete([Message(role="user", content="x" * 2000)])
    model.close()
    turn_now(pace, 100)
    with pytest.raises(TurnTooLate), pace.turn(10, until=time.monotonic() + 0.1):
        pass


def test_limits_are_shared_in_a_redis_or_not_at_all() -> None:
    with pytest.raises(SettingsInvalid, match="not through 'amqp://"):
        Pace("e", concurrency=1, url="amqp://localhost")


def held(pace: Pace, pool: ThreadPoolExecutor, let_go: Event) -> None:
    """Another thread takes a place without haste, and keeps it until it is let go."""
    taken = Event()

    def hold() -> None:
        with pace.turn():
            taken.set()
            assert let_go.wait(60)

    pool.submit(hold)
    assert taken.wait(60)


def soon(seconds: float) -> float:
    return time.monotonic() + seconds


def test_where_nobody_asks_documents_have_all_places() -> None:
    pace, let_go = Pace("e", concurrency=4), Event()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            held(pace, pool, let_go)
        let_go.set()


def test_after_a_question_one_place_is_kept_for_the_next() -> None:
    pace, let_go = Pace("e", concurrency=4), Event()
    with pace.turn(until=soon(1)):
        pass
    with ThreadPoolExecutor(5) as pool:
        for _ in range(3):
            held(pace, pool, let_go)
        fourth = pool.submit(turns, pace, 1)
        time.sleep(0.1)
        with pace.turn(until=soon(1)):
            assert not fourth.done()
        let_go.set()
        fourth.result(60)


def test_a_question_goes_before_documents_that_wait_for_the_only_place() -> None:
    pace, let_go, order = Pace("e", concurrency=1), Event(), []

    def take(name: str, until: float) -> None:
        with pace.turn(until=until):
            order.append(name)

    with ThreadPoolExecutor(4) as pool:
        held(pace, pool, let_go)
        documents = pool.submit(take, "documents", inf)
        time.sleep(0.05)
        question = pool.submit(take, "question", soon(60))
        until(lambda: pace._slots._hurried == 1)
        let_go.set()
        documents.result(60)
        question.result(60)
    assert order == ["question", "documents"]


def test_what_is_urgent_goes_before_what_has_waited_longer() -> None:
    pace, let_go, order = Pace("e", concurrency=1), Event(), []

    def take(name: str, claim: Claim) -> None:
        with pace.turn(claim=claim):
            order.append(name)

    with ThreadPoolExecutor(4) as pool:
        held(pace, pool, let_go)
        usual = [pool.submit(take, "usual", ORDINARY) for _ in range(2)]
        time.sleep(0.05)
        urgent = pool.submit(take, "urgent", Claim(urgent=True))
        until(lambda: pace._slots._urgent == 1)
        let_go.set()
        for waiting in (*usual, urgent):
            waiting.result(60)
    assert order == ["urgent", "usual", "usual"]


def test_what_nobody_wants_any_more_gets_no_turn() -> None:
    pace, let_go, wanted = Pace("e", concurrency=1), Event(), Event()
    wanted.set()

    def take() -> None:
        with pace.turn(claim=Claim(wanted=wanted.is_set)):
            raise AssertionError("it was called")

    with ThreadPoolExecutor(2) as pool:
        held(pace, pool, let_go)
        waiting = pool.submit(take)
        time.sleep(0.05)
        wanted.clear()
        let_go.set()
        with pytest.raises(CallWithdrawn):
            waiting.result(60)
    turns(pace, 1)


def test_what_was_not_sent_gives_its_share_of_the_minute_back() -> None:
    pace, let_go, wanted = (
        Pace("e", concurrency=1, requests_per_minute=3, tokens_per_minute=100, window_seconds=LONG),
        Event(),
        Event(),
    )
    wanted.set()
    with ThreadPoolExecutor(2) as pool:
        held(pace, pool, let_go)
        withdrawn = pool.submit(take_turn, pace, 90, Claim(wanted=wanted.is_set))
        until(lambda: pace._tokens._alone.get_window_stats(pace._tokens._item, "e tokens")[1] < 90)
        with pytest.raises(TurnTooLate, match="connections"):
            turn_now(pace)
        wanted.clear()
        let_go.set()
        with pytest.raises(CallWithdrawn):
            withdrawn.result(60)
    turn_now(pace, tokens=90)
    turn_now(pace)
    with pytest.raises(TurnTooLate, match="3 per minute"):
        turn_now(pace)


def test_what_was_sent_gives_nothing_back() -> None:
    pace = Pace("e", concurrency=1, requests_per_minute=1, window_seconds=LONG)
    with pytest.raises(CallWithdrawn), pace.turn():
        raise CallWithdrawn
    with pytest.raises(TurnTooLate, match="1 per minute"):
        turn_now(pace)


def test_what_nobody_wants_any_more_waits_for_no_minute_nor_pause() -> None:
    looks = iter([True, True, False])
    used_up = Pace("e", concurrency=1, requests_per_minute=1, window_seconds=LONG)
    turns(used_up, 1)
    with pytest.raises(CallWithdrawn), used_up.turn(claim=Claim(wanted=lambda: next(looks))):
        pass
    resting = Pace("f", concurrency=1)
    resting.slow_down(LONG)
    looks = iter([True, True, False])
    with pytest.raises(CallWithdrawn), resting.turn(claim=Claim(wanted=lambda: next(looks))):
        pass


def test_a_question_waits_for_no_place_longer_than_it_can() -> None:
    pace, let_go = Pace("e", concurrency=1), Event()
    with ThreadPoolExecutor(1) as pool:
        held(pace, pool, let_go)
        with pytest.raises(TurnTooLate, match="connections"), pace.turn(until=soon(0.1)):
            pass
        let_go.set()
    turns(pace, 1)


def test_a_tenth_of_a_minute_s_tokens_is_kept_for_questions_once_there_are_some() -> None:
    pace = Pace("e", concurrency=1, tokens_per_minute=100, window_seconds=LONG)
    with pace.turn(1, until=soon(1)):
        pass
    turns(pace, 1, tokens=80)
    with ThreadPoolExecutor(1) as pool:
        documents = pool.submit(turns, pace, 1, 15)
        try:
            time.sleep(0.3)
            with pace.turn(9, until=soon(1)):
                assert not documents.done()
        finally:
            pace._tokens._amount = 0  # let it go


def test_a_question_waits_for_no_minute_longer_than_it_can() -> None:
    pace = Pace("e", concurrency=1, requests_per_minute=1, window_seconds=LONG)
    turns(pace, 1)
    with pytest.raises(TurnTooLate, match="1 per minute"), pace.turn(until=soon(0.1)):
        pass


def test_models_at_one_endpoint_keep_its_limits_together(server: ChatServer) -> None:
    """The model that reads documents and the one that helps with questions are made apart."""
    server.chat = lambda _: Answer(content="yes", delay=0.02)
    models = [model_of(server, concurrency=1) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda model: [model.complete(ASK) for _ in range(3)], models))
    for model in models:
        model.close()
    assert server.calls == 12
    assert server.most_at_once == 1
