"""The first of two tiers: new documents are in answers within seconds, refined later.

Where a collection's extractor is a chat model, a document first comes in as a draft, with the
extraction of one that costs next to nothing. What the chat model finds takes its place when all of
the document's passages are done, and then nothing is left of the draft.

A draft has the fingerprint of a document that is indexed so. Hence a draft that stays one, because
its job was cancelled or failed, is no unchanged document when it is handed in again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from indexer.extraction.port import Extractor
from indexer.identity import identify
from indexer.ingestion.extracting import extracted, usable
from indexer.ingestion.splitting import CalledOff
from indexer.ingestion.work import Work, used_by
from kg.errors import DocumentNotFound
from kg.records import CollectionSettings, Document
from kg.store import Change, DocumentGraph, GraphStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Drafts:
    """Brings documents in as drafts. Safe for several threads."""

    store: GraphStore
    extractor: Callable[[CollectionSettings], Extractor]
    first: str = ""
    """The extractor of drafts (see `CollectionSettings.extractor`); '' makes none."""

    def wanted(self, settings: CollectionSettings) -> bool:
        """Whether documents of a collection are first indexed as drafts."""
        if not self.first or settings.extractor == self.first:
            return False
        return self.extractor(settings).paid

    def bring_in(
        self,
        collection: str,
        settings: CollectionSettings,
        work: Work,
        graphs: Mapping[str, DocumentGraph],
        wanted: Callable[[], bool] = lambda: True,
    ) -> Change:
        """Put these documents (task id -> document) into the graph, and mark their tasks; return
        what was committed.

        Passages that have the extraction that is wanted keep it; and a document that is in the
        graph with the same content already, by another extractor, is better than a draft.
        Raises: CalledOff if between passages they are not `wanted` any more.
        """
        quick = replace(settings, extractor=self.first)
        new = {key: graph for key, graph in graphs.items() if self._is_new(collection, graph)}
        extractor = self.extractor(quick)
        passages = {one.id: one for graph in new.values() for one in graph.passages}
        lacking = [one for key, one in passages.items() if key not in work.found]
        saved = usable(
            self.store, collection, extractor.fingerprint, [passage.id for passage in lacking]
        )
        found = {**saved, **work.found}
        rest = [passage for passage in lacking if passage.id not in found]
        for one in extracted(self.store, collection, extractor, rest):
            found[one.passage_id] = one
            if not wanted():
                raise CalledOff
        put = {
            graph.document.id: replace(graph, document=identify(collection, graph.document, quick))
            for graph in new.values()
        }
        change = Change(
            put=tuple(put.values()),
            extractions=tuple(used_by(put.values(), found)),
            drafted=tuple(graphs),
        )
        self.store.commit(collection, change)
        return change

    def _is_new(self, collection: str, graph: DocumentGraph) -> bool:
        document = graph.document
        try:
            present = self.store.document(collection, document.id)
        except DocumentNotFound:
            return True
        return _content(present) != _content(document)


def _content(document: Document) -> Document:
    """The document, whatever it is indexed with."""
    return replace(document, fingerprint="", metadata=dict(document.metadata))
