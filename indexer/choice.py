"""Which documents are to be worked on: those that are not in the graph as they are."""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass

from indexer.identity import identify, is_ahead
from indexer.submission import Chosen
from kg.jobs import JobQueue
from kg.records import Document, Extraction, SourceDocument
from kg.store import GraphReader, GraphStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Compares documents with what is in a store and its queue. Safe for several threads."""

    store: GraphStore
    queue: JobQueue

    def choose(self, collection: str, documents: Iterable[SourceDocument]) -> Chosen:
        """What changed, and what has passages in quarantine. Raises: CollectionNotFound."""
        settings = self.store.collection(collection).settings
        known = self._known(collection)
        waiting = self.queue.pending(collection)
        pending = {key: print_ for key, print_ in waiting.items() if not is_ahead(print_)}
        known.update(pending)
        chosen: dict[str, Document] = {}
        seen: set[str] = set()
        superseded: dict[str, None] = {}
        for source in documents:
            document = identify(collection, source, settings)
            if document.id in seen:
                superseded[document.source] = None
                chosen.pop(document.id, None)
            seen.add(document.id)
            if known.get(document.id) != document.fingerprint:
                chosen[document.id] = document
        under_way = frozenset(seen & pending.keys() - chosen.keys())
        return Chosen(
            documents=tuple(chosen.values()),
            unchanged=len(seen) - len(chosen) - len(under_way),
            superseded=tuple(superseded),
            waiting=under_way,
            overtaken=frozenset(chosen.keys() & waiting.keys() - pending.keys()),
            known=True,
        )

    def _known(self, collection: str) -> dict[str, str]:
        """Fingerprints of documents that are as wanted in the graph."""
        known = dict(self.store.fingerprints(collection))
        for document_id in self._quarantined(collection):
            known.pop(document_id, None)
        return known

    def _quarantined(self, collection: str) -> Set[str]:
        with self.store.read(collection) as reader:
            if not reader.counts()["quarantined"]:
                return set()
            return documents_with(reader, lambda found: bool(found.failure))


def documents_with(reader: GraphReader, is_meant: Callable[[Extraction], bool]) -> Set[str]:
    """Ids of the documents that have a passage with such an extraction."""
    passages = {found.passage_id for found in reader.extractions() if is_meant(found)}
    return {place.document_id for place in reader.placements() if place.passage_id in passages}
