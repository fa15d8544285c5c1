"""A content-addressed cache in front of an embedder, so that no text is embedded twice."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TypeAlias

import numpy as np

from inference.embedder import QUESTIONS, Bundle, Embedder, Kind, Progress, Vectors
from inference.vector_file import VectorFile
from inference.wrapper import EmbedderWrapper

_Query: TypeAlias = tuple[str, Bundle]
"""The kind's instruction, and the question."""
_QUERIES_KEPT = 1024
_READ_AT_ONCE = 1024
_EMBED_TEXTS = 1024
_EMBED_CHARACTERS = 65_536
"""How much is embedded between two writes: a second or two of work, the most that a crash loses."""


class CachedEmbedder(EmbedderWrapper):
    """Caches another embedder's vectors in a file, keyed by the model and by the text that the
    model reads.

    Vectors are written every second or two, so that a killed run loses little. The latest thousand
    questions are kept, in memory only: a process that only answers questions writes nothing. Safe
    for several threads and processes; the file may be deleted at any time between two runs.
    """

    def __init__(self, embedder: Embedder, path: Path, most_bytes: int = 0) -> None:
        """Put a cache file, new or existing, in front of an embedder.

        most_bytes: the size above which the oldest entries are dropped; 0: no limit. Raises:
        StoreUnavailable.
        """
        super().__init__(embedder)
        self._file = VectorFile(path, most_bytes)
        self._queries: OrderedDict[_Query, Vectors] = OrderedDict()
        self._lock = Lock()

    @property
    def dimension(self) -> int:
        return self._file.dimension(self.model_id) or self._embedder.dimension

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        if kind in QUESTIONS:
            found = self.embed_bundles([Bundle(text=text) for text in texts], kind)
            if progress is not None and texts:
                progress(len(texts))
            return np.concatenate(found or [np.empty((0, self.dimension), dtype=np.float32)])
        return self._embed_kept(texts, self._keys(texts, kind), kind, progress or _ignore)

    def embed_bundles(self, bundles: Sequence[Bundle], kind: Kind) -> list[Vectors]:
        """See `inference.embedder.BundleEmbedder`; bundles in memory are not embedded again."""
        instruction = self.instructions.get(kind, "")
        keys: list[_Query] = [(instruction, bundle) for bundle in bundles]
        with self._lock:
            found = {key: self._queries[key] for key in keys if key in self._queries}
        missing = list(dict.fromkeys(key for key in keys if key not in found))
        if missing:
            made = super().embed_bundles([bundle for _, bundle in missing], kind)
            found.update(zip(missing, made, strict=True))
        with self._lock:
            for key in keys:
                self._queries[key] = found[key]
                self._queries.move_to_end(key)
            while len(self._queries) > _QUERIES_KEPT:
                self._queries.popitem(last=False)
        return [found[key] for key in keys]

    def close(self) -> None:
        """Close the cache's file; a later call opens it again."""
        self._file.close()

    def _keys(self, texts: Sequence[str], kind: Kind) -> list[bytes]:
        start = hashlib.blake2b(self.model_id.encode("utf-8") + b"\0", digest_size=16)
        start.update(self.instructions.get(kind, "").encode("utf-8", "surrogatepass"))
        keys = []
        for text in texts:
            hasher = start.copy()
            hasher.update(text.encode("utf-8", "surrogatepass"))
            keys.append(hasher.digest())
        return keys

    def _embed_kept(
        self, texts: Sequence[str], keys: Sequence[bytes], kind: Kind, progress: Progress
    ) -> Vectors:
        """Fill in the vectors that the file has, then embed the rest in parts and write each
        part."""
        dimension = self.dimension
        vectors = np.empty((len(texts), dimension), dtype=np.float32)
        missing: dict[bytes, list[int]] = {}
        for start in range(0, len(texts), _READ_AT_ONCE):
            block = range(start, min(start + _READ_AT_ONCE, len(texts)))
            kept = self._read([keys[row] for row in block], dimension)
            for row in block:
                if (vector := kept.get(keys[row])) is not None:
                    vectors[row] = vector
                else:
                    missing.setdefault(keys[row], []).append(row)
            progress(sum(keys[row] in kept for row in block))
        for part in _parts([(key, texts[rows[0]]) for key, rows in missing.items()]):
            made = self._embedder.embed([text for _, text in part], kind)
            data = {key: made[i].astype("<f4").tobytes() for i, (key, _) in enumerate(part)}
            self._file.write(self.model_id, dimension, data)
            for i, (key, _) in enumerate(part):
                vectors[missing[key]] = made[i]
            progress(sum(len(missing[key]) for key, _ in part))
        return vectors

    def _read(self, keys: Sequence[bytes], dimension: int) -> dict[bytes, Vectors]:
        """The vectors in the file; one that is not of unit length is damaged and counts as
        missing."""
        data = [
            (key, blob) for key, blob in self._file.read(keys).items() if len(blob) == 4 * dimension
        ]
        rows = np.frombuffer(b"".join(blob for _, blob in data), dtype="<f4")
        rows = rows.reshape(len(data), dimension).astype(np.float32)
        sound = np.abs(np.einsum("ij,ij->i", rows, rows) - 1.0) < 1e-3
        return {key: rows[i] for i, (key, _) in enumerate(data) if sound[i]}


def _parts(texts: Sequence[tuple[bytes, str]]) -> Iterator[list[tuple[bytes, str]]]:
    """Cut into parts by number and by characters."""
    part: list[tuple[bytes, str]] = []
    characters = 0
    for key, text in texts:
        if part and (len(part) == _EMBED_TEXTS or characters + len(text) > _EMBED_CHARACTERS):
            yield part
            part, characters = [], 0
        part.append((key, text))
        characters += len(text)
    if part:
        yield part


def _ignore(done: int) -> None:
    """Ignore progress."""
