"""Where things lie below the data folder.

ammon.sqlite                                 the store: truth
collections/<name>/snapshots/<embedder>/     snapshots of one collection made with one embedder
cache/embeddings.sqlite                      embeddings by content
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from kg.lock import file_lock
from kg.records import Collection
from kg.snapshot import SnapshotFolder

_UNSAFE = re.compile(r"[^a-z0-9]+")
_LONGEST_SLUG = 40


@dataclass(frozen=True, slots=True)
class Folders:
    """The paths of one data folder."""

    root: Path

    @property
    def store(self) -> Path:
        """The SQLite store."""
        return self.root / "ammon.sqlite"

    @property
    def embeddings(self) -> Path:
        """The cache of embeddings."""
        return self.root / "cache" / "embeddings.sqlite"

    def snapshots(self, collection: Collection) -> SnapshotFolder:
        """The snapshots of a collection made with its embedder."""
        return SnapshotFolder(self._snapshots(collection.name) / slug(collection.settings.embedder))

    def clear(self, collection: str) -> None:
        """Remove all snapshots of a collection that is gone from the store.

        Waits for whoever is publishing one. The files that are locked for it stay.
        """
        folder = self._snapshots(collection)
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            of_embedder = SnapshotFolder(path)
            with file_lock(of_embedder.lock):
                of_embedder.clear()

    def _snapshots(self, collection: str) -> Path:
        return self.root / "collections" / slug(collection) / "snapshots"


def slug(name: str) -> str:
    """A folder's name for any name: readable, different for different names, safe everywhere."""
    readable = _UNSAFE.sub("-", name.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    mark = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    return f"{readable}-{mark}" if readable else mark
