"""What a collection's documents would be, indexed otherwise, and what is known of that already."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass

from indexer.extraction.port import Extractor
from indexer.work import graph_of
from inference.embedder import Embedder
from kg.errors import DocumentNotFound
from kg.records import CollectionSettings, Document, Extraction
from kg.store import DocumentGraph, GraphStore

PAGE = 64
"""Documents that are looked at, or put anew, at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Foresight:
    """Looks at the graph, and at what was extracted ahead. Changes nothing."""

    store: GraphStore
    extractor: Callable[[CollectionSettings], Extractor]
    embedder: Callable[[CollectionSettings], Embedder]

    def pages(self, collection: str) -> Iterator[Sequence[Document]]:
        """All documents, some at a time, each time of the present revision."""
        after = ""
        while True:
            with self.store.peek(collection) as reader:
                page = list(reader.documents(after=after, limit=PAGE))
            if not page:
                return
            after = page[-1].id
            yield page

    def documents(self, collection: str) -> Iterator[Document]:
        """All documents."""
        return (document for page in self.pages(collection) for document in page)

    def looked_up(
        self, collection: str, page: Sequence[Document], settings: CollectionSettings
    ) -> Iterator[tuple[Document, DocumentGraph, Mapping[str, Extraction]]]:
        """Each document, as it would be indexed so, and what is known of its passages."""
        embedder, fingerprint = self.embedder(settings), self.extractor(settings).fingerprint
        graphs = [graph_of(collection, document, settings, embedder) for document in page]
        ids = list({passage.id for graph in graphs for passage in graph.passages})
        found = self.store.saved_extractions(collection, fingerprint, ids)
        for document, graph in zip(page, graphs, strict=True):
            own = {one.id: found[one.id] for one in graph.passages if one.id in found}
            yield document, graph, own

    def lacking(
        self, collection: str, page: Sequence[Document], wanted: CollectionSettings
    ) -> list[Document]:
        """Those of these documents of which not all was read as it is wanted."""
        return [
            document
            for document, graph, found in self.looked_up(collection, page, wanted)
            if any(passage.id not in found for passage in graph.passages)
        ]

    def hopeless(
        self, collection: str, wanted: CollectionSettings, failed: Set[str]
    ) -> Sequence[str]:
        """Some of the documents that failed and lack something, if there are such. Only they are
        looked at: where there are, that is done again and again, in every process."""
        there = sorted(self.store.fingerprints(collection, failed))
        for start in range(0, len(there), PAGE):
            page = []
            for document_id in there[start : start + PAGE]:
                with suppress(DocumentNotFound):
                    page.append(self.store.document(collection, document_id))
            if lacking := self.lacking(collection, page, wanted):
                return [document.id for document in lacking]
        return []

    def readable(self, collection: str) -> Set[str]:
        """Passages of the graph whose extraction is no failure."""
        return {one.passage_id for one in self.store.readings(collection) if not one.failed}
