"""Unit vectors with the shape of real ones: fields, topics in them, passages, their sentences.

Every part is Gaussian with the spectrum of MiniLM's sentence vectors, so that as few directions
matter as there: what makes a search hard or easy. Rows are made in chunks, each from a seed of its
own, and written to a file that is mapped: memory does not grow with the corpus.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bench.generator import shape as numbers
from bench.generator.names import Mentions
from bench.generator.shape import Shape
from kg.snapshot import Quantised
from kg.snapshot.tables import Float32Array, Int64Array

_CHUNK = 8192

Rows: TypeAlias = Callable[[Int64Array, Float32Array], Float32Array]
"""(numbers of rows (n,), Gaussian noise (n, d)) -> rows (n, d), of any length."""


class Geometry:
    """Where the texts of one corpus lie; all files are written below `folder`."""

    def __init__(self, shape: Shape, folder: Path) -> None:
        self._shape = shape
        self._folder = folder
        places, shares = zip(*numbers.SPECTRUM, strict=True)
        axes = np.linspace(0, places[-1], shape.dimension)
        variance = np.exp(np.interp(axes, places, np.log(shares)))
        self._scale = np.sqrt(variance / variance.sum()).astype(np.float32)

    def passages(self, mentions: Mentions) -> Float32Array:
        """(P, d) vectors of passages, mapped."""
        fields = max(self._shape.passages // numbers.FIELD_PASSAGES, 1)
        field = np.sqrt(numbers.FIELD) * self._noise(10, 0, fields)
        centre = np.sqrt(numbers.TOPIC) * self._noise(10, 1, mentions.topics)
        centre += field[np.arange(mentions.topics) % fields]

        def rows(which: Int64Array, noise: Float32Array) -> Float32Array:
            return np.asarray(centre[mentions.topic[which]] + np.sqrt(numbers.OWN) * noise)

        return self._write("passages", 11, len(mentions.topic), rows)

    def near(
        self, name: str, stream: int, passages: Float32Array, of: Int64Array, cosine: float
    ) -> Float32Array:
        """Vectors with about that cosine to passages `of` (n,): (n, d), mapped."""
        return self._write(name, stream, len(of), _beside(passages, of, cosine))

    def sentences(self, passages: Float32Array, of: Int64Array) -> Quantised:
        """(S, d) vectors of sentences, mapped; `of` are their passages."""
        scales = [np.zeros(0, dtype=np.float32)]

        def rounded(made: Float32Array) -> npt.NDArray[Any]:
            some = Quantised.of(made)
            scales.append(some.scale)
            return some.values

        rows = _beside(passages, of, numbers.SENTENCE)
        values = self._write("sentences", 12, len(of), rows, rounded, np.int8)
        return Quantised(values, np.concatenate(scales))

    def _write(
        self,
        name: str,
        stream: int,
        count: int,
        rows: Rows,
        kept: Callable[[Float32Array], npt.NDArray[Any]] = np.asarray,
        kind: npt.DTypeLike = np.float32,
    ) -> npt.NDArray[Any]:
        if not count:
            return np.zeros((0, self._shape.dimension), dtype=kind)
        path = self._folder / f"{name}.npy"
        shape = (count, self._shape.dimension)
        header = {"descr": np.dtype(kind).str, "fortran_order": False, "shape": shape}
        with path.open("wb") as file:
            np.lib.format.write_array_header_1_0(file, header)
            for number, start in enumerate(range(0, count, _CHUNK)):
                which = np.arange(start, min(start + _CHUNK, count))
                made = rows(which, self._noise(stream, number, len(which)))
                made /= np.linalg.norm(made, axis=1, keepdims=True)
                kept(made.astype(np.float32, copy=False)).tofile(file)
        return np.asarray(np.load(path, mmap_mode="r"))

    def _noise(self, stream: int, number: int, count: int) -> Float32Array:
        """(count, d) Gaussian rows, of length one on average."""
        seed = np.random.SeedSequence([self._shape.seed, stream, number])
        rng = np.random.Generator(np.random.SFC64(seed))
        drawn = rng.standard_normal((count, self._shape.dimension), dtype=np.float32)
        drawn *= self._scale
        return drawn


def _beside(passages: Float32Array, of: Int64Array, cosine: float) -> Rows:
    rest = np.float32(np.sqrt(1.0 - cosine**2))

    def rows(which: Int64Array, noise: Float32Array) -> Float32Array:
        return np.asarray(np.float32(cosine) * passages[of[which]] + rest * noise)

    return rows
