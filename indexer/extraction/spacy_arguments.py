"""The arguments of triples: which words of a parsed text stand for the thing that a word names.

A word inside a named entity stands for the whole entity; the head of a noun chunk for the chunk
without its determiners, and with an "of" phrase that follows it ("capital of France"), or for the
name that follows it in apposition ("the physicist Marie Curie"). A relative pronoun stands for what
it refers to.

One plain heuristic resolves what refers to the document: where a document has a title, the subject
of a sentence stands for the title if it is a personal pronoun (he, she, it, they), or "the" or
"this" before what the first sentence says that the title is, or before the title's last word
("the album", "this journal"). Nothing but subjects is resolved. The title's own words, where they
stand in the text, are one name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from indexer.extraction.spacy_entities import MAX_CHUNK_TOKENS, PROPER, entity_span, trim
from kg.names import surface

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

SUBJECTS = frozenset({"nsubj", "nsubjpass"})

_PRONOUNS = frozenset({"he", "she", "it", "they"})
_POINTING = frozenset({"the", "this"})
_NOUN_TAGS = frozenset({"NN", "NNS", "NNP", "NNPS", "CD"})
_RELATIVE = frozenset({"WDT", "WP"})
_CLAUSES = frozenset({"ccomp", "xcomp", "csubj"})
_BRACKETS = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")


class Arguments:
    """Finds what the words of one text stand for."""

    def __init__(self, doc: Doc, chunks: Sequence[Span], title: str = "") -> None:
        """Read a text with its noun chunks; its subjects may refer to `title` ('': to nothing)."""
        self._doc = doc
        self._title = surface(_BRACKETS.sub("", title) or title)
        self._chunks = {chunk.root.i: chunk for chunk in chunks}
        self._entities = {token.i: entity_span(found) for found in doc.ents for token in found}
        self._entities |= {token.i: found for found in self._titles() for token in found}
        self._kinds = self._kinds_of_title() if self._title else frozenset[str]()

    def name(self, token: Token) -> str:
        """What `token` stands for, as text; '' if it names nothing."""
        if token.dep_ in SUBJECTS and self._is_title(token):
            return self._title
        if token.tag_ in _RELATIVE:
            antecedent = _antecedent(token)
            return self.name(antecedent) if antecedent is not None else ""
        if not self.is_name(token):
            for child in token.rights:
                if child.dep_ == "appos" and self.is_name(child):
                    return self.own_name(child)
        return self.own_name(token)

    def own_name(self, token: Token) -> str:
        """What `token` and the words that belong to it say; '' if they name nothing."""
        span = self.span(token)
        return _whole(surface(span.text)) if span is not None else ""

    def span(self, token: Token) -> Span | None:
        """The words that name the thing of which `token` is the head; None if they name nothing."""
        entity = self._entities.get(token.i)
        if entity is not None:
            return entity
        if token.tag_ not in _NOUN_TAGS:
            return None
        chunk = self._chunks.get(token.i)
        span = trim(chunk) if chunk is not None else self._doc[token.i : token.i + 1]
        if span is None or (len(span) == 1 and token.is_stop):
            return None
        end = self._end_of_phrase(token, span.end)
        span = self._doc[span.start : end]
        return span if len(span) <= MAX_CHUNK_TOKENS else None

    def all_of(self, token: Token) -> Iterator[Token]:
        """The word and all that are joined to it by "and", "or" or a comma."""
        yield token
        for child in token.rights:
            if child.dep_ == "conj":
                yield from self.all_of(child)

    def is_name(self, token: Token) -> bool:
        """Whether it belongs to a named entity or is a proper noun."""
        return token.i in self._entities or token.tag_ in PROPER

    def entity_type(self, token: Token) -> str:
        """The label of the named entity that it belongs to, '' if none."""
        return str(token.ent_type_)

    def same_entity(self, one: Token, other: Token) -> bool:
        """Whether both words belong to one named entity."""
        entity = self._entities.get(one.i)
        return entity is not None and entity.start <= other.i < entity.end

    def _titles(self) -> Iterator[Span]:
        """Where the title stands in the text."""
        if not self._title:
            return
        for match in re.finditer(re.escape(self._title), self._doc.text):
            span = self._doc.char_span(*match.span())
            if span is not None:
                yield span

    def _end_of_phrase(self, token: Token, end: int) -> int:
        """Where the noun phrase ends if an "of" phrase follows its chunk directly, else `end`."""
        for child in token.rights:
            if child.dep_ == "prep" and child.lower_ == "of" and child.i == end:
                for inner in child.children:
                    span = self.span(inner) if inner.dep_ == "pobj" else None
                    if span is not None:
                        return int(span.end)
        return end

    def _is_title(self, token: Token) -> bool:
        if not self._title or not _is_subject_of_sentence(token):
            return False
        if token.lower_ in _PRONOUNS:
            # "It is known that ..." speaks of nothing.
            return token.lower_ != "it" or not any(
                child.dep_ in _CLAUSES for child in token.head.children
            )
        if token.lower_ not in self._kinds or token.i in self._entities or token.i == 0:
            return False
        before = self._doc[token.i - 1]
        return before.lower_ in _POINTING and before.head == token

    def _kinds_of_title(self) -> frozenset[str]:
        """What the title is, as far as the first sentence says: the nouns after "is a"."""
        words = self._title.casefold().split()
        kinds = {words[-1]} if words else set()
        first = next(iter(self._doc.sents), None)
        if first is not None and any(
            token.dep_ == "nsubj" and token.head == first.root for token in first
        ):
            attributes = (child for child in first.root.children if child.dep_ == "attr")
            for attribute in attributes:
                kinds |= {str(token.lower_) for token in self.all_of(attribute)}
        return frozenset(kinds)


def subject_of(noun: Token) -> Token:
    """What a noun's clause tells about: X in "X is a town that ..." and in "X, a town that ..."."""
    if noun.dep_ == "appos":
        return noun.head
    if noun.dep_ == "attr":
        for child in noun.head.lefts:
            if child.dep_ in SUBJECTS and child.tag_ not in _RELATIVE:
                return child
    return noun


def _is_subject_of_sentence(token: Token) -> bool:
    verb = token.head
    # Of two main clauses with a semicolon between, the parser puts the first under the second.
    while verb.dep_ == "conj" or (verb.dep_ == "ccomp" and verb.i < verb.head.i):
        verb = verb.head
    return verb.dep_ == "ROOT"


def _antecedent(token: Token) -> Token | None:
    """What a relative pronoun refers to: the noun that its clause belongs to."""
    for verb in token.ancestors:
        if verb.dep_ == "relcl":
            return subject_of(verb.head)
    return None


def _whole(name: str) -> str:
    """A name without half a pair of quotation marks."""
    return name.replace('"', "") if name.count('"') % 2 else name
