"""An embedder that knows how long it took."""

from collections.abc import Sequence

from bench.measure import Stopwatch
from inference.embedder import Bundle, Embedder, Kind, Progress, Vectors
from inference.wrapper import EmbedderWrapper


class ClockedEmbedder(EmbedderWrapper):
    """Another embedder, and the time that it takes; for one thread."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__(embedder)
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

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        with Stopwatch() as watch:
            vectors = super().embed(texts, kind, progress)
        self._count(kind, watch, len(texts))
        return vectors

    def embed_bundles(self, bundles: Sequence[Bundle], kind: Kind) -> list[Vectors]:
        """See `inference.embedder.BundleEmbedder`."""
        with Stopwatch() as watch:
            vectors = super().embed_bundles(bundles, kind)
        self._count(kind, watch, sum(1 + len(one.beside) for one in bundles))
        return vectors

    def _count(self, kind: Kind, watch: Stopwatch, texts: int) -> None:
        self.ms[kind] = self.ms.get(kind, 0.0) + watch.ms
        self.cpu[kind] = self.cpu.get(kind, 0.0) + watch.cpu
        self.texts[kind] = self.texts.get(kind, 0) + texts
