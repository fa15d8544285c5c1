"""A bell between the processes of one server: those that only answer ring it, the one that works
hears it.

The worker also polls for work; on a notification it looks at once.
"""

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Thread

from indexer.flow.post import Queue, Step
from kg.records import JSON


class Bell:
    """A `Post` that says "there is work" and no more; to be made before processes are forked."""

    def __init__(self) -> None:
        self._hears, self._rings = os.pipe()
        os.set_blocking(self._rings, False)

    def answer(self, wake: Callable[[], None]) -> None:
        """Call `wake` whenever it rings, from a thread of its own, as long as the process lives."""

        def listen() -> None:
            while os.read(self._hears, 4096):
                wake()

        Thread(target=listen, name="bell", daemon=True).start()

    def send(self, step: Step, message: Mapping[str, JSON]) -> bool:  # noqa: ARG002 - the port's
        """Ring, whatever the message."""
        with suppress(BlockingIOError):  # it is ringing already
            os.write(self._rings, b"!")
        return True

    def depth(self, queue: Queue) -> int:  # noqa: ARG002
        """It keeps no messages."""
        return 0

    def close(self) -> None:
        """Others may still ring: it stays as long as the process."""
