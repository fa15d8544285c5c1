"""How documents are first indexed: as drafts, or when a model has read them."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from indexer.extraction.port import Extractor
from indexer.ingestion.drafts import Drafts
from indexer.ingestion.ingester import SETUP_ERRORS
from kg.records import CollectionSettings
from kg.store import GraphStore


@dataclass(frozen=True, kw_only=True, slots=True)
class Tiers:
    """How each collection's documents are indexed. Safe for several threads."""

    store: GraphStore
    extractor: Callable[[CollectionSettings], Extractor]
    drafts: Drafts

    def drafting(self) -> list[str]:
        """The collections whose documents come in as drafts first, or without a chat model while
        one reads all of them anew."""
        return [
            name
            for name, settings in self._sound()
            if self.drafts.wanted(settings) or self._reads_ahead(settings)
        ]

    def quick(self) -> list[str]:
        """The collections whose documents come in without waiting for a chat model, as drafts or
        for good; none if nobody has to wait for one."""
        paid = {name: self.extractor(settings).paid for name, settings in self._sound()}
        drafting = set(self.drafting())
        return [name for name in paid if name in drafting or (drafting and not paid[name])]

    def _reads_ahead(self, settings: CollectionSettings) -> bool:
        paid = [bool(one and self.extractor(one).paid) for one in (settings, settings.upcoming)]
        return paid == [False, True]

    def _sound(self) -> Iterator[tuple[str, CollectionSettings]]:
        """Collections whose extractor can be had; whoever takes the others' tasks is told why."""
        for collection in self.store.collections():
            with suppress(*SETUP_ERRORS):
                _ = self.extractor(collection.settings).paid
                self._reads_ahead(collection.settings)
                yield collection.name, collection.settings
