"""The extractor that needs no key: spaCy's named entities, noun chunks and dependency parse.

Title, heading and body are parsed apart, since a title is no sentence and would bend the parse of
the one that follows. Entities carry spaCy's label as their type, all labels, so that
others can filter; noun chunks have the type `NOUN_CHUNK`. A passage that is mostly in another than
the Latin script is not parsed: see `indexer.extraction.script`. Full-width letters, ligatures and
other forms of letters are read as ordinary ones: see `indexer.extraction.letters`.
"""

from __future__ import annotations

import itertools
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from importlib import metadata
from typing import TYPE_CHECKING

from indexer.extraction import script
from indexer.extraction.letters import in_ordinary_letters
from indexer.extraction.spacy_entities import entities, noun_chunks
from indexer.extraction.spacy_parsing import parsed
from indexer.extraction.spacy_triples import triples
from inference import folding, spacy_models
from kg.errors import WeightsInvalid
from kg.names import normalise
from kg.records import Extraction, NamedEntity, Passage, Triple

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

    def __init__(self, model: str = spacy_models.DEFAULT_MODEL) -> None:
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
                f"The spaCy model {model!r} is not installed. Install its package, or name "
                "another model."
            ) from error
        self._fingerprint = f"spacy:{model}-{version}:{VERSION}:{folding.RULES}"

    @property
    def fingerprint(self) -> str:
        """`spacy:<model>-<its version>:<version of our rules>:<how texts are folded>`."""
        return self._fingerprint

    @property
    def paid(self) -> bool:
        """Never: it runs here."""
        return False

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction]:
        """One extraction a passage, in the order of the passages."""
        for first in range(0, len(passages), BATCH):
            batch = [in_ordinary_letters(passage) for passage in passages[first : first + BATCH]]
            # A pipeline is not safe for two threads at once, and holds the interpreter anyway.
            with self._lock:
                done = self._extract_batch(batch)
            yield from done

    def _extract_batch(self, passages: Sequence[Passage]) -> list[Extraction]:
        latin = [script.is_latin(passage.embedded_text) for passage in passages]
        readable = list(itertools.compress(passages, latin))
        if not readable:
            return [self._by_script(passage) for passage in passages]
        nlp = self._pipeline()
        with nlp.memory_zone():
            texts = [
                group
                for passage in readable
                for group in ((passage.title, passage.heading), (passage.text,))
            ]
            found = iter(_parse(nlp, texts))
            return [
                self._extraction(passage, next(found), next(found))
                if is_latin
                else self._by_script(passage)
                for passage, is_latin in zip(passages, latin, strict=True)
            ]

    def _by_script(self, passage: Passage) -> Extraction:
        return Extraction(
            passage_id=passage.id,
            extractor=self._fingerprint,
            entities=_unique(script.entities(passage.title, passage.text)),
        )

    def _extraction(self, passage: Passage, head: list[Doc], body: list[Doc]) -> Extraction:
        found: list[NamedEntity] = []
        said: list[Triple] = []
        for doc in head:
            found.extend(entities(doc, noun_chunks(doc)))
        for doc in body:
            chunks = noun_chunks(doc)
            found.extend(entities(doc, chunks))
            try:
                said.extend(triples(doc, chunks, passage.title))
            except RecursionError:  # "the head of the head of …", hundreds of times: no sentence
                continue
        return Extraction(
            passage_id=passage.id,
            extractor=self._fingerprint,
            entities=_unique(found),
            triples=tuple(dict.fromkeys(said)),
        )

    def _pipeline(self) -> Language:
        if self._nlp is None:
            nlp = spacy_models.pipeline(self._model)
            for name in nlp.pipe_names:
                if name not in _NEEDED:
                    nlp.disable_pipe(name)
            self._nlp = nlp
        return self._nlp


def _parse(nlp: Language, groups: Iterable[Sequence[str]]) -> list[list[Doc]]:
    """The parsed pieces of each group of texts."""
    pieces = [[piece for text in group for piece in _pieces(text)] for group in groups]
    docs = iter(parsed(nlp, list(itertools.chain.from_iterable(pieces))))
    return [list(itertools.islice(docs, len(some))) for some in pieces]


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


def _unique(found: Iterable[NamedEntity]) -> tuple[NamedEntity, ...]:
    """Each name once, with the first type that it was given."""
    kept: dict[str, NamedEntity] = {}
    for entity in found:
        kept.setdefault(normalise(entity.name), entity)
    kept.pop("", None)
    return tuple(kept.values())
