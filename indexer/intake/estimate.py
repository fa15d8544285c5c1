"""An estimate of what indexing documents would cost, without indexing them."""

from collections.abc import Callable, Iterable, Sequence, Set
from dataclasses import dataclass
from itertools import count

from indexer.extraction.port import Extractor
from indexer.ingestion.chunking import chunk
from indexer.ingestion.splitting import WINDOW
from indexer.progress import ReportProgress, StepProgress, ignore_progress
from indexer.spending import Spending, estimate
from inference.embedder import Embedder
from kg.errors import DocumentUnreadable
from kg.jobs import Prices
from kg.records import CollectionSettings, Document, Passage


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """About what documents will take."""

    documents: int
    """New or changed."""
    unchanged: int
    passages: int
    """Of the new and changed documents, each once."""
    to_read: int
    """Of them, those whose extraction is not there yet."""
    spending: Spending
    """On the chat model, for those; nothing if the extractor is none."""
    prices: Prices
    """That the cost is reckoned with; unknown ones make it 0."""

    @property
    def cost(self) -> float | None:
        """In money; None if it costs something and the prices are unknown."""
        known = self.prices.known or not self.spending.tokens
        return round(self.spending.cost, 6) if known else None


class Estimator:
    """Chunks documents and counts, some at a time: of what it has seen it keeps no texts."""

    def __init__(
        self,
        collection: str,
        settings: CollectionSettings,
        *,
        is_known: Callable[[list[str]], Set[str]],
        extractor: Extractor,
        embedder: Embedder,
        prices: Prices,
        progress: ReportProgress = ignore_progress,
    ) -> None:
        """`is_known`: whether a passage has a saved extraction."""
        self._collection = collection
        self._settings = settings
        self._is_known = is_known
        self._extractor = extractor
        self._embedder = embedder
        self._prices = prices
        self._progress = progress
        self._cut_chars = 0
        self._longest = min(settings.max_tokens, embedder.max_tokens)  # 0: documents stay whole
        self._documents: set[str] = set()
        self._passages: set[str] = set()
        self._unchanged = self._to_read = 0
        self._spending = Spending()

    def add(self, documents: Iterable[Document], *, unchanged: int = 0) -> None:
        """Count new or changed documents, and so many others."""
        passages: dict[str, Passage] = {}
        for document in documents:
            self._documents.add(document.id)
            passages.update((passage.id, passage) for passage in self._cut(document))
        new = [key for key in passages if key not in self._passages]
        known = self._is_known(new)
        fresh = [passages[key] for key in new if key not in known]
        self._passages.update(new)
        self._unchanged += unchanged
        self._to_read += len(fresh)
        self._spending += estimate(self._extractor, fresh, self._prices)

    def _cut(self, document: Document) -> Sequence[Passage]:
        windows = count(1)

        def tell() -> bool:
            self._tell(min(next(windows) * WINDOW, len(document.text)))
            return True

        try:
            return chunk(
                self._collection,
                document,
                count_tokens=self._embedder.count_tokens,
                max_tokens=self._longest,
                overlap_tokens=self._settings.overlap_tokens,
                wanted=tell,
            ).passages
        except DocumentUnreadable:
            return ()
        finally:
            self._cut_chars += len(document.text)
            self._tell(0)

    def _tell(self, more: int) -> None:
        self._progress(StepProgress(step="cut", done=self._cut_chars + more, total=0))

    def result(self) -> Estimate:
        """Of all that was added."""
        return Estimate(
            documents=len(self._documents),
            unchanged=self._unchanged,
            passages=len(self._passages),
            to_read=self._to_read,
            spending=self._spending,
            prices=self._prices,
        )
