"""A thread that verifies the contents of open snapshots, one after the other (see `soundness`)."""

from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Event, Thread

import structlog

from kg.errors import SnapshotDamaged, SnapshotError
from server.retrievers import soundness
from server.retrievers.opened import Opened

_log = structlog.get_logger(__name__)


class ContentsCheck:
    """Verifies each snapshot once after it was opened, until stopped."""

    def __init__(
        self,
        opened: Callable[[], Mapping[str, Opened]],
        condemned: Callable[[str, Opened], None],
    ) -> None:
        """`opened` returns the snapshots in use, by collection. `condemned` is called with a
        damaged one, so that it answers no further questions."""
        self._opened = opened
        self._condemned = condemned
        self._thread: Thread | None = None

    def start(self, stop: Event, every: float) -> None:
        """Check every `every` seconds, in the background, until `stop` is set."""
        self._thread = Thread(target=self._run, args=(stop, every), name="check", daemon=True)
        self._thread.start()

    def join(self, seconds: float) -> None:
        """Wait for the thread to end, for at most so many seconds."""
        if self._thread is not None:
            self._thread.join(seconds)
            self._thread = None

    def _run(self, stop: Event, every: float) -> None:
        checked: dict[str, Path] = {}
        while not stop.wait(every):
            for name, opened in list(self._opened().items()):
                if checked.get(name) == opened.path or stop.is_set():
                    continue
                checked[name] = opened.path
                try:
                    soundness.see_sound(opened.path, stop)
                except soundness.Stopped:
                    return
                except (SnapshotDamaged, FileNotFoundError) as error:
                    self._condemn(name, opened, error)
                except (SnapshotError, OSError) as error:
                    _log.warning("could not verify a snapshot", reason=str(error))

    def _condemn(self, collection: str, damaged: Opened, error: Exception) -> None:
        """Stop using a snapshot with damaged contents; one that was replaced meanwhile may simply
        be gone."""
        try:
            if damaged.folder.current() != damaged.name:
                return
        except SnapshotError:  # no usable snapshot is published anyway
            return
        soundness.condemn(damaged.path)
        self._condemned(collection, damaged)
        _log.error("snapshot damaged, no longer used", collection=collection, reason=str(error))
