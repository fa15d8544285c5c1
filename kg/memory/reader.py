"""Reads one content, in order."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from kg.derive import entity_of
from kg.memory.content import Content
from kg.records import (
    Collection,
    Document,
    Entity,
    Extraction,
    Fact,
    Mention,
    Passage,
    Placement,
    Support,
    Synonym,
)


class MemoryReader:
    """See `kg.store.GraphReader`."""

    def __init__(self, content: Content) -> None:
        """Read this content, which must not change."""
        self.collection: Collection = content.collection
        self._content = content

    def documents(self, *, after: str = "", limit: int | None = None) -> Iterator[Document]:
        documents = self._content.documents
        found = (documents[id_].document for id_ in sorted(documents) if id_ > after)
        return islice(found, limit)

    def passages(self) -> Iterator[Passage]:
        passages = self._content.passages()
        return (passages[id_] for id_ in sorted(passages))

    def placements(self) -> Iterator[Placement]:
        for _, graph in sorted(self._content.documents.items()):
            yield from sorted(graph.placements, key=lambda place: place.ordinal)

    def extractions(self) -> Iterator[Extraction]:
        extractions = self._content.extractions
        return (extractions[id_] for id_ in sorted(extractions))

    def entities(self) -> Iterator[Entity]:
        names: dict[str, str] = {}
        mentions: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for graph in self._content.graphs.values():
            for mention, name in zip(graph.mentions, graph.names, strict=True):
                names[mention.entity_id] = name
                mentions[mention.entity_id].append((mention.surface, mention.type))
        return (entity_of(id_, names[id_], mentions[id_]) for id_ in sorted(names))

    def facts(self) -> Iterator[Fact]:
        facts = {fact.id: fact for graph in self._content.graphs.values() for fact in graph.facts}
        return (facts[id_] for id_ in sorted(facts))

    def mentions(self) -> Iterator[Mention]:
        for _, graph in sorted(self._content.graphs.items()):
            yield from graph.mentions

    def supports(self) -> Iterator[Support]:
        for passage_id, graph in sorted(self._content.graphs.items()):
            for fact in graph.facts:
                yield Support(passage_id=passage_id, fact_id=fact.id)

    def synonyms(self) -> Iterator[Synonym]:
        synonyms = self._content.synonyms
        return (synonyms[key] for key in sorted(synonyms))

    def saved(self) -> Iterator[Extraction]:
        saved = self._content.saved
        return (saved[key] for key in sorted(saved))

    def unlinked(self) -> Sequence[str]:
        return sorted(self._content.entity_ids() - self._content.linked)

    def counts(self) -> Mapping[str, int]:
        return {
            "documents": len(self._content.documents),
            "passages": len(self._content.passages()),
            "entities": len(self._content.entity_ids()),
            "facts": sum(1 for _ in self.facts()),
            "mentions": sum(1 for _ in self.mentions()),
            "supports": sum(1 for _ in self.supports()),
            "synonyms": len(self._content.synonyms),
            "quarantined": sum(1 for one in self.extractions() if one.failure),
        }
