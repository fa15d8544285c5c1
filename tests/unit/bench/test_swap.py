"""Whether swaps disturb questions."""

import json
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import ClassVar

from bench.load import Answer, Answers, Load
from bench.swap import ELSEWHERE, PUBLISHING, QUIET, Round, problems


def answers(ms: float, *, status: int = 200, revisions: int = 1, digest: str = "a") -> Answers:
    return Answers(
        [
            Answer(question=number, ms=ms, status=status, revision=revision, digest=digest)
            for revision in range(revisions)
            for number in range(10)
        ]
    )


def one_round(publishing: Answers) -> Round:
    return {QUIET: answers(5.0), ELSEWHERE: answers(10.0), PUBLISHING: publishing}


def test_twice_as_long_as_indexing_elsewhere_holds() -> None:
    assert problems([one_round(answers(20.0, revisions=2))] * 3) == []


def test_longer_than_that_does_not_hold_and_is_told() -> None:
    found = problems([one_round(answers(21.0, revisions=2))] * 3)
    assert found == [
        "of all rounds p99 is 2.10 times that of indexing elsewhere, not 2",
        "of the median round p99 is 2.10 times that of indexing elsewhere, not 2",
    ]


def test_a_question_that_failed_is_told() -> None:
    rounds = [one_round(answers(10.0, revisions=2)), one_round(answers(10.0, status=503))]
    assert "10 questions failed" in problems(rounds)


def test_two_answers_from_one_revision_are_told() -> None:
    rounds = [one_round(answers(10.0, revisions=2, digest="b"))]
    assert problems(rounds) == ["10 questions had two answers from one revision"]


def test_a_round_that_saw_nothing_new_is_told() -> None:
    rounds = [one_round(answers(10.0, revisions=2)), one_round(answers(10.0))]
    assert problems(rounds) == ["in 1 rounds nothing new was seen while publishing"]


class _Listener(BaseHTTPRequestHandler):
    heard: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.heard.append(json.loads(body)["question"])
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b'{"revision": 1, "hits": []}')

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_all_questions_are_asked_and_none_twice_in_one_spelling() -> None:
    _Listener.heard.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), _Listener) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        questions = [f"Who of them all is the one of number {number}?" for number in range(5)]
        load = Load(port=server.server_port, path="/", questions=questions, rate=400.0)
        found = [load.run(lambda seconds: seconds > 0.05) for _ in range(2)]
        server.shutdown()
    heard = _Listener.heard
    assert len(set(heard)) == len(heard) == sum(len(one.all) for one in found) > 20
    assert {" ".join(one.split()) for one in heard} == set(questions)
    assert all(one.failed == 0 for one in found)
    assert min(answer.question for one in found for answer in one.all) == 0


def test_a_swap_is_where_a_new_revision_answers_first() -> None:
    found = timed_answers([(0.0, 1), (0.5, 1), (0.6, 2), (0.7, 1), (0.8, 2), (1.5, 3)])
    assert found.swaps == [0.6, 1.5]


def test_questions_are_told_apart_by_their_time_from_a_swap() -> None:
    found = timed_answers([(0.0, 1), (0.5, 1), (0.6, 2), (0.8, 2), (1.5, 3)])
    assert [answer.due for answer in found.due(-0.25, 0.0).all] == [0.5]
    assert [answer.due for answer in found.due(0.0, 0.25).all] == [0.6, 0.8, 1.5]


def timed_answers(asked: list[tuple[float, int]]) -> Answers:
    """Of questions that were due then, by this revision."""
    return Answers(
        [
            Answer(question=0, ms=5.0, status=200, revision=revision, digest="", due=due)
            for due, revision in asked
        ]
    )


def test_two_servers_may_answer_otherwise_and_have_revisions_of_their_own() -> None:
    one = Answer(question=0, ms=5.0, status=200, revision=1, digest="a")
    found = Answers([one, replace(one, server=1, digest="b")])
    assert (found.mixed, found.revisions) == (0, 2)
