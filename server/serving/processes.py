"""Pre-forking: several identical processes, forked from one that has loaded what they need, and
replaced when they die.

They share the memory of everything loaded before the fork, page by page, until one of them writes
to it. Nothing that does not survive a fork may be open by then: no threads, connections or
transactions.
"""

import gc
import logging
import multiprocessing
import os
import signal
import socket
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import connection
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Self

from inference.free_memory import give_back
from kg.errors import SettingsInvalid

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_BRIEF_SECONDS, _MOST_BRIEF, _WITHIN_SECONDS = 10.0, 5, 60.0
"""If `_MOST_BRIEF` processes that lived less than `_BRIEF_SECONDS` die within `_WITHIN_SECONDS`,
something is wrong with all of them."""
_PAUSE_SECONDS = 1.0
_STOP_SECONDS = 90.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Child:
    process: BaseProcess
    started: float


class Processes:
    """Runs processes until all are asked to stop. For the main thread."""

    def __init__(self, count: int, work: Callable[[int], None]) -> None:
        """`work` is called in each process with its number, 0 to count - 1; SIGTERM and SIGINT have
        their default handlers there. Raises: SettingsInvalid where processes cannot be forked."""
        if "fork" not in multiprocessing.get_all_start_methods():
            raise SettingsInvalid(
                "Several processes need a system that can fork, such as Linux: set `processes` "
                "to 1."
            )
        self._count = count
        self._work = work
        self._children: dict[int, _Child] = {}
        self._lifeline = _Lifeline()

    def run(self, begun: Callable[[], object]) -> bool:
        """Run until SIGTERM or SIGINT arrives; it is passed on to each process, and their ends are
        awaited.

        `begun` is called in this process once all have started, to release what now belongs to
        them. Returns False if they ended on their own: one after the other died right after
        starting.
        """
        _settle()
        with _Told() as told, self._lifeline:
            try:
                for number in range(self._count):
                    self._start(number)
                begun()
                return self._watch(told)
            finally:
                self._end()

    def _watch(self, told: "_Told") -> bool:
        brief: list[float] = []
        while True:
            sentinels = [child.process.sentinel for child in self._children.values()]
            if told.readable in connection.wait([told.readable, *sentinels]):
                return True
            for number, child in list(self._children.items()):
                if child.process.exitcode is None:
                    continue
                _log.error(
                    "process %d ended (%s), starting another",
                    child.process.pid,
                    child.process.exitcode,
                )
                now = time.monotonic()
                if now - child.started < _BRIEF_SECONDS:
                    brief = [*(one for one in brief if now - one < _WITHIN_SECONDS), now]
                    if len(brief) == _MOST_BRIEF:
                        _log.error("processes end right after starting: see the errors above")
                        return False
                    if connection.wait([told.readable], _PAUSE_SECONDS):
                        return True
                self._start(number)

    def _start(self, number: int) -> None:
        context = multiprocessing.get_context("fork")
        process = context.Process(target=self._child, args=(number,), name=f"server-{number}")
        # Signals are blocked until the child is ready for them.
        signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
        try:
            with warnings.catch_warnings():
                # A warning about threads: those of matrix libraries, which handle forks.
                warnings.simplefilter("ignore", DeprecationWarning)
                process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        self._children[number] = _Child(process, time.monotonic())

    def _child(self, number: int) -> None:
        self._lifeline.let_go()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        Thread(target=self._lifeline.end_with_it, name="parent", daemon=True).start()
        with suppress(KeyboardInterrupt):
            self._work(number)

    def _end(self) -> None:
        for child in self._children.values():
            child.process.terminate()
        until = time.monotonic() + _STOP_SECONDS
        for child in self._children.values():
            child.process.join(max(until - time.monotonic(), 0.0))
            if child.process.exitcode is None:
                child.process.kill()
                child.process.join()


class _Told:
    """Becomes readable when SIGTERM or SIGINT arrives, in whichever thread."""

    def __enter__(self) -> Self:
        self.readable, self._writing = socket.socketpair()
        self._writing.setblocking(False)
        self._former_fd = signal.set_wakeup_fd(self._writing.fileno())
        self._former = {number: signal.signal(number, _noted) for number in _SIGNALS}
        return self

    def __exit__(self, *_: object) -> None:
        for number, former in self._former.items():
            signal.signal(number, former)
        signal.set_wakeup_fd(self._former_fd)
        self.readable.close()
        self._writing.close()


class _Lifeline:
    """A pipe that only the parent can write to: when the parent dies, all children notice at once.

    (`multiprocessing` makes such a pipe for each child, but each child inherits those of earlier
    children and keeps them open, so the children would notice one after the other.)
    """

    def __enter__(self) -> Self:
        self._reading, self._writing = os.pipe()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._reading)
        os.close(self._writing)

    def let_go(self) -> None:
        """Must be called first in a child process."""
        os.close(self._writing)

    def end_with_it(self) -> None:
        """Stop this process in good order when its parent is gone; kill it if that takes too
        long."""
        os.read(self._reading, 1)
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(_STOP_SECONDS)
        os.kill(os.getpid(), signal.SIGKILL)


def _settle() -> None:
    """Prepare memory for being shared."""
    gc.collect()
    gc.freeze()  # the garbage collector would write to the pages of all objects
    give_back()  # otherwise each process would fill its own copy of free pages


def _noted(*_: object) -> None:
    """Do nothing: the signal's number has been written to the socket."""
