"""Questions over HTTP at a constant rate, whatever the server does."""

import hashlib
import http.client
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from threading import Lock

from bench.measure import percentile


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """One question, asked and answered."""

    question: int
    ms: float
    """From when it was due, so that a wait for the questions before it counts."""
    status: int
    """Of HTTP; 0 if the connection failed."""
    revision: int
    digest: str
    """Of the hits."""
    due: float = 0.0
    """When it was to be asked, by `time.perf_counter`."""
    server: int = 0
    """Which one was asked."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What came of a phase of constant load."""

    all: Sequence[Answer]

    @property
    def swaps(self) -> list[float]:
        """When the first question was due that a new revision answered, for each but the first."""
        first: dict[int, float] = {}
        for answer in sorted(self.all, key=lambda one: one.due):
            if answer.status == 200:
                first.setdefault(answer.revision, answer.due)
        return sorted(first.values())[1:]

    def due(self, since: float, until: float) -> "Answers":
        """Those to questions due between so many seconds after a swap (before it: less than 0)."""
        swaps = self.swaps
        return Answers(
            [one for one in self.all if any(since <= one.due - swap < until for swap in swaps)]
        )

    @property
    def failed(self) -> int:
        """Questions without an answer."""
        return sum(answer.status != 200 for answer in self.all)

    @property
    def revisions(self) -> int:
        """How many revisions answered."""
        return len({(one.server, one.revision) for one in self.all if one.status == 200})

    @property
    def mixed(self) -> int:
        """Pairs of a question and a server's revision that had more than one answer."""
        found = defaultdict(set)
        for answer in self.all:
            if answer.status == 200:
                key = answer.server, answer.question, answer.revision
                found[key].add(answer.digest)
        return sum(len(digests) > 1 for digests in found.values())

    def ms(self, percent: float) -> float:
        """A percentile of the time of one answer."""
        return percentile([answer.ms for answer in self.all], percent)


def respelled(question: str, number: int) -> str:
    """The same question with tabs for some of its blanks, others for each number: a model's tokens
    are the same, and so are the lengths of its clauses."""
    first, *others = question.split(" ")
    gaps = (" \t"[number >> place & 1] for place in range(len(others)))
    return first + "".join(gap + word for gap, word in zip(gaps, others, strict=True))


@dataclass(frozen=True, kw_only=True, slots=True)
class Load:
    """Asks all questions, and all again in another spelling: nothing that is remembered of a text
    helps, and the answer is the same."""

    port: int
    path: str
    questions: Sequence[str]
    rate: float
    """Questions a second."""
    connections: int = 4
    server: int = 0
    """A number for it, where several are asked."""
    delay: float = 0.0
    """Seconds by which all is asked later: not in the same moment as another server."""
    asked: Iterator[int] = field(default_factory=count)
    """Each run goes on with the question after the last one's."""

    def run(self, until: Callable[[float], bool]) -> Answers:
        """Ask until `until` (of the seconds that passed) is true."""
        numbers, lock, found = count(), Lock(), list[Answer]()
        started = time.perf_counter() + self.delay

        def ask() -> None:
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            while not until(time.perf_counter() - started):
                with lock:
                    number, asked = next(numbers), next(self.asked)
                due = started + number / self.rate
                time.sleep(max(due - time.perf_counter(), 0.0))
                found.append(self._ask(connection, asked, due))
            connection.close()

        with ThreadPoolExecutor(self.connections) as pool:
            for future in [pool.submit(ask) for _ in range(self.connections)]:
                future.result()
        return Answers(found)

    def _ask(self, connection: http.client.HTTPConnection, number: int, due: float) -> Answer:
        times, question = divmod(number, len(self.questions))
        text = respelled(self.questions[question], times)
        body = json.dumps({"question": text, "k": 10, "explain": False})
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", self.path, body, headers)
            response = connection.getresponse()
            status, said = response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            status, said = 0, {}
        hits = json.dumps(said.get("hits"), sort_keys=True)
        return Answer(
            question=question,
            ms=1000 * (time.perf_counter() - due),
            status=status,
            revision=said.get("revision", -1),
            digest=hashlib.sha256(hits.encode()).hexdigest(),
            due=due,
            server=self.server,
        )
