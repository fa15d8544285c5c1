"""Snapshots at a URL, for servers on several machines, and each machine's mirror of them.

    <url>/<place>/CURRENT                      the name of the current snapshot
    <url>/<place>/r0000000007-1f2e3d4c/…       its files; the manifest comes last

A snapshot is written into the mirror and uploaded file by file under a unique name; it is complete
once its manifest is there. It is published by a conditional put of `CURRENT`, which fails if
somebody else has replaced it. To be opened, it is first downloaded into the mirror, where all
processes of a machine map the same files.
"""

import hashlib
import re
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog

from kg.errors import SnapshotDamaged, SnapshotError, SnapshotMissing, SnapshotUnavailable
from kg.snapshot.container import (
    AGAIN,
    MANIFEST,
    NONE_YET,
    VERIFY_UP_TO_BYTES,
    Manifest,
    SnapshotReader,
    SnapshotWriter,
)
from kg.snapshot.mirror import Mirror
from kg.snapshot.objects import Objects
from kg.snapshot.pointer import POINTER, pointed_at

UNFINISHED_SECONDS = 24 * 3600.0
"""An upload without activity for so long belongs to a builder that died."""
_AT_ONCE = 8
_FILE = re.compile(r"[a-z0-9_]+([.-][a-z0-9_]+)*\.npy", re.IGNORECASE)

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RemoteSnapshots:
    """`Snapshots` at a URL, with a mirror in a folder of this machine."""

    objects: Objects
    place: str
    """The folder below the URL."""
    mirror: Mirror

    @property
    def path(self) -> Path:
        """The mirror's folder."""
        return self.mirror.folder.path

    @property
    def lock(self) -> Path:
        """See `Snapshots`: one builder at a time works on this machine."""
        return self.mirror.folder.lock

    @property
    def lease(self) -> str:
        """See `Snapshots`: one builder at a time works on all machines."""
        return f"publish {self.place}"

    def write(self, revision: int, fill: Callable[[SnapshotWriter], None]) -> str:
        """See `Snapshots`."""
        self.objects.see_in_use()
        name = self.mirror.folder.write(revision, fill)
        try:
            _for_all(self.mirror.folder.manifest(name).files, lambda file: self._upload(name, file))
            self._upload(name, MANIFEST)
        except SnapshotError:
            shutil.rmtree(self.path / name, ignore_errors=True)
            raise
        return name

    def publish(self, name: str) -> None:
        """See `Snapshots`."""
        self.manifest(name)
        self.objects.write(self._key(POINTER), name.encode())
        self.mirror.remember(self.objects.url, name)

    def publish_over(self, seen: str | None, name: str) -> bool:
        """See `Snapshots`."""
        self.manifest(name)
        expected = self._unreadable_pointer() if seen is None else seen.encode()
        if not self.objects.write_over(self._key(POINTER), expected, name.encode()):
            return False
        self.mirror.remember(self.objects.url, name)
        return True

    def current(self) -> str | None:
        """See `Snapshots`: asks the object store, unless that could not be reached just now."""
        trouble = self.objects.trouble
        if not trouble:
            try:
                self.objects.see_in_use()
                data = self.objects.read(self._key(POINTER))
            except FileNotFoundError:
                self.mirror.forget(self.objects.url)
                return None
            except SnapshotUnavailable as error:
                trouble = str(error)
            else:
                name = pointed_at(data, self._where(POINTER))
                self.mirror.remember(self.objects.url, name)
                return name
        remembered = self.mirror.remembered(self.objects.url)
        if remembered is None:
            raise SnapshotUnavailable(trouble)
        return remembered

    def _unreadable_pointer(self) -> bytes | None:
        """The contents of `CURRENT` if they are not a snapshot's name: it may then be replaced as
        if it did not exist."""
        try:
            data = self.objects.read(self._key(POINTER))
            pointed_at(data, self._where(POINTER))
        except FileNotFoundError:
            return None
        except SnapshotDamaged:
            return data
        return None

    def manifest(self, name: str) -> Manifest:
        """See `Snapshots`: reads nothing but the manifest, and a list of files."""
        manifest = self._parsed(name, self._manifest_text(name))
        sizes = self.objects.sizes(self._key(name))
        for file, entry in manifest.files.items():
            if sizes.get(file) != entry.bytes:
                raise SnapshotDamaged(
                    f"{self._where(name, file)} has {sizes.get(file, 0)} bytes instead of "
                    f"{entry.bytes}.",
                    rebuild=AGAIN,
                )
        return manifest

    def check(self, name: str, *, thorough: bool = False) -> None:
        """See `Snapshots`: sizes only, unless `thorough`; contents are checked after each
        download."""
        for file, entry in self.manifest(name).files.items() if thorough else ():
            digest = hashlib.sha256()
            for block in self.objects.blocks(self._key(name, file)):
                digest.update(block)
            if digest.hexdigest() != entry.sha256:
                raise SnapshotDamaged(f"{self._where(name, file)} is damaged.", rebuild=AGAIN)

    def open(
        self, name: str | None = None, *, verify_up_to: int = VERIFY_UP_TO_BYTES
    ) -> SnapshotReader:
        """See `Snapshots`: intact copies in the mirror need no network."""
        chosen = name or self.current()
        if chosen is None:
            raise SnapshotMissing(f"There is no snapshot at {self._where()}.", rebuild=NONE_YET)
        was_here = (self.path / chosen).is_dir()
        reader = self.mirror.open(
            chosen, lambda folder: self._bring(chosen, folder), verify_up_to=verify_up_to
        )
        if not was_here:
            self.current()  # now that there is a copy, it can be remembered
        return reader

    def names(self) -> list[str]:
        """See `Snapshots`."""
        self.objects.see_in_use()
        found = self.objects.sizes(self.place)
        return sorted(name for name in _folders(found) if f"{name}/{MANIFEST}" in found)

    def prune(self, keep: int = 2) -> list[str]:
        """See `Snapshots`; also prunes the mirror."""
        names, current = self.names(), self.current()
        gone = [name for name in names[: max(len(names) - keep, 0)] if name != current]
        for name in gone:
            self._discard(name)
        self.mirror.prune()
        return gone

    def sweep(self) -> None:
        """See `Snapshots`: uploads in progress on other machines are left alone."""
        self.objects.see_in_use()
        self.mirror.folder.sweep()
        found = self.objects.sizes(self.place)
        for name in _folders(found):
            files = [file for file in found if file.startswith(f"{name}/")]
            if f"{name}/{MANIFEST}" not in found and self._age(files) > UNFINISHED_SECONDS:
                self._discard(name)

    def clear(self) -> None:
        """See `Snapshots`; also clears this machine's mirror."""
        self.objects.see_in_use()
        self.objects.remove(self._key(POINTER))
        self.objects.remove_folder(self.place)
        self.objects.remove_empty_above(self.place)
        if self.path.is_dir():
            self.mirror.folder.clear()

    def _bring(self, name: str, folder: Path) -> None:
        """Download a snapshot, and compare every byte with its manifest."""
        text = self._manifest_text(name)
        files = self._parsed(name, text).files
        started = time.perf_counter()
        try:
            _for_all(files, lambda file: self._download(name, file, folder))
        except FileNotFoundError as error:
            raise SnapshotMissing(f"The snapshot {self._where(name)} is incomplete.") from error
        (folder / MANIFEST).write_text(text, encoding="utf-8")
        SnapshotReader.open(folder, verify_up_to=sys.maxsize)
        seconds = time.perf_counter() - started
        _log.info("snapshot fetched", snapshot=self._where(name), seconds=round(seconds, 2))

    def _upload(self, name: str, file: str) -> None:
        if self.objects.late:
            raise SnapshotUnavailable("The process is to end, and so an upload does: begin again.")
        self.objects.upload(self._key(name, file), self.path / name / file)

    def _download(self, name: str, file: str, folder: Path) -> None:
        self.objects.download(self._key(name, file), folder / file)

    def _discard(self, name: str) -> None:
        """Deletes the manifest first, so that no one takes the rest for a complete snapshot."""
        self.objects.remove(self._key(name, MANIFEST))
        self.objects.remove_folder(self._key(name))

    def _age(self, files: Iterable[str]) -> float:
        """Seconds since the newest of these files was written; 0 if they are gone."""
        try:
            return min(self.objects.age(self._key(file)) for file in files)
        except FileNotFoundError:
            return 0.0

    def _manifest_text(self, name: str) -> str:
        self.objects.see_in_use()
        try:
            return self.objects.read(self._key(name, MANIFEST)).decode("utf-8", "replace")
        except FileNotFoundError as error:
            raise SnapshotMissing(
                f"There is no snapshot {self._where(name)}.", rebuild="Build one with"
            ) from error

    def _parsed(self, name: str, text: str) -> Manifest:
        manifest = Manifest.loads(text, self._where(name, MANIFEST))
        for file in manifest.files:
            # Names from elsewhere become paths here, so only names of our own form are accepted.
            if not _FILE.fullmatch(file):
                raise SnapshotDamaged(
                    f"{self._where(name, MANIFEST)} contains {file!r}, which is not a name that "
                    "Ammon uses.",
                    rebuild=AGAIN,
                )
        return manifest

    def _key(self, *names: str) -> str:
        return "/".join((self.place, *names))

    def _where(self, *names: str) -> str:
        return f"{self.objects.url}/{self._key(*names)}"


def _for_all(files: Iterable[str], act: Callable[[str], None]) -> None:
    """Run the action for several files in parallel; raise the first error."""
    with ThreadPoolExecutor(_AT_ONCE, "snapshot-files") as pool:
        for _ in pool.map(act, files):
            pass


def _folders(files: Iterable[str]) -> list[str]:
    """The snapshots that files belong to."""
    split = (file.partition("/") for file in files if file.startswith("r"))
    return sorted({name for name, slash, _ in split if slash})
