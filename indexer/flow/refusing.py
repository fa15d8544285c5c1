"""What this worker refuses is left to the others.

A refused message is not sent on at once: where nobody else is free it comes straight back. Until
then it is kept here, at the cost of no thread that takes steps, so that these go on with what they
can do. What a process that dies had kept is found in the store, as any message that was lost.
"""

import time
from collections import deque
from collections.abc import Mapping
from threading import Condition, Thread
from typing import Any

import structlog

from indexer.flow.batches import Batch
from indexer.flow.broker import Step
from indexer.flow.pauses import Pauses
from indexer.flow.tools import Tools
from indexer.refusals import RefusedStep
from kg.errors import AmmonError

MOST_KEPT = 8
"""Messages of documents at once: they are out of the others' reach meanwhile, and held."""
MOST_KEPT_TEXTS = 256
"""Messages at once that hold up no document, with at most 32,768 characters each."""
_KIND_OF: Mapping[Step, RefusedStep] = {
    "extract": "extract",
    "urgent": "extract",
    "commit": "prepare",
    "embed": "embed",
    "publish": "publish",
}
"""What a worker refuses that cannot do such a step for a collection."""
ROUNDS = 10
"""How often a message that workers refuse comes back, where it is asked for again without it."""

_log = structlog.get_logger(__name__)


class Refusing:
    """Refuses messages, and hands them back. Safe for several threads; one a process."""

    def __init__(self, tools: Tools, pauses: Pauses) -> None:
        """Keep nothing yet."""
        self._tools = tools
        self._pauses = pauses
        self._kept: deque[tuple[float, Step, Mapping[str, Any]]] = deque()
        """When they go back, and what."""
        self._room = {False: MOST_KEPT, True: MOST_KEPT_TEXTS}
        """For how many more there is room; True: of those that hold up no document."""
        self._changed = Condition()
        self._thread: Thread | None = None
        """Sends them; there while anything is kept."""

    def refuses(self, step: Step, message: Mapping[str, Any]) -> bool:
        """Whether this worker leaves it to others."""
        kind = _KIND_OF.get(step)
        return kind is not None and message["collection"] in self._pauses.refused(kind)

    def hand_back(self, step: Step, message: Mapping[str, Any]) -> None:
        """Leave a message to the others, in a moment. It waits for nothing, unless so much is
        refused at once that there is no room: then for that moment, so that nothing goes round and
        round without a pause."""
        optional = _is_optional(step)
        if optional:
            # The sweeper asks for a snapshot again, which embeds what is not embedded yet.
            rounds = message.get("rounds", 0) + 1
            if rounds > ROUNDS:
                return
            message = {**message, "rounds": rounds}
        with self._changed:
            self._changed.wait_for(lambda: self._room[optional] > 0)
            self._room[optional] -= 1
            self._kept.append((time.monotonic() + self._tools.times.refuse, step, message))
            if self._thread is None:
                self._thread = Thread(target=self._run, name="hand back", daemon=True)
                self._thread.start()

    def join(self, timeout: float | None = None) -> None:
        """Wait until nothing is kept: a moment, or less if the process is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._thread is None, timeout)

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._kept:
                    self._thread = None
                    self._changed.notify_all()
                    return
                until, step, message = self._kept[0]
            self._tools.stop.wait(max(until - time.monotonic(), 0.0))
            try:
                self._send(step, message)
            except AmmonError as error:  # whoever holds the documents finds them
                _log.warning("not handed back", step=step, reason=str(error))
            except Exception:  # the outermost boundary of a thread
                _log.exception("not handed back", step=step)
            with self._changed:
                self._kept.popleft()
                self._room[_is_optional(step)] += 1
                self._changed.notify_all()

    def _send(self, step: Step, message: Mapping[str, Any]) -> None:
        documents = step in ("extract", "urgent")
        if documents and not self._pauses.others_do_well(message["collection"]):
            self._put_back(Batch.of(message))
        else:
            self._tools.broker.send(step, message)

    def _put_back(self, batch: Batch) -> None:
        """Where nobody is known to do better, documents wait in the store, with the reason: going
        round in the broker they would keep other collections' out."""
        reason = self._pauses.why_refused(batch.collection, "extract")
        self._tools.queue.release(list(batch.own), worker=batch.worker, reason=reason)
        self._tools.broker.send("prepare", {})


def _is_optional(step: Step) -> bool:
    """Whether a step holds up no document: without it only snapshots take longer."""
    return step in ("embed", "publish")
