"""Which documents to index: those that are not in the graph with their present content."""

from collections.abc import Iterable
from dataclasses import dataclass

from indexer.identity import identify, is_ahead
from indexer.intake.submission import Chosen
from kg.queue import JobStore
from kg.records import Document, SourceDocument
from kg.store import GraphStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """Compares documents with what is in a store and what waits there. Safe for several threads.

    What it asks for is of these documents: many or few others make no difference.
    """

    store: GraphStore
    jobs: JobStore

    def choose(self, collection: str, documents: Iterable[SourceDocument]) -> Chosen:
        """What changed, and what has passages in quarantine. Raises: CollectionNotFound."""
        settings = self.store.collection(collection).settings
        found: dict[str, Document] = {}
        superseded: dict[str, None] = {}
        for source in documents:
            document = identify(collection, source, settings)
            if found.pop(document.id, None):
                superseded[document.source] = None
            found[document.id] = document
        waiting = self.jobs.pending(collection, found)
        pending = {key: print_ for key, print_ in waiting.items() if not is_ahead(print_)}
        there = self.store.fingerprints(collection, found)
        flawed = {one.document_id for one in self.store.quarantined(collection, found)}
        good = {key: print_ for key, print_ in there.items() if key not in flawed}
        known = {**good, **pending}
        chosen = {key: one for key, one in found.items() if known.get(key) != one.fingerprint}
        under_way = frozenset(pending.keys() - chosen.keys())
        return Chosen(
            documents=tuple(chosen.values()),
            sources={key: one.source for key, one in found.items()},
            unchanged=frozenset(found.keys() - chosen.keys() - under_way),
            superseded=tuple(superseded),
            waiting=under_way,
            overtaken=frozenset(chosen.keys() & waiting.keys() - pending.keys()),
            replacing=frozenset(chosen.keys() & there.keys()),
        )
