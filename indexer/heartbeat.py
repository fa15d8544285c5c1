"""What is to be done again every so often, in a thread of its own, while something else runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

import structlog

from kg.errors import AmmonError

_log = structlog.get_logger(__name__)


@contextmanager
def beating(
    beat: Callable[[], object], seconds: float, name: str, *, failure: str, at_once: bool = False
) -> Iterator[None]:
    """Call `beat` every so many seconds while the body runs, however long that takes.

    The thread has this name. A beat that fails, for whatever reason, is logged as `failure`, unless
    the one that failed before it did so for the same reason: the next one may go better.
    """
    done = Event()

    def run() -> None:
        told = None
        stopped = done.wait(0 if at_once else seconds)
        while not stopped:
            try:
                beat()
            except (AmmonError, OSError) as error:
                if str(error) != told:
                    told = str(error)
                    _log.warning(failure, reason=told)
            except Exception as error:  # the outermost boundary of a thread
                if repr(error) != told:
                    told = repr(error)
                    _log.exception(failure)
            stopped = done.wait(seconds)

    thread = Thread(target=run, name=name, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
