"""How a worker ends when its broker or a model hangs.

On shutdown the broker's client says goodbye to the broker, and waits for the answer, however long
that takes. Nothing depends on the answer: what the worker held is leased, and any message may be
delivered twice. So once the work is done, the client gets a few seconds, and is then interrupted. A
second signal interrupts it at once, whether there is work left or not.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, main_thread

import structlog

LEAVE_SECONDS = 4.0
"""Seconds for the client to end in, once no work is in progress."""
WORK_SECONDS = 40.0
"""Seconds for the work to end in. A model that hangs is abandoned then, before the process would be
killed (docker-compose.yml gives it 60 s); its work is done again later."""
_LOOK_SECONDS = 0.25
_log = structlog.get_logger(__name__)


class Interrupted(BaseException):
    """Raised in the main thread, at any point; only `interruptible` handles it."""


def interruptible(work: Callable[[], object]) -> bool:
    """Do the work, in the main thread; False if it was interrupted (see `interrupt_after`)."""
    over = Event()

    def interrupt(*_: object) -> None:
        if not over.is_set():
            over.set()
            raise Interrupted

    signal.signal(signal.SIGALRM, interrupt)  # stays installed: a late signal does nothing
    try:
        work()
        over.set()
    except Interrupted:
        return False
    return True


def interrupt_on(*signals: signal.Signals) -> None:
    """From now on these signals also interrupt `interruptible` work. Call it in the main thread."""
    for number in signals:
        signal.signal(number, signal.getsignal(signal.SIGALRM))


@contextmanager
def interrupt_after(
    busy: Callable[[], bool], seconds: float = LEAVE_SECONDS, *, work: float = WORK_SECONDS
) -> Iterator[None]:
    """Interrupt `interruptible` work if the body still runs `seconds` after the last time that
    `busy()` was true, or in any case after `work` seconds."""
    done = Event()

    def watch() -> None:
        # Not by the caller, who may be a signal handler: those must not log.
        _log.info("shutting down once work in progress is done; a second signal abandons it")
        idle, until = 0.0, time.monotonic() + work
        while idle < seconds and time.monotonic() < until:
            if done.wait(_LOOK_SECONDS):
                return
            idle = 0.0 if busy() else idle + _LOOK_SECONDS
        signal.pthread_kill(main_thread().ident or 0, signal.SIGALRM)

    Thread(target=watch, name="forced exit", daemon=True).start()
    try:
        yield
    finally:
        done.set()
