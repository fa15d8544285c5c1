"""The layout of the data folder, and of snapshots below a URL if one is set.

ammon.sqlite                                 the store: truth
collections/<collection>/snapshots/<embedder>/
                                             snapshots of one collection made with one embedder;
                                             with a URL, the same path below it, and this a mirror
cache/embeddings.sqlite                      embeddings by content
answers/                                     chat models' answers on their way into the store

A collection's folder has its name and its identity: collections of one name in several stores, or
in one after the other, share nothing.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from kg.errors import SnapshotUnavailable
from kg.lock import file_lock, is_locked
from kg.records import Collection
from kg.snapshot import SnapshotFolder, Snapshots
from kg.snapshot.objects import Objects
from kg.snapshot.pointer import POINTER

_UNSAFE = re.compile(r"[^a-z0-9]+")
_IDENTITY = re.compile(r"[0-9a-z]{1,32}")
"""What a store may have written as one; anything else is a name in no path."""
_LONGEST_SLUG = 40
_PROBE = "collections/probe"
"""The key that is asked for to see whether there is an answer; no such file exists."""


@dataclass(frozen=True, slots=True)
class Folders:
    """The paths of one data folder."""

    root: Path
    objects: Objects | None = None
    """Where snapshots are kept for several machines; None: below the data folder."""

    @property
    def store(self) -> Path:
        """The SQLite store."""
        return self.root / "ammon.sqlite"

    @property
    def embeddings(self) -> Path:
        """The cache of embeddings."""
        return self.root / "cache" / "embeddings.sqlite"

    @property
    def answers(self) -> Path:
        """Chat models' answers on their way into the store."""
        return self.root / "answers"

    def snapshots(self, collection: Collection) -> Snapshots:
        """The snapshots of a collection made with its embedder."""
        return self._at(f"{_place(collection)}/{slug(collection.settings.embedder)}")

    def check(self) -> None:
        """Check that snapshots can be written at the URL, if one is set.

        Raises: SnapshotUnavailable.
        """
        if self.objects is not None:
            self.objects.check()

    def trouble(self) -> str:
        """Why the snapshots at the URL cannot be read at present, with the remedy; '' if they can,
        or if none is set. It is also logged when it begins, and when it is over."""
        try:
            if self.objects is not None:
                self.objects.see_in_use()
                with suppress(FileNotFoundError):
                    self.objects.read(_PROBE)
        except SnapshotUnavailable as error:
            return str(error)
        return ""

    def has_copies(self) -> bool:
        """Whether questions to any collection can be answered while the URL cannot be reached."""
        if self.objects is None:
            return False
        from kg.snapshot.mirror import Mirror

        url, found = self.objects.url, self.root.glob("collections/*/snapshots/*")
        return any(Mirror(SnapshotFolder(folder)).remembered(url) for folder in found)

    def hasten(self) -> None:
        """The process is about to end: from now on, do not wait long for a silent bucket."""
        if self.objects is not None:
            self.objects.hasten()

    def clear(self, collection: Collection) -> None:
        """Remove all snapshots and folders of a collection that is deleted from the store.

        Waits for processes on this machine that are publishing one. Raises: SnapshotUnavailable.
        """
        place = _place(collection)
        folder = self.root / place
        embedders = {path.name for path in _within(folder)}
        if self.objects is not None:
            self.objects.see_in_use()
            embedders.update(self.objects.folders(place))
        for embedder in sorted(embedders):
            of_embedder = self._at(f"{place}/{embedder}")
            with file_lock(of_embedder.lock, remove=True):
                of_embedder.clear()
            _tidy(folder / embedder)
        _remove_empty(folder, folder.parent)

    def sweep(self, collections: Callable[[], Iterable[Collection]]) -> int:
        """Remove this machine's copies of snapshots of deleted collections; return of how many
        collections. Copies in use at the moment stay, and so do those that have an original:
        another store's.

        `collections`: the existing ones; called after the copies have been listed. Raises:
        SnapshotUnavailable.
        """
        if self.objects is None:
            return 0
        found = [path for path in self.root.glob("collections/*") if path.is_dir()]
        present = {_folder(collection) for collection in collections()}
        gone = [path for path in found if path.name not in present]
        if gone:
            self.objects.see_in_use()
            gone = [path for path in gone if not self.objects.sizes(f"collections/{path.name}")]
        dropped = sum(self._drop(path / "snapshots") for path in gone)
        for path in gone:
            _remove_empty(path / "snapshots", path)
        return dropped

    def _drop(self, folder: Path) -> bool:
        """Whether there was something to remove."""
        dropped = False
        for path in _within(folder):
            copies = SnapshotFolder(path)
            if not path.is_dir() or is_locked(copies.lock):
                continue
            dropped = dropped or bool(copies.names()) or (path / POINTER).exists()
            with file_lock(copies.lock, remove=True):
                copies.clear()
            _tidy(path)
        return dropped

    def _at(self, place: str) -> Snapshots:
        here = SnapshotFolder(self.root / place)
        if self.objects is None:
            return here
        from kg.snapshot.mirror import Mirror
        from kg.snapshot.remote import RemoteSnapshots

        return RemoteSnapshots(self.objects, place, Mirror(here))


def _within(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except FileNotFoundError:
        return []


def _tidy(folder: Path) -> None:
    """Remove unused lock files, and the folder; if a lock is held, both stay."""
    for path in _within(folder):
        if path.suffix == ".lock" and not is_locked(path):
            with file_lock(path, remove=True):
                pass
    _remove_empty(folder)


def _remove_empty(*folders: Path) -> None:
    """Remove those folders that are empty; a process that needs one just then creates it again."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def _place(collection: Collection) -> str:
    return f"collections/{_folder(collection)}/snapshots"


def _folder(collection: Collection) -> str:
    """The name of a collection's folder."""
    return slug(collection.name, collection.identity)


def slug(name: str, identity: str = "") -> str:
    """A folder name for any name: readable, and safe on every file system. Unique by its end: the
    identity, or a hash of the name if there is none."""
    readable = _UNSAFE.sub("-", name.lower()).strip("-")[:_LONGEST_SLUG].strip("-")
    hashed = hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=4).hexdigest()
    mark = identity if _IDENTITY.fullmatch(identity) else hashed
    return f"{readable}-{mark}" if readable else mark
