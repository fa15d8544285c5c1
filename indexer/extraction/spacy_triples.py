"""Triples from a dependency parse.

| in the text | triple |
|---|---|
| Curie discovered polonium. | Curie, discovered, polonium |
| Polonium was discovered by Curie. | polonium, discovered by, Curie |
| Warsaw is the capital of Poland. | Warsaw, is, capital of Poland; Warsaw, is capital of, Poland |
| Curie won the prize in 1911. | Curie, won, prize; Curie, won prize in, 1911 |
| Curie, a physicist from Warsaw | Curie, is, physicist; Curie, is physicist from, Warsaw |
| Curie was a physicist born in Warsaw. | Curie, was, physicist; Curie, born in, Warsaw |
| Curie's daughter, Irène | Curie, daughter, Irène |
| Curie's laboratory | Curie, has, laboratory |

A relation is worded as the text has it, in lower case, without auxiliary verbs. Subjects and
objects that are joined by "and" give a triple each; a verb joined to another shares its subject.
What the arguments are: see `indexer.extraction.spacy_arguments`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from indexer.extraction.spacy_arguments import SUBJECTS, Arguments, subject_of
from kg.names import normalise
from kg.records import Triple

if TYPE_CHECKING:
    from spacy.tokens import Doc, Span, Token

MAX_RELATION_WORDS = 8
"""A longer relation is a slip of the parser."""

_OBJECTS = frozenset({"dobj", "attr", "oprd"})
_PREPOSITIONS = frozenset({"prep", "agent", "dative"})
_AUXILIARIES = frozenset({"aux", "auxpass"})
_SHARES_SUBJECT = frozenset({"conj", "xcomp", "advcl"})
_PLACES = frozenset({"GPE", "LOC", "FAC"})


def triples(doc: Doc, chunks: Sequence[Span], title: str = "") -> Iterator[Triple]:
    """What a text says, in its order; `title` is what its pronoun subjects refer to."""
    reader = _Reader(Arguments(doc, chunks, title))
    for token in doc:
        if token.tag_.startswith("VB") and token.dep_ not in _AUXILIARIES:
            found = reader.of_verb(token)
        elif token.dep_ == "appos":
            found = reader.of_apposition(token)
        elif token.dep_ == "poss":
            found = reader.of_possessive(token)
        elif token.dep_ == "prep" and token.head.tag_ in ("NNP", "NNPS"):
            found = reader.of_name(token)
        else:
            continue
        for subject, relation, object_ in found:
            if _holds(subject, relation, object_):
                yield Triple(subject=subject, relation=relation, object=object_)


class _Reader:
    """Reads the triples off single words of one text."""

    def __init__(self, arguments: Arguments) -> None:
        self._arguments = arguments

    def of_verb(self, verb: Token) -> Iterator[tuple[str, str, str]]:
        subjects = self._names(self._subjects(verb))
        if not subjects:
            return
        words = _words(verb)
        for relation, object_ in self._objects(verb, words):
            name = self._arguments.name(object_)
            for subject in subjects:
                yield subject, relation, name

    def of_apposition(self, token: Token) -> Iterator[tuple[str, str, str]]:
        """X, a Y: X is Y. Of a name and a noun, the name is what the other tells about.

        Of two places the second holds the first (Warsaw, Poland); two names of different types are
        not one thing.
        """
        head, arguments = token.head, self._arguments
        types = arguments.entity_type(head), arguments.entity_type(token)
        if types[0] in _PLACES and types[1] in _PLACES:
            yield arguments.name(head), "in", arguments.name(token)
            return
        if all(types) and types[0] != types[1]:
            return
        if arguments.is_name(token) and not arguments.is_name(head):
            head, token = token, head
        subject = arguments.name(head)
        for relation, object_ in self._described("is", token):
            if object_ != head:
                yield subject, relation, arguments.own_name(object_)

    def of_possessive(self, token: Token) -> Iterator[tuple[str, str, str]]:
        """X's Y: X has Y; if the text tells who Y is, X's Y is Z."""
        head, arguments = token.head, self._arguments
        if arguments.same_entity(token, head) or token.tag_ == "PRP$":
            return
        owner, is_known = arguments.name(token), False
        for known in _identified(head):
            if arguments.is_name(known):
                is_known = True
                yield owner, head.lower_, arguments.name(known)
        if not is_known:
            yield owner, "has", _after(token, head)

    def of_name(self, preposition: Token) -> Iterator[tuple[str, str, str]]:
        """X of Y, X in Y, where X is a name and the phrase is not part of it."""
        head = preposition.head
        subject = self._arguments.name(head)
        for object_ in self._inside(preposition):
            if not self._arguments.same_entity(head, object_):
                yield subject, preposition.lower_, self._arguments.name(object_)

    def _names(self, tokens: Iterable[Token]) -> list[str]:
        names = (self._arguments.name(token) for token in tokens)
        return list(dict.fromkeys(name for name in names if name))

    def _subjects(self, verb: Token) -> list[Token]:
        """The words that a verb says something about, its own or those of a verb above it."""
        while True:
            own = [child for child in verb.lefts if child.dep_ in SUBJECTS]
            if own:
                return [token for child in own for token in self._arguments.all_of(child)]
            if verb.dep_ in ("acl", "relcl"):
                return [subject_of(verb.head)]
            if verb.dep_ not in _SHARES_SUBJECT or not verb.head.tag_.startswith("VB"):
                return []
            verb = verb.head

    def _objects(self, verb: Token, words: str) -> Iterator[tuple[str, Token]]:
        """Relation and word of all that a verb links its subject to."""
        phrase = words
        for child in verb.rights:
            if child.dep_ in _OBJECTS or (child.dep_ == "dative" and child.tag_ != "IN"):
                yield from self._described(words, child)
                if child.dep_ == "dobj":
                    phrase = self._with_object(words, child)
            elif child.dep_ == "acomp":
                phrase = f"{words} {child.lower_}"
                yield from self._prepositional(phrase, child)
        yield from self._prepositional(phrase, verb)

    def _described(self, words: str, token: Token) -> Iterator[tuple[str, Token]]:
        """A word, those joined to it, and what prepositions attach to each."""
        for one in self._arguments.all_of(token):
            yield words, one
            if not self._arguments.is_name(one):
                yield from self._prepositional(f"{words} {one.lower_}", one)

    def _prepositional(self, words: str, head: Token) -> Iterator[tuple[str, Token]]:
        for child in head.children:
            if child.dep_ in _PREPOSITIONS:
                for object_ in self._inside(child):
                    yield f"{words} {child.lower_}", object_

    def _inside(self, preposition: Token) -> Iterator[Token]:
        for child in preposition.rights:
            if child.dep_ == "pobj":
                yield from self._arguments.all_of(child)

    def _with_object(self, words: str, object_: Token) -> str:
        name = self._arguments.name(object_)
        return f"{words} {name}" if name else words


def _words(verb: Token) -> str:
    """A verb with its negation and particle, and the verbs that it completes: 'seeks to build'."""
    words = [
        str(child.lower_) if child.dep_ != "neg" else "not"
        for child in verb.children
        if child.dep_ in ("neg", "prt") or (child.dep_ == "aux" and child.tag_ == "TO")
    ]
    negation = [word for word in words if word in ("not", "to")]
    particles = [word for word in words if word not in ("not", "to")]
    own = " ".join([*negation, str(verb.lower_), *particles])
    if verb.dep_ == "xcomp" and verb.head.tag_.startswith("VB"):
        return f"{_words(verb.head)} {own}"
    return own


def _identified(head: Token) -> Iterator[Token]:
    """The words that tell who or what a noun is: its apposition, or what follows "is"."""
    yield from (child for child in head.rights if child.dep_ == "appos")
    if head.dep_ == "nsubj":
        yield from (child for child in head.head.rights if child.dep_ == "attr")
    if head.dep_ == "appos":
        yield head.head


def _after(owner: Token, head: Token) -> str:
    """The words between an owner's 's and the noun that is owned, with that noun."""
    words = [token for token in head.doc[owner.i + 1 : head.i + 1] if token.tag_ != "POS"]
    return "".join(token.text_with_ws for token in words).strip()


def _holds(subject: str, relation: str, object_: str) -> bool:
    ends = normalise(subject), normalise(object_)
    return all(ends) and ends[0] != ends[1] and len(relation.split()) <= MAX_RELATION_WORDS
