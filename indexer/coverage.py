"""What of a collection is covered under other settings: how its documents would be indexed with
them, and which of their extractions exist already."""

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass

from indexer.extraction.port import Extractor
from indexer.ingestion.work import graph_of
from inference.embedder import Embedder
from kg.errors import DocumentNotFound
from kg.records import CollectionSettings, Document, Extraction
from kg.store import DocumentGraph, GraphStore

PAGE = 64
"""Documents that are read or put at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Coverage:
    """Reads the graph and the extractions made ahead of a change. Read-only."""

    store: GraphStore
    extractor: Callable[[CollectionSettings], Extractor]
    embedder: Callable[[CollectionSettings], Embedder]

    def pages(self, collection: str) -> Iterator[Sequence[Document]]:
        """All documents, a page at a time; each page is of the revision current when it is read."""
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

    def lookup(
        self, collection: str, page: Sequence[Document], settings: CollectionSettings
    ) -> Iterator[tuple[Document, DocumentGraph, Mapping[str, Extraction]]]:
        """Each document with its graph under these settings, and the saved extractions of its
        passages (passage id -> extraction)."""
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
        """Those of these documents that have a passage without an extraction under the wanted
        settings."""
        return [
            document
            for document, graph, found in self.lookup(collection, page, wanted)
            if any(passage.id not in found for passage in graph.passages)
        ]

    def hopeless(
        self, collection: str, wanted: CollectionSettings, failed: Set[str]
    ) -> Sequence[str]:
        """Ids of some of the `failed` documents (ids) that are in the graph and still lack an
        extraction under the wanted settings; empty if there are none. Reads only the failed
        documents, since every process calls this repeatedly while there are any."""
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
        """Ids of the passages in the graph whose extraction succeeded."""
        return {one.passage_id for one in self.store.readings(collection) if not one.failed}
