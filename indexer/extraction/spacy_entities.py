"""Entities of a parsed text: spaCy's named entities, and noun chunks that name something.

Reads the columns that the tagger, the parser and the entity recogniser fill in; `noun_chunks`
stands in for the pipeline's `attribute_ruler`, which takes a fifth of its time for a table that
we need five rows of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kg.names import surface
from kg.records import NamedEntity

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

NOUN_CHUNK = "NOUN_CHUNK"
"""The type of an entity that is a noun chunk and not a named entity."""

PARTS_OF_SPEECH = {"NN": "NOUN", "NNS": "NOUN", "NNP": "PROPN", "NNPS": "PROPN", "PRP": "PRON"}
PROPER = frozenset({"NNP", "NNPS"})
MAX_CHUNK_TOKENS = 12
"""A longer chunk is a list or a slip of the parser, and nobody asks for it by that name."""

_LEADING = frozenset({"DT", "PDT", "PRP$", "WDT", "WP$", "WP", "EX", "CC", "IN", "POS", "SYM"})
_ARTICLES = frozenset({"the", "a", "an"})
_TITLES_OF_WORKS = frozenset({"WORK_OF_ART"})


def noun_chunks(doc: Doc) -> list[Span]:
    """The text's noun chunks, once the parts of speech that they depend on are set."""
    for token in doc:
        part = PARTS_OF_SPEECH.get(token.tag_)
        if part is not None:
            token.pos_ = part
    return list(doc.noun_chunks)


def entities(doc: Doc, chunks: Sequence[Span]) -> Iterator[NamedEntity]:
    """Every named entity, then every noun chunk that names something else, in order of the text."""
    for entity in doc.ents:
        yield NamedEntity(name=surface(entity_span(entity).text), type=entity.label_)
    for chunk in chunks:
        # A chunk whose head is in a named entity is that entity, or a part of it.
        if chunk.root.ent_type:
            continue
        span = trim(chunk)
        if span is not None and _names_something(span):
            yield NamedEntity(name=surface(span.text), type=NOUN_CHUNK)


def entity_span(entity: Span) -> Span:
    """A named entity without its leading article (but "The Wall" keeps its) and trailing 's."""
    start, end = entity.start, entity.end
    first = entity.doc[start]
    if first.lower_ in _ARTICLES and (first.is_lower or entity.label_ not in _TITLES_OF_WORKS):
        start += 1
    while end - 1 > start and entity.doc[end - 1].tag_ == "POS":
        end -= 1
    return entity.doc[start:end] if start < end else entity


def trim(chunk: Span) -> Span | None:
    """A noun chunk without leading determiners and punctuation; None if nothing is left."""
    doc, start, end = chunk.doc, chunk.start, chunk.end
    while start < end and _is_leading(doc[start]):
        start += 1
    while end > start and (doc[end - 1].is_punct or doc[end - 1].tag_ == "POS"):
        end -= 1
    return doc[start:end] if start < end else None


def _is_leading(token: Token) -> bool:
    return token.tag_ in _LEADING or token.is_punct or token.is_space


def _names_something(span: Span) -> bool:
    """Whether it has a proper noun, or several words of which one is no stop word."""
    if len(span) > MAX_CHUNK_TOKENS or span.root.tag_ == "PRP":
        return False
    if any(token.tag_ in PROPER for token in span):
        return True
    words = [token for token in span if token.is_alpha or token.like_num]
    return len(words) > 1 and any(not (token.is_stop or token.like_num) for token in words)
