"""A store that notes what it is asked for, for tests of how much that is."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from kg.memory import MemoryStore
from kg.records import Quarantined
from kg.store import GraphReader


@dataclass(kw_only=True)
class Asked:
    """What a store was asked for since this was last cleared."""

    graphs: list[Sequence[str] | None] = field(default_factory=list)
    """The parts of each graph that was read; None is all of it."""
    documents: int = 0
    """Of how many documents something was asked."""
    everything: list[str] = field(default_factory=list)
    """What was asked of all documents, or tasks, that there are."""

    def of(self, question: str, ids: Iterable[str] | None) -> None:
        """Note a question."""
        if ids is None:
            self.everything.append(question)
        else:
            self.documents = max(self.documents, len(list(ids)))


class WatchedStore(MemoryStore):
    """The memory store; `asked` tells."""

    def __init__(self) -> None:
        """An empty one."""
        super().__init__()
        self.asked = Asked()

    def read(
        self, collection: str, parts: Sequence[str] | None = None
    ) -> AbstractContextManager[GraphReader]:
        self.asked.graphs.append(parts)
        return super().read(collection, parts)

    def peek(self, collection: str) -> AbstractContextManager[GraphReader]:
        return super().read(collection)

    def fingerprints(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        self.asked.of("fingerprints", document_ids)
        return super().fingerprints(collection, document_ids)

    def quarantined(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Sequence[Quarantined]:
        self.asked.of("quarantined", document_ids)
        return super().quarantined(collection, document_ids)

    def pending(
        self, collection: str, document_ids: Iterable[str] | None = None
    ) -> Mapping[str, str]:
        self.asked.of("pending", document_ids)
        return super().pending(collection, document_ids)
