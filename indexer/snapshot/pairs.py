"""The table of pairs: which passages name which entries of the gazetteer, in which sentences.

Of passages that did not change, what an earlier build found is taken over, but for those that have
all words of a surface of an entry that came meanwhile, or named one that went: they are read again.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from indexer.snapshot.gazetteer import Names
from indexer.snapshot.mentions import FoundPair, MentionReader
from indexer.snapshot.merge import Merge, select
from indexer.snapshot.words import passages_with
from kg.records import Passage
from kg.snapshot import Ragged, Snapshot
from kg.snapshot.tables import BoolArray, Gazetteer, Int32Array, Int64Array, Pairs, Words
from kg.surfaces import surface_of
from kg.tokens import tokenise


@dataclass(frozen=True, kw_only=True, slots=True)
class Corpus:
    """The passages of a build and their sentences."""

    passages: Sequence[Passage]
    indptr: Int64Array
    """(P + 1,): see `kg.snapshot.tables.Sentences`."""
    start: Int32Array
    end: Int32Array

    def spans(self, number: int) -> list[tuple[int, int]]:
        """The sentences of a passage, in its text."""
        here = slice(self.indptr[number], self.indptr[number + 1])
        return list(zip(self.start[here].tolist(), self.end[here].tolist(), strict=True))


class _Rows(NamedTuple):
    """Pairs as columns, in any order."""

    entry: Int32Array
    passage: Int32Array
    is_title: BoolArray
    weak: BoolArray
    sentences: Ragged


def find_pairs(
    corpus: Corpus,
    names: Names,
    *,
    cased: bool,
    old: Snapshot,
    passages: Merge,
    sentences: Merge,
) -> tuple[Pairs, list[Set[str]]]:
    """The pairs of a corpus, and the words of each fresh passage.

    old: what an earlier build found. passages, sentences: which rows of it are kept.
    """
    reader = MentionReader(names, cased=cased)
    found, words = _read(reader, corpus, passages.fresh)
    carried, again = _rows([]), np.flatnonzero(passages.kept).tolist()
    if cased == old.cased:
        entries = _same_entries(old.gazetteer, names)
        again = _to_read_again(old, entries, names, passages)
        stays = passages.target.copy()
        stays[np.isin(stays, again)] = -1
        carried = _carried(old.pairs, entries, stays, sentences.target)
    found += _read(reader, corpus, again)[0]
    return _table(carried, _rows(found), len(names.labels), len(corpus.passages)), words


def _read(
    reader: MentionReader, corpus: Corpus, numbers: Iterable[int]
) -> tuple[list[FoundPair], list[Set[str]]]:
    found: list[FoundPair] = []
    words: list[Set[str]] = []
    for number in numbers:
        passage, spans = corpus.passages[number], corpus.spans(number)
        pairs, its_words = reader.read(number, passage, spans, int(corpus.indptr[number]))
        found += pairs
        words.append(its_words)
    return found, words


def _same_entries(old: Gazetteer, names: Names) -> Int64Array:
    """For each old entry the entry that has the same surfaces, or -1."""
    surfaces, known = list(old.surface), old.entries.inverted(len(old.label))
    entry_of = {key: entry for entry, key in enumerate(_identities(names))}
    named_by: dict[int, set[str]] = defaultdict(set)
    for surface, entries in names.meanings.items():
        for entry in entries:
            named_by[entry].add(surface)
    same = np.full(len(old.label), -1, dtype=np.int64)
    titled = np.diff(old.titled.indptr) > 0
    for number, label in enumerate(old.label):
        its = {surfaces[row] for row in known.row(number)}
        form = surface_of(tokenise(label)) if titled[number] else next(iter(its))
        entry = entry_of.get((bool(titled[number]), form), -1)
        if entry >= 0 and named_by[entry] == its:
            same[number] = entry
    return same


def _identities(names: Names) -> Iterable[tuple[bool, str]]:
    return ((bool(titled), form) for titled, form in zip(names.titled, names.form, strict=True))


def _to_read_again(old: Snapshot, entries: Int64Array, names: Names, passages: Merge) -> list[int]:
    """The kept passages that may mention an entry that came meanwhile, or did mention one that
    went: other names may stand inside it.

    entries: of each old entry the one it is now, or -1.
    """
    came = set(range(len(names.labels))).difference(entries.tolist())
    again = set(_may_name(came, names, old.words, passages))
    left = passages.target[old.pairs.passage[entries[old.pairs.entry] < 0]]
    return sorted(again.union(left.tolist()) - {-1})


def _may_name(entries: Set[int], names: Names, words: Words, passages: Merge) -> list[int]:
    """The kept passages that may mention one of these entries, or have it as their title."""
    surfaces = [
        surface for surface, meant in names.meanings.items() if not entries.isdisjoint(meant)
    ]
    target, kept = passages.target, passages.kept
    found = {
        int(number)
        for surface in surfaces
        for number in target[passages_with(words, surface.split(" "))]
    }
    found.update(number for entry in entries for number in names.titled[entry] if kept[number])
    return sorted(found - {-1})


def _carried(old: Pairs, entries: Int64Array, passages: Int64Array, sentences: Int64Array) -> _Rows:
    """The pairs that stay, renumbered."""
    rows = np.flatnonzero((entries[old.entry] >= 0) & (passages[old.passage] >= 0))
    named = select(old.sentences, rows)
    return _Rows(
        entry=entries[old.entry[rows]].astype(np.int32),
        passage=passages[old.passage[rows]].astype(np.int32),
        is_title=old.is_title[rows],
        weak=old.weak[rows],
        sentences=Ragged(named.indptr, sentences[named.items].astype(np.int32)),
    )


def _rows(found: Sequence[FoundPair]) -> _Rows:
    return _Rows(
        entry=np.array([pair.entry for pair in found], dtype=np.int32),
        passage=np.array([pair.passage for pair in found], dtype=np.int32),
        is_title=np.array([pair.is_title for pair in found], dtype=np.bool_),
        weak=np.array([pair.weak for pair in found], dtype=np.bool_),
        sentences=Ragged.from_rows([pair.sentences for pair in found]),
    )


def _table(carried: _Rows, found: _Rows, entries: int, passages: int) -> Pairs:
    entry = np.concatenate([carried.entry, found.entry])
    passage = np.concatenate([carried.passage, found.passage])
    order = np.lexsort((passage, entry))
    entry, passage = entry[order], passage[order]
    merge = Merge(order, len(carried.entry))
    return Pairs.of(
        entry=entry,
        passage=passage,
        is_title=merge.take(carried.is_title, found.is_title),
        weak=merge.take(carried.weak, found.weak),
        sentences=merge.ragged(carried.sentences, found.sentences),
        entries=entries,
        passages=passages,
    )
