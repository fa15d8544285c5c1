"""An embedder without a model, for tests that need vectors but no meaning."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from zlib import crc32

import numpy as np

from inference.embedder import Kind, Progress, Vectors

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\W\u3040-\u30ff\u3400-\u9fff]+|[^\w\s]")


class HashEmbedder:
    """Hashes a text's character n-grams (1 to 3) into a signed bag of fixed length.

    Texts that share words or spellings have similar vectors, in every script; the same text has
    the same vector in every process. The kind does not matter.
    """

    def __init__(self, dimension: int = 64) -> None:
        self._dimension = dimension

    @property
    def model_id(self) -> str:
        return f"hash-{self._dimension}"

    @property
    def dimension(self) -> int:
        return self._dimension

    @property
    def max_tokens(self) -> int:
        return 256

    def count_tokens(self, text: str) -> int:
        """Words, single ideographs and punctuation marks."""
        return len(_TOKEN.findall(text))

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        vectors = np.zeros((len(texts), self._dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            vectors[row] = self._vector(text)
            if progress is not None:
                progress(1)
        return vectors

    def _vector(self, text: str) -> Vectors:
        vector = np.zeros(self._dimension, dtype=np.float64)
        for gram, count in sorted(_grams(text).items()):
            digest = crc32(gram.encode("utf-8", "surrogatepass"))
            sign = 1.0 if digest & 1 else -1.0
            vector[(digest >> 1) % self._dimension] += sign * len(gram) * np.sqrt(count)
        length = float(np.linalg.norm(vector))
        if length == 0.0:
            vector[0] = length = 1.0
        return (vector / length).astype(np.float32)


def _grams(text: str) -> Counter[str]:
    padded = f" {' '.join(unicodedata.normalize('NFKC', text).casefold().split())} "
    return Counter(padded[i : i + n] for n in (1, 2, 3) for i in range(len(padded) - n + 1))
