"""A doorbell between the processes of one server: those that only answer questions ring it when
they have queued documents, and the one that indexes looks for work at once.

It is only a shortcut: that process also polls for work.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread

from indexer.flow.broker import Queue, Step
from kg.records import JSON


class Bell:
    """A `Broker` that only says "there is work". It must be created before the processes are
    forked."""

    def __init__(self) -> None:
        self._hears, self._rings = os.pipe()
        os.set_blocking(self._rings, False)

    def answer(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever it rings, from a new thread, as long as the process lives."""

        def listen() -> None:
            while os.read(self._hears, 4096):
                wake()

        Thread(target=listen, name="bell", daemon=True).start()

    def send(self, step: Step, message: Mapping[str, JSON]) -> bool:  # noqa: ARG002 - the port's
        """Ring, whatever the message."""
        with suppress(BlockingIOError):  # the pipe is full: it is ringing already
            os.write(self._rings, b"!")
        return True

    def depth(self, queue: Queue) -> int:  # noqa: ARG002
        """Always 0: a bell stores no messages."""
        return 0

    def close(self) -> None:
        """Nothing: other processes may still ring it."""
