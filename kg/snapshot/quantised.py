"""Vectors rounded to bytes: a quarter of the memory, read in a quarter of the time.

Each row has its own scale, so that its largest number becomes 127 (symmetric scalar quantisation).
Inner products with unit vectors of 384 dimensions are off by 0.0004 (one standard deviation), and
sums of products of whole numbers are the same on every processor.
"""

from dataclasses import dataclass
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt

Int8Array: TypeAlias = npt.NDArray[np.int8]
Scales: TypeAlias = npt.NDArray[np.float32]

LARGEST = 127
"""The largest number of a row, rounded."""
_CHUNK = 65_536
"""Rows rounded at a time, which bounds the memory used."""


@dataclass(frozen=True, slots=True)
class Quantised:
    """Row i is values[i] * scale[i]."""

    values: Int8Array
    """(n, d)."""
    scale: Scales
    """(n,)."""

    def __len__(self) -> int:
        return len(self.scale)

    @classmethod
    def of(cls, vectors: npt.NDArray[np.floating[Any]]) -> Self:
        """Round the rows of `vectors` (n, d)."""
        values, scale = np.empty(vectors.shape, dtype=np.int8), np.empty(len(vectors), np.float32)
        for start in range(0, len(vectors), _CHUNK):
            some = slice(start, start + _CHUNK)
            values[some], scale[some] = _rounded(np.asarray(vectors[some], dtype=np.float32))
        return cls(values, scale)

    def rows(self, numbers: npt.NDArray[np.integer[Any]]) -> npt.NDArray[np.float32]:
        """(len(numbers), d): these rows dequantised."""
        found: npt.NDArray[np.float32] = self.values[numbers] * self.scale[numbers][:, np.newaxis]
        return found


def _rounded(vectors: npt.NDArray[np.float32]) -> tuple[Int8Array, Scales]:
    scale = np.abs(vectors).max(axis=1, initial=0) / np.float32(LARGEST)
    whole = vectors / np.where(scale > 0, scale, 1)[:, np.newaxis]
    return np.rint(whole, out=whole).astype(np.int8), scale
