"""How a worker ends whose broker says nothing.

The broker's client takes leave of the broker when it ends, and waits for its answer, however long.
Nothing depends on that answer: what the worker held is leased, and any message may come twice. So
once the work is done the client has a few seconds; then whatever it is at is interrupted. So it is,
work or not, by whoever asks for the end once more.
"""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread, main_thread

LEAVE_SECONDS = 4.0
"""For the client to end in, once no work is under way."""
WORK_SECONDS = 40.0
"""For work to end in: a model that hangs is left then, in time before systems kill (Compose is told
to do so after 60 s). What it answers later is asked for again."""
_LOOK_SECONDS = 0.25


class LetGo(BaseException):
    """Raised in the main thread, in the midst of anything; nobody else is to handle it."""


def interruptible(work: Callable[[], object]) -> bool:
    """Do it, in the main thread; False if it was interrupted (see `let_go_after`)."""
    over = Event()

    def interrupt(*_: object) -> None:
        if not over.is_set():
            over.set()
            raise LetGo

    signal.signal(signal.SIGALRM, interrupt)  # it stays: one that comes too late does nothing
    try:
        work()
        over.set()
    except LetGo:
        return False
    return True


def interrupt_on(*signals: signal.Signals) -> None:
    """From now on these signals, too, interrupt what is `interruptible`. In the main thread."""
    for number in signals:
        signal.signal(number, signal.getsignal(signal.SIGALRM))


@contextmanager
def let_go_after(
    busy: Callable[[], bool], seconds: float = LEAVE_SECONDS, *, work: float = WORK_SECONDS
) -> Iterator[None]:
    """Interrupt what is `interruptible` if the body still runs so many seconds after the last time
    that it was busy, or busy after `work` seconds."""
    done = Event()

    def watch() -> None:
        idle, until = 0.0, time.monotonic() + work
        while idle < seconds and time.monotonic() < until:
            if done.wait(_LOOK_SECONDS):
                return
            idle = 0.0 if busy() else idle + _LOOK_SECONDS
        signal.pthread_kill(main_thread().ident or 0, signal.SIGALRM)

    Thread(target=watch, name="letting go", daemon=True).start()
    try:
        yield
    finally:
        done.set()
