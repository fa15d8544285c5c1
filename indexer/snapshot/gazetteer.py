"""The gazetteer: what can be named in a corpus, and how.

Entries are the titles of documents and the names that the extractor found; each has surfaces, the
forms that it is named by. Where they are mentioned: `indexer.snapshot.mentions`.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from indexer.snapshot.stopwords import is_function_word
from kg.records import Passage
from kg.snapshot import Snapshot, Strings
from kg.snapshot.tables import BoolArray, Gazetteer, Ragged
from kg.surfaces import MAX_TOKENS, key_of, surface_of
from kg.tokens import tokenise

NOT_NAMES = frozenset({"NOUN_CHUNK", "CARDINAL", "ORDINAL", "PERCENT", "QUANTITY", "TIME", "MONEY"})
"""Entity types that never bridge two passages (see `is_name`)."""

_YEAR = re.compile(r"\d{3}")
_PARENTHESES = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_ARTICLE = re.compile(r"^(?:the|a|an)\s+(?=\S)", re.IGNORECASE)
_MAX_TAIL_WORDS = 3
_HEAD_END = re.compile(
    r"\s[(（]|[,;]\s|\s[—–-]\s|\s(?:is|was|are|were|has|had|"
    r"ist|war|sind|waren|est|était|sont|es|era|fue|son|был|была|было|были)\s"
)
_LONGEST_HEAD = 120
_MAX_HEAD_WORDS = 8
_QUOTES = " \"'`“”„«»‘’"
_PARTICLES = frozenset(
    "of the and for in at on to a "
    "de la las los le les du des del di da du von van der den zu y e".split()
)
_CASED_SHARE = 0.2
"""A corpus has case if at least this share of its passages does."""


def is_name(text: str, type_: str) -> bool:
    """Whether what an extractor found can bridge passages: no noun chunk, number or amount, and no
    date without a year."""
    return type_ not in NOT_NAMES and (type_ != "DATE" or _YEAR.search(text) is not None)


def head_of(text: str) -> str:
    """The name that a text without a title begins with, up to a bracket, a comma or a verb of
    being, without an article; '' if not each of its words has a capital or is a particle."""
    line = text.lstrip()[:_LONGEST_HEAD].partition("\n")[0]
    end = _HEAD_END.search(line)
    head = _ARTICLE.sub("", line[: end.start()].strip(_QUOTES)) if end else ""
    words = head.split()
    named = [word[0].isupper() or word[0].isdigit() for word in words]
    fits = all(name or word in _PARTICLES for name, word in zip(named, words, strict=True))
    return head if 0 < len(words) <= _MAX_HEAD_WORDS and named[0] and fits else ""


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
    form: list[str] = field(default_factory=list)
    """The normal form of the title or of the name: no two titles, and no two names, share one."""
    titled: list[list[int]] = field(default_factory=list)
    meanings: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    """Surface -> entries."""

    def add(self, label: str, form: str, surfaces: Iterable[str], titled: list[int]) -> None:
        """One more entry; its surfaces may be known already, and are then ambiguous."""
        number = len(self.labels)
        self.labels.append(label)
        self.form.append(form)
        self.titled.append(titled)
        for surface in surfaces:
            self.meanings[surface].append(number)


def collect_names(
    passages: Sequence[Passage],
    names: Iterable[str],
    *,
    cased: bool,
    known: Mapping[str, str] | None = None,
) -> Names:
    """The entries of a corpus: its titles first, then the names that no title covers.

    `names` are surface forms as extractors gave them, in any order; equal normal forms are one
    entry, labelled by the form that is least in code-point order. Where capitals tell names, what a
    passage without a title begins with (`head_of`) is one more. `known` are surfaces of some names,
    which need not be worked out again.
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
        found.add(titles[0], form, sorted(surfaces - {""}), passages_of)
    labels: dict[str, str] = {}
    known = known or {}
    heads = {head_of(one.text) for one in passages if cased and not one.title.strip()} - {""}
    for name in chain(names, heads):
        surface = known.get(name) or _surface(name, cased=cased)
        if surface and surface not in found.meanings:
            labels[surface] = min(name, labels.get(surface, name))
    for surface in sorted(labels):
        found.add(labels[surface], surface, [surface], [])
    return found


def corpus_has_case(cased: BoolArray) -> bool:
    """Whether capitals tell names from other words in a corpus; (P,) says so of each passage."""
    return bool(np.count_nonzero(cased) >= _CASED_SHARE * len(cased))


def known_surfaces(snapshot: Snapshot, *, cased: bool) -> dict[str, str]:
    """The surfaces of the names (not titles) that an earlier snapshot has, by their labels."""
    if snapshot.cased != cased:
        return {}
    table = snapshot.gazetteer
    titled = np.diff(table.titled.indptr) > 0
    first = table.entries.inverted(len(table.label))
    surfaces = list(table.surface)
    return {
        label: surfaces[first.items[first.indptr[entry]]]
        for entry, label in enumerate(table.label)
        if not titled[entry]
    }


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
