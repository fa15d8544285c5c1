"""What is to be done again every so often, in a thread of its own, while something else runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from kg.errors import AmmonError

_log = structlog.get_logger(__name__)


@contextmanager
def beating(
    beat: Callable[[], object],
    seconds: float,
    *,
    at_once: bool = False,
    failure: str = "lease not extended",
) -> Iterator[None]:
    """Call `beat` every so many seconds while the body runs, however long that takes.

    A beat that fails is logged as `failure`: the next one may go better.
    """
    done = Event()

    def run() -> None:
        stopped = done.wait(0 if at_once else seconds)
        while not stopped:
            try:
                beat()
            except (AmmonError, OSError) as error:
                _log.warning(failure, reason=str(error))
            stopped = done.wait(seconds)

    thread = Thread(target=run, name="heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
