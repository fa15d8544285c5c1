"""The container: a directory of `.npy` files and a manifest with a checksum of each.

A reader maps the files into memory, so that all processes of a machine share one copy. Files that
do not match the manifest are refused.
"""

import errno
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from kg.errors import (
    SnapshotDamaged,
    SnapshotError,
    SnapshotUnavailable,
    SnapshotVersionUnknown,
    TooManyFiles,
)
from kg.snapshot.background import step
from kg.snapshot.mapping import map_array

FORMAT = "ammon-snapshot"
VERSION = 2
MANIFEST = "manifest.json"
VERIFY_UP_TO_BYTES = 256 * 1024 * 1024
"""Snapshots up to this size are checked byte by byte when opened; larger ones by file sizes
only."""
_SYNCED_AT_ONCE = 16
_BLOCK_BYTES = 1024 * 1024

AGAIN = "Build it again with"
NONE_YET = "Ingest a document, or build one with"
"""Remedies, as `SnapshotError` takes them."""


@dataclass(frozen=True, slots=True)
class Strings:
    """n strings in two arrays: their concatenated UTF-8 bytes, and n + 1 offsets."""

    data: npt.NDArray[np.uint8]
    offsets: npt.NDArray[np.int64]
    arrays: tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]] = field(
        init=False, repr=False, compare=False
    )
    """The two, read-only, as compiled loops take them."""
    _bytes: memoryview = field(init=False, repr=False, compare=False)
    _ends: memoryview = field(init=False, repr=False, compare=False)
    """The two arrays as memoryviews, from which Python reads single items fastest: an answer has a
    hundred strings."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "arrays", (_read_only(self.data), _read_only(self.offsets)))
        object.__setattr__(self, "_bytes", self.data.data)
        object.__setattr__(self, "_ends", self.offsets.data)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> str:
        return str(self._bytes[self._ends[index] : self._ends[index + 1]], "utf-8")

    def __iter__(self) -> Iterator[str]:
        return (self[index] for index in range(len(self)))

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Build from any strings; lone surrogates become question marks."""
        encoded = [text.encode("utf-8", "replace") for text in texts]
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(data) for data in encoded], out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), dtype=np.uint8), offsets)


