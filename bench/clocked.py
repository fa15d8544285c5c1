"""An embedder that knows how long it took."""

from collections.abc import Sequence

from bench.measure import Stopwatch
from inference.embedder import Embedder, Kind, Progress, Vectors
from inference.instructions import Instructed, Instructions


class ClockedEmbedder:
    """Another embedder, and the time that it takes; for one thread."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.ms: dict[Kind, float] = {}
        """Milliseconds by kind of text."""
        self.cpu: dict[Kind, float] = {}
        """Seconds of a processor by kind of text."""
        self.texts: dict[Kind, int] = {}
        """Texts embedded, by kind."""

    @property
    def total_ms(self) -> float:
        """Of all kinds together."""
        return sum(self.ms.values())

    @property
    def instructions(self) -> Instructions:
        return self._embedder.instructions if isinstance(self._embedder, Instructed) else {}

    @property
    def model_id(self) -> str:
        return self._embedder.model_id

    @property
    def dimension(self) -> int:
        return self._embedder.dimension

    @property
    def max_tokens(self) -> int:
        return self._embedder.max_tokens

    def count_tokens(self, text: str) -> int:
        return self._embedder.count_tokens(text)

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        with Stopwatch() as watch:
            vectors = self._embedder.embed(texts, kind, progress)
        self.ms[kind] = self.ms.get(kind, 0.0) + watch.ms
        self.cpu[kind] = self.cpu.get(kind, 0.0) + watch.cpu
        self.texts[kind] = self.texts.get(kind, 0) + len(texts)
        return vectors
