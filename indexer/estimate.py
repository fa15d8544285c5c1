"""What taking documents in would take, before anything is done."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from indexer.chunking import chunk
from indexer.extraction.port import Extractor
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
        """Money; None if it is something, but nobody knows how much."""
        known = self.prices.known or not self.spending.tokens
        return round(self.spending.cost, 6) if known else None


def estimate_documents(
    collection: str,
    settings: CollectionSettings,
    documents: Iterable[Document],
    *,
    unchanged: int,
    is_known: Callable[[list[str]], set[str]],
    extractor: Extractor,
    embedder: Embedder,
    prices: Prices,
) -> Estimate:
    """Chunk the documents and count; `is_known` tells of which passages extractions are saved."""
    passages: dict[str, Passage] = {}
    number = 0
    longest = min(settings.max_tokens, embedder.max_tokens)  # 0: documents stay whole
    for document in documents:
        number += 1
        try:
            graph = chunk(
                collection,
                document,
                count_tokens=embedder.count_tokens,
                max_tokens=longest,
                overlap_tokens=settings.overlap_tokens,
            )
        except DocumentUnreadable:
            continue
        passages.update((passage.id, passage) for passage in graph.passages)
    known = is_known(list(passages))
    fresh = [passage for key, passage in passages.items() if key not in known]
    return Estimate(
        documents=number,
        unchanged=unchanged,
        passages=len(passages),
        to_read=len(fresh),
        spending=estimate(extractor, fresh, prices),
        prices=prices,
    )
