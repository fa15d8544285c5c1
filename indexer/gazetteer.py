"""The gazetteer: what can be named in a corpus, and every place where it is.

Entries are the titles of documents and the names that the extractor found; each has surfaces, the
forms that it is named by. Every span of every sentence and title that is some entry's surface is a
mention, nested ones too. A pair (entry, passage) gathers the sentences of a passage that mention
an entry; if the entry is the passage's title or stands inside that title, all of its sentences.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from indexer.stopwords import is_function_word
from kg.records import Passage
from kg.snapshot.container import Strings
from kg.snapshot.tables import Gazetteer, Pairs, Ragged
from kg.surfaces import MAX_TOKENS, key_of, matches, surface_of
from kg.tokens import Token, has_case, tokenise

NOT_NAMES = frozenset({"NOUN_CHUNK", "CARDINAL", "ORDINAL", "PERCENT", "QUANTITY", "TIME", "MONEY"})
"""Entity types that never bridge two passages (see `is_name`)."""

_YEAR = re.compile(r"\d{3}")
_PARENTHESES = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_ARTICLE = re.compile(r"^(?:the|a|an)\s+(?=\S)", re.IGNORECASE)
_MAX_TAIL_WORDS = 3
_CASED_SHARE = 0.2
"""A corpus has case if at least this share of its passages does."""


def is_name(text: str, type_: str) -> bool:
    """Whether what an extractor found can bridge passages: no noun chunk, number or amount, and no
    date without a year."""
    return type_ not in NOT_NAMES and (type_ != "DATE" or _YEAR.search(text) is not None)


def title_aliases(title: str) -> list[str]:
    """The forms that a title's subject is named by: the title, without trailing parentheses,
    without a leading article, and its head before a single comma with a short tail."""
    bare = _PARENTHESES.sub("", title).strip() or title.strip()
    aliases = [title.strip(), bare, _ARTICLE.sub("", bare)]
    head, comma, tail = bare.partition(",")
    if comma and "," not in tail and head.strip() and len(tail.split()) <= _MAX_TAIL_WORDS:
        aliases.append(head.strip())
    return list(dict.fromkeys(alias for alias in aliases if alias))


@dataclass(slots=True)
class Names:
    """Entries and their surfaces, while they are being collected."""

    labels: list[str] = field(default_factory=list)
    titled: list[list[int]] = field(default_factory=list)
    meanings: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Surface -> entries."""

    def add(self, label: str, surfaces: Iterable[str], titled: list[int]) -> None:
        """One more entry; its surfaces may be known already, and are then ambiguous."""
        number = len(self.labels)
        self.labels.append(label)
        self.titled.append(titled)
        for surface in surfaces:
            self.meanings[surface].append(number)


def collect_names(passages: Sequence[Passage], names: Iterable[str], *, cased: bool) -> Names:
    """The entries of a corpus: its titles first, then the names that no title covers.

    `names` are surface forms as extractors gave them, in any order; equal normal forms are one
    entry, labelled by the form that is least in code-point order.
    """
    found = Names()
    by_title: dict[str, list[int]] = defaultdict(list)
    for number, passage in enumerate(passages):
        if passage.title.strip():
            by_title[passage.title.strip()].append(number)
    by_form: dict[str, list[str]] = defaultdict(list)
    for title in sorted(by_title):
        by_form[surface_of(tokenise(title))].append(title)
    for form in sorted(by_form):
        titles = by_form[form]
        surfaces = {
            _surface(alias, cased=False) for title in titles for alias in title_aliases(title)
        }
        passages_of = sorted({number for title in titles for number in by_title[title]})
        found.add(titles[0], sorted(surfaces - {""}), passages_of)
    labels: dict[str, str] = {}
    for name in names:
        surface = _surface(name, cased=cased)
        if surface and surface not in found.meanings:
            labels[surface] = min(name, labels.get(surface, name))
    for surface in sorted(labels):
        found.add(labels[surface], [surface], [])
    return found


