"""Who asks a model at the same time: many together, or one alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition


class Turns:
    """A readers-writer lock whose writers, those who ask alone, go first: the others would never
    leave a gap. Safe for several threads."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._together = 0
        self._waiting = 0
        """Of those who ask alone."""
        self._alone = False

    @contextmanager
    def together(self) -> Iterator[None]:
        """Ask while others may, too."""
        with self._changed:
            self._changed.wait_for(lambda: not (self._alone or self._waiting))
            self._together += 1
        try:
            yield
        finally:
            with self._changed:
                self._together -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Ask while nobody else does: wait until what is under way has ended."""
        with self._changed:
            self._waiting += 1
            try:
                self._changed.wait_for(lambda: not (self._alone or self._together))
                self._alone = True
            finally:
                self._waiting -= 1
        try:
            yield
        finally:
            with self._changed:
                self._alone = False
                self._changed.notify_all()
