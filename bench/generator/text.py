"""What passages say, in made-up words of six letters: `Bakoru Lenimi` is a name, `tosami` a word.

Each sentence begins with the names that it mentions; common words follow, drawn in inverse
proportion to their rank. All words have one length, so that millions of them are one array.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from bench.generator.names import Mentions
from kg.snapshot import Strings
from kg.snapshot.tables import Int32Array, Int64Array

WORDS = 50_000
"""Words that texts are made of; higher numbers are words that occur nowhere."""
_ALL = 1_000_000
_CELL = 7
"""Bytes of a word and the space after it."""
_CHUNK = 20_000
_FEWEST, _MORE = 5, 6.0
"""Common words of a sentence: so many at least, and so many more on average."""

_Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True, slots=True)
class Texts:
    """The passages' texts, and where sentences stand in them."""

    text: Strings
    start: Int32Array
    end: Int32Array


def word(number: int) -> str:
    """The word of that number, below a million; equal words have equal numbers."""
    return _cells(_word_cells(np.array([number]))).tobytes().decode().strip()


def names(entries: Int32Array | Int64Array, *, capital: bool) -> Strings:
    """Each entry's name, two words; distinct for distinct entries."""
    cells = _cells(_name_cells(entries).reshape(-1)).reshape(-1, 2, _CELL)
    if capital:
        cells[:, :, 0] -= 32
    joined = cells.reshape(-1, 2 * _CELL)[:, :-1]
    return Strings(joined.reshape(-1), np.arange(len(entries) + 1) * (2 * _CELL - 1))


def write_texts(mentions: Mentions, seed: int) -> Texts:
    """The texts of all passages."""
    passages = len(mentions.topic)
    named = _named(mentions)
    parts = []
    for number, first in enumerate(range(0, passages, _CHUNK)):
        rng = np.random.default_rng([seed, 2, number])
        parts.append(_part(mentions.sentences[first : first + _CHUNK + 1], *named, rng))
    lengths = np.concatenate([lengths for _, lengths in parts])
    sentence = mentions.sentences
    before = np.concatenate(([0], np.cumsum(lengths * _CELL)))
    start = before[:-1] - np.repeat(before[sentence[:-1]], np.diff(sentence))
    offsets = before[sentence] - np.arange(passages + 1)
    return Texts(
        text=Strings(np.concatenate([data for data, _ in parts]), offsets),
        start=start.astype(np.int32),
        end=(start + lengths * _CELL - 1).astype(np.int32),
    )


def _named(mentions: Mentions) -> tuple[Int64Array, Int32Array]:
    """(indptr, entries): the names that stand in each sentence; a title, in the first only."""
    count = np.where(mentions.is_title, 1, mentions.count)
    start = mentions.sentences[mentions.passage] + np.where(mentions.is_title, 0, mentions.first)
    which = np.repeat(start - np.concatenate(([0], np.cumsum(count)[:-1])), count)
    which += np.arange(len(which))
    order = np.argsort(which, kind="stable")
    entries = np.repeat(mentions.entry, count)[order]
    return np.searchsorted(which[order], np.arange(mentions.sentences[-1] + 1)), entries


def _part(
    sentences: Int64Array, indptr: Int64Array, entries: Int32Array, rng: np.random.Generator
) -> tuple[_Bytes, Int64Array]:
    """(bytes of some passages' texts, words of each of their sentences)."""
    first, last = sentences[0], sentences[-1]
    inside = entries[indptr[first] : indptr[last]].astype(np.int64)
    named = 2 * np.diff(indptr[first : last + 1])
    common = _FEWEST + rng.poisson(_MORE, last - first)
    lengths = named + common
    ends = np.cumsum(lengths)
    is_name = np.repeat(np.tile((True, False), len(lengths)), np.stack((named, common), 1).ravel())
    cells = np.empty(ends[-1], dtype=np.int64)
    cells[is_name] = _name_cells(inside).reshape(-1)
    ranks = WORDS ** rng.random(len(cells) - 2 * len(inside)) - 1.0
    cells[~is_name] = _word_cells(ranks.astype(np.int64))
    data = _cells(cells)
    capital = is_name.copy()
    capital[ends - lengths] = True
    data[capital, 0] -= 32
    data[ends - 1, _CELL - 2] = ord(".")
    kept = np.ones(data.shape, dtype=np.bool_)
    kept[ends[sentences[1:] - first - 1] - 1, _CELL - 1] = False
    return data[kept], lengths.astype(np.int64)


def _word_cells(ranks: Int64Array) -> Int64Array:
    scattered: Int64Array = (ranks * 7919 + 13) % _ALL
    return scattered


def _name_cells(entries: Int32Array | Int64Array) -> Int64Array:
    """(n, 2): a number below 10^12 for each entry, in two halves; one to one."""
    both = (np.asarray(entries, dtype=np.int64) * 2_654_435_761 + 271_828) % (_ALL * _ALL)
    return np.stack((both // _ALL, both % _ALL), axis=1)


def _cells(numbers: Int64Array) -> _Bytes:
    """(n, 7): three syllables, of a consonant and a vowel each, and a space."""
    consonants = np.frombuffer(b"bcdfghjklmnpqrstvwxz", dtype=np.uint8)
    vowels = np.frombuffer(b"aeiou", dtype=np.uint8)
    cells = np.full((len(numbers), _CELL), ord(" "), dtype=np.uint8)
    for syllable, unit in enumerate((10_000, 100, 1)):
        part = numbers // unit % 100
        cells[:, 2 * syllable] = consonants[part // 5]
        cells[:, 2 * syllable + 1] = vowels[part % 5]
    return cells