def corpus_has_case(passages: Sequence[Passage]) -> bool:
    """Whether capitals tell names from other words in this corpus."""
    cased = sum(has_case(tokenise(passage.text), passage.text) for passage in passages)
    return cased >= _CASED_SHARE * len(passages)


def _surface(name: str, *, cased: bool) -> str:
    """The surface of a name, or '' if it cannot be one."""
    tokens = tokenise(name)
    if not tokens or len(tokens) > MAX_TOKENS or all(is_function_word(t.form) for t in tokens):
        return ""
    if cased and not any(token.named for token in tokens):
        return ""
    if len(tokens) == 1 and tokens[0].form.isdigit() and len(tokens[0].form) < 4:
        return ""
    return surface_of(tokens)


def find_pairs(
    passages: Sequence[Passage],
    sentences: Sequence[Sequence[tuple[int, int]]],
    names: Names,
    *,
    cased: bool,
) -> Pairs:
    """Every (entry, passage) with the sentences that name the entry.

    `sentences` are each passage's spans in its text; sentences are numbered through the corpus.
    """
    longest = max((surface.count(" ") + 1 for surface in names.meanings), default=0)
    own: list[set[int]] = [set() for _ in passages]
    for entry, numbers in enumerate(names.titled):
        for number in numbers:
            own[number].add(entry)
    rows: list[tuple[int, int, bool, list[int]]] = []
    by_title: dict[str, frozenset[int]] = {}
    offset = 0
    for number, passage in enumerate(passages):
        spans = sentences[number]
        numbered = range(offset, offset + len(spans))
        offset += len(spans)
        if passage.title not in by_title:
            by_title[passage.title] = frozenset(_mentioned(passage.title, names, longest, cased))
        inside = by_title[passage.title]
        where: dict[int, list[int]] = defaultdict(list)
        for sentence, (start, end) in zip(numbered, spans, strict=True):
            for entry in _mentioned(passage.text[start:end], names, longest, cased):
                where[entry].append(sentence)
        for entry in inside | own[number]:
            where[entry] = list(numbered)
        rows.extend((entry, number, entry in own[number], where[entry]) for entry in where)
    return _pairs(sorted(rows), len(names.labels), len(passages))


def _mentioned(text: str, names: Names, longest: int, cased: bool) -> set[int]:
    """The entries that a text names."""
    tokens: list[Token] = tokenise(text)
    found = matches(tokens, cased=cased, known=names.meanings.__contains__, longest=longest)
    return {entry for span in found for entry in names.meanings[span.surface]}


def _pairs(rows: list[tuple[int, int, bool, list[int]]], entries: int, passages: int) -> Pairs:
    entry = np.array([row[0] for row in rows], dtype=np.int32)
    passage = np.array([row[1] for row in rows], dtype=np.int32)
    order = np.argsort(passage, kind="stable").astype(np.int32)
    return Pairs(
        indptr=np.searchsorted(entry, np.arange(entries + 1)).astype(np.int64),
        entry=entry,
        passage=passage,
        is_title=np.array([row[2] for row in rows], dtype=np.bool_),
        sentences=Ragged.from_rows([row[3] for row in rows]),
        by_passage=Ragged(
            np.searchsorted(passage[order], np.arange(passages + 1)).astype(np.int64), order
        ),
    )


def gazetteer_table(names: Names, entity_of: dict[str, int]) -> Gazetteer:
    """The gazetteer as a snapshot holds it; `entity_of` finds the entity of a normalised name."""
    from kg.names import normalise

    ordered = sorted((key_of(surface), surface) for surface in names.meanings)
    return Gazetteer(
        key=np.array([key for key, _ in ordered], dtype=np.uint64),
        surface=Strings.of(surface for _, surface in ordered),
        entries=Ragged.from_rows([names.meanings[surface] for _, surface in ordered]),
        label=Strings.of(names.labels),
        entity=np.array(
            [entity_of.get(normalise(label), -1) for label in names.labels], dtype=np.int32
        ),
        titled=Ragged.from_rows(names.titled),
    )