def _read_only(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


@dataclass(frozen=True, kw_only=True, slots=True)
class FileEntry:
    """The manifest's entry for one file."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Manifest:
    """A snapshot's manifest: format, revision, models and files."""

    collection: str
    revision: int
    models: Mapping[str, str]
    counts: Mapping[str, int]
    properties: Mapping[str, Any]
    files: Mapping[str, FileEntry]
    format: str = FORMAT
    version: int = VERSION

    def dumps(self) -> str:
        """As JSON, with a checksum over everything else."""
        body = asdict(self)
        return json.dumps({**body, "sha256": _checksum(body)}, ensure_ascii=False, indent=1)

    @classmethod
    def loads(cls, text: str, where: Path | str) -> Self:
        """Read and check a manifest. Raises: SnapshotDamaged, SnapshotVersionUnknown."""
        try:
            body = json.loads(text)
            claimed = body.pop("sha256")
            name, version = body["format"], body["version"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            told = f"{where} is not the manifest of a snapshot."
            raise SnapshotDamaged(told, rebuild=AGAIN) from error
        of = body.get("collection")
        collection = of if isinstance(of, str) else ""
        if name != FORMAT or version != VERSION:
            raise SnapshotVersionUnknown(
                f"{where} has the format {name!r} version {version!r}, but this version of Ammon "
                f"reads {FORMAT!r} version {VERSION}.",
                rebuild=AGAIN,
                collection=collection,
            )
        if claimed != _checksum(body):
            told = f"{where} does not match its checksum."
            raise SnapshotDamaged(told, rebuild=AGAIN, collection=collection)
        files = {key: FileEntry(**value) for key, value in body.pop("files").items()}
        return cls(files=files, **body)


def _checksum(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


@dataclass(slots=True)
class SnapshotWriter:
    """Writes a snapshot's files into a new directory; it is not valid before `finish`."""

    path: Path
    _files: dict[str, FileEntry] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.path.mkdir(parents=True)

    def put(self, name: str, array: npt.NDArray[Any]) -> None:
        """Write one array."""
        target = self.path / f"{name}.npy"
        with target.open("wb") as file:
            np.save(file, array, allow_pickle=False)
        self._files[target.name] = _entry(target)

    def put_strings(self, name: str, strings: Strings) -> None:
        """Write a column of strings."""
        self.put(f"{name}.data", strings.data)
        self.put(f"{name}.offsets", strings.offsets)

    def finish(
        self,
        *,
        collection: str,
        revision: int,
        models: Mapping[str, str],
        counts: Mapping[str, int],
        properties: Mapping[str, Any],
    ) -> Manifest:
        """Write the manifest and flush everything to disk."""
        manifest = Manifest(
            collection=collection,
            revision=revision,
            models=models,
            counts=counts,
            properties=properties,
            files=dict(sorted(self._files.items())),
        )
        (self.path / MANIFEST).write_text(manifest.dumps(), encoding="utf-8")
        # All at the same time, so that the file system commits many files together.
        with ThreadPoolExecutor(_SYNCED_AT_ONCE) as pool:
            list(pool.map(_sync, [self.path / name for name in (*self._files, MANIFEST)]))
        sync_folder(self.path)
        return manifest


@dataclass(frozen=True, slots=True)
class SnapshotReader:
    """A finished snapshot's files, checked and mapped into memory."""

    path: Path
    manifest: Manifest

    @classmethod
    def open(cls, path: Path, *, verify_up_to: int = VERIFY_UP_TO_BYTES) -> Self:
        """Open a snapshot.

        Sizes are always checked; contents too if all files together have at most `verify_up_to`
        bytes (`verify` checks them at any time).
        Raises: SnapshotDamaged, SnapshotVersionUnknown, SnapshotUnavailable.
        """
        where = path / MANIFEST
        try:
            text, sizes = where.read_text(encoding="utf-8"), _sizes(path)
        except (OSError, UnicodeDecodeError) as error:
            raise _unreadable(where, error, "") from error
        reader = cls(path, Manifest.loads(text, where))
        step()
        for name, entry in reader.manifest.files.items():
            size = sizes.get(name)
            if size is None:
                raise reader._damaged(f"{path / name} is missing.")
            if size != entry.bytes:
                raise reader._damaged(f"{path / name} has {size} bytes instead of {entry.bytes}.")
        if reader.total_bytes <= verify_up_to:
            reader.verify()
        return reader

    def _damaged(self, reason: str) -> SnapshotDamaged:
        return SnapshotDamaged(reason, rebuild=AGAIN, collection=self.manifest.collection)

    @property
    def total_bytes(self) -> int:
        """The size of all files together."""
        return sum(entry.bytes for entry in self.manifest.files.values())

    def verify(self, between: Callable[[], None] = step) -> None:
        """Compare every file with its checksum; `between` is called after each megabyte or file.

        Raises: SnapshotDamaged, SnapshotUnavailable; what `between` raises.
        """
        for name, entry in self.manifest.files.items():
            try:
                found = _entry(self.path / name, between)
            except OSError as error:
                raise _unreadable(self.path / name, error, self.manifest.collection) from error
            if found != entry:
                raise self._damaged(f"{self.path / name} is damaged.")
            between()

    def array(self, name: str) -> npt.NDArray[Any]:
        """Map one array, read-only. Raises: SnapshotDamaged, SnapshotUnavailable."""
        file = f"{name}.npy"
        if file not in self.manifest.files:
            raise self._damaged(f"{self.path} has no file {file}.")
        step()
        try:
            return map_array(self.path / file)
        except OSError as error:
            raise _unreadable(self.path / file, error, self.manifest.collection) from error
        except ValueError as error:
            raise self._damaged(f"{self.path / file}: {error}.") from error

    def has(self, name: str) -> bool:
        """Whether there is such an array."""
        return f"{name}.npy" in self.manifest.files

    def strings(self, name: str) -> Strings:
        """Map a column of strings."""
        return Strings(self.array(f"{name}.data"), self.array(f"{name}.offsets"))


def _unreadable(path: Path, error: Exception, collection: str) -> SnapshotError:
    """The error to raise for an unreadable file: damage, unless this process lacks a resource."""
    if TooManyFiles.is_told_by(error):
        return TooManyFiles(path)
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return SnapshotUnavailable(
            f"Cannot map {path} into memory ({error}). Free memory, raise the system's "
            "vm.max_map_count, or lower the setting open_collections (AMMON_OPEN_COLLECTIONS)."
        )
    return SnapshotDamaged(f"Cannot read {path} ({error}).", rebuild=AGAIN, collection=collection)


def _sizes(folder: Path) -> dict[str, int]:
    """Bytes of the files in a folder."""
    with os.scandir(folder) as entries:
        return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}


def _entry(path: Path, between: Callable[[], None] = step) -> FileEntry:
    """The manifest's entry for a file. It is read, not mapped: a file that is truncated meanwhile
    must not crash the process."""
    digest, size = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while block := file.read(_BLOCK_BYTES):
            if size:
                between()
            digest.update(block)
            size += len(block)
    return FileEntry(bytes=size, sha256=digest.hexdigest())


def sync_folder(path: Path) -> None:
    """Make renames within a folder durable."""
    _sync(path)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
