"""The step that embeds what came into the graph, so that a snapshot finds it in the cache.

What it does not foresee, the snapshot embeds itself: nothing depends on this step but time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from indexer.flow.tools import Tools
from indexer.snapshot.sentences import sentence_spans
from indexer.snapshot.wording import fact_text, sentence_text
from inference.embedder import Embedder, Kind
from kg.derive import passage_graph
from kg.errors import CollectionNotFound
from kg.records import JSON, CollectionSettings
from kg.store import Change

MOST_CHARS = 32_768
"""In one message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Embedding:
    """Takes the step `embed`, and asks for it. Safe for several threads."""

    tools: Tools
    embedder: Callable[[CollectionSettings], Embedder]

    def ask(self, collection: str, change: Change) -> None:
        """Have embedded what a commit brought in."""
        for texts in _parts(_texts(collection, change)):
            plain: dict[str, JSON] = {str(kind): list(some) for kind, some in texts.items()}
            self.tools.broker.send("embed", {"collection": collection, "texts": plain})

    def embed(self, collection: str, texts: Mapping[Kind, Sequence[str]]) -> None:
        """Put these texts into the cache. Raises: ModelError, DependencyMissing."""
        try:
            embedder = self.embedder(self.tools.store.collection(collection).settings)
        except CollectionNotFound:
            return
        for kind, some in texts.items():
            embedder.embed(some, kind)


def _texts(collection: str, change: Change) -> Iterator[tuple[Kind, str]]:
    """What `indexer.snapshot.build` will embed of it."""
    passages = {passage.id: passage for graph in change.put for passage in graph.passages}
    for passage in passages.values():
        yield "passage", passage.embedded_text
        for start, end in sentence_spans(passage.text):
            yield "sentence", sentence_text(passage.title, passage.text[start:end])
    names: dict[str, str] = {}
    facts: dict[str, str] = {}
    for extraction in change.extractions:
        graph = passage_graph(collection, extraction)
        names.update((m.entity_id, n) for m, n in zip(graph.mentions, graph.names, strict=True))
        for fact in graph.facts:
            subject, object_ = names[fact.subject_id], names[fact.object_id]
            facts[fact.id] = fact_text(subject, fact.relation, object_)
    for name in names.values():
        yield "entity", name
    for text in facts.values():
        yield "fact", text


def _parts(texts: Iterator[tuple[Kind, str]]) -> Iterator[dict[Kind, list[str]]]:
    part: dict[Kind, list[str]] = {}
    chars = 0
    for kind, text in texts:
        if part and chars + len(text) > MOST_CHARS:
            yield part
            part, chars = {}, 0
        part.setdefault(kind, []).append(text)
        chars += len(text)
    if part:
        yield part
