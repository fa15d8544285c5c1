"""A chat model that finds capitalised names, and a book of every answer that it gave."""

import json
import re
import time
from collections import defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf
from threading import Condition, Lock

from tests.doubles.chat_server import Answer, ChatServer, Request

_NAME = re.compile(r"\b[A-Z]\w+")


@dataclass(kw_only=True)
class Ledger:
    """Answers by rule after a fixed time, or when a test lets it; knows which question it answered
    when."""

    seconds: float = 0.2
    asked: int = 0
    """How many questions came."""
    answered: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Question -> when its answers were sent (time.time()) to clients that read their last byte. An
    answer whose client was killed before it took it from its connection was never received."""
    unread: int = 0
    """How many such answers there were."""
    _lock: Lock = field(default_factory=Lock)
    _gate: Condition = field(default_factory=Condition)
    _left: float = inf
    """How many answers may be given."""

    def pause(self) -> None:
        """Answer nothing, and no question that came, until told to."""
        self.answer(0)

    def answer(self, times: float = inf) -> None:
        """Answer again, also what came meanwhile, so many times."""
        with self._gate:
            self._left = times
            self._gate.notify_all()

    def __call__(self, request: Request) -> Answer:
        """The rule."""
        with self._lock:
            self.asked += 1
        time.sleep(self.seconds)
        with self._gate:
            self._gate.wait_for(lambda: self._left > 0)
            self._left -= 1
        asked = request.body["messages"][-1]["content"]
        text = asked.partition("</passage>")[0]
        names = list(dict.fromkeys(_NAME.findall(text)))
        if "Named entities:" in asked:
            rows = [[one, "knows", other] for one, other in pairwise(names)]
            said = json.dumps({"triples": rows})
        else:
            said = json.dumps({"entities": [{"name": name, "type": "person"} for name in names]})
        if request.gone():
            return Answer(content=said)
        moment: list[float] = []
        return Answer(
            content=said,
            sent=lambda when: self._note(asked, moment, when),
            lost=lambda: self._strike(asked, moment),
        )

    def _note(self, asked: str, moment: list[float], when: float) -> None:
        with self._lock:
            moment.append(when)
            self.answered[asked] += moment

    def _strike(self, asked: str, moment: list[float]) -> None:
        with self._lock:
            self.answered[asked].remove(moment[0])
            self.unread += 1

    @property
    def calls(self) -> int:
        """How many answers were given."""
        with self._lock:
            return sum(len(times) for times in self.answered.values())

    @property
    def last(self) -> float:
        """When the last answer was given (time.time()); 0 if none was."""
        with self._lock:
            return max((max(times, default=0.0) for times in self.answered.values()), default=0.0)

    def doubled(self) -> list[tuple[float, float]]:
        """When an answer was given that had been given before, and when that was."""
        with self._lock:
            return [
                (first, again)
                for times in self.answered.values()
                for first, again in pairwise(times)
            ]


def ledger_server(ledger: Ledger) -> ChatServer:
    """The model, to be served."""
    return ChatServer(ledger)
