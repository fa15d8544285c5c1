"""What a process keeps in mind of one collection whose questions it answers."""

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

from kg.records import Collection
from server.retrievers.opened import Opened


@dataclass(slots=True)
class Tracked:
    """One collection, as `Retrievers` sees it."""

    asked: Collection | None = None
    """The collection as it was when a question was last asked; None: never."""
    asked_at: float = 0.0
    """When that was, by `time.monotonic`."""
    opened: Opened | None = None
    """The snapshot that answers its questions."""
    ready: Opened | None = None
    """A snapshot that another process opened and passed on; used once, if it is still current."""
    refused: Path | None = None
    """The folder of a snapshot that was found damaged when it was opened."""
    last_error: str = ""
    """Of the watch's last look at this collection, so that it is logged once; '' if none."""
    opening: Lock = field(default_factory=Lock)
    """Held by the thread that opens a snapshot."""
