"""A generated corpus as documents and extractions, as they come into a store."""

from collections.abc import Iterator

import numpy as np

from bench.generator.graph import by_passage, draw_triples
from bench.generator.names import draw_mentions
from bench.generator.shape import Shape
from bench.generator.text import names, word, write_texts
from kg import ids
from kg.records import Document, Extraction, NamedEntity, Passage, Placement, Triple
from kg.store import Change, DocumentGraph

_RELATIONS = 500


def write_changes(shape: Shape, collection: str, batch: int) -> Iterator[Change]:
    """Changes of `batch` documents each, of one passage each, with their extractions."""
    mentions = draw_mentions(shape)
    pairs = by_passage(mentions)
    drawn = draw_triples(shape, mentions, pairs)
    titles = names(np.arange(shape.passages), capital=True)
    texts = write_texts(mentions, shape.seed).text
    surfaces = names(drawn.name, capital=True)
    relations = [word(number) for number in range(_RELATIONS)]
    ends = np.searchsorted(drawn.passage, np.arange(shape.passages + 1))
    for start in range(0, shape.passages, batch):
        graphs, found = [], []
        for row in range(start, min(start + batch, shape.passages)):
            graph = _document(collection, f"{row:08}", titles[row], texts[row])
            entities = drawn.entity[mentions.entry[pairs.row(row)]]
            facts = range(ends[row], ends[row + 1])
            graphs.append(graph)
            found.append(
                Extraction(
                    passage_id=graph.passages[0].id,
                    extractor="generated",
                    entities=tuple(
                        NamedEntity(name=surfaces[entity], type="NAME")
                        for entity in entities
                        if entity >= 0
                    ),
                    triples=tuple(
                        Triple(
                            subject=surfaces[drawn.subject[fact]],
                            relation=relations[fact * 31 % _RELATIONS],
                            object=surfaces[drawn.object[fact]],
                        )
                        for fact in facts
                    ),
                )
            )
        yield Change(put=tuple(graphs), extractions=tuple(found))


def _document(collection: str, source: str, title: str, text: str) -> DocumentGraph:
    passage = Passage(
        id=ids.passage_id(collection, title, "", text), title=title, heading="", text=text
    )
    document = Document(
        id=ids.document_id(collection, source),
        fingerprint=ids.content_hash(title, text),
        source=source,
        title=title,
        text=text,
    )
    place = Placement(
        document_id=document.id, ordinal=0, passage_id=passage.id, start=0, end=len(text)
    )
    return DocumentGraph(document=document, placements=(place,), passages=(passage,))
