"""Which words stand in which passages: how a build finds, in passages that did not change, the
names that came meanwhile, without reading any other passage again."""

from collections.abc import Collection, Iterable, Sequence

import numpy as np

from indexer.snapshot.merge import Merge, starts
from kg.snapshot import Ragged
from kg.snapshot.tables import BoolArray, Int32Array, Words
from kg.surfaces import key_of


def merged_words(
    old: Words, passages: Merge, fresh: Sequence[Collection[str]], cased: BoolArray
) -> Words:
    """The words of kept passages, and of the fresh ones, whose words are given.

    cased: (P,), see `Words`; of all passages.
    """
    keys: dict[str, int] = {}
    for words in fresh:
        for word in words:
            if word not in keys:
                keys[word] = key_of(word)
    found = [keys[word] for words in fresh for word in words]
    old_key, old_passage = (
        np.repeat(old.key, np.diff(old.passages.indptr)),
        passages.target[old.passages.items],
    )
    kept = old_passage >= 0
    key = np.concatenate([old_key[kept], np.array(found, dtype=np.uint64)])
    passage = np.concatenate([old_passage[kept], np.repeat(passages.fresh, list(map(len, fresh)))])
    order = np.lexsort((passage, key))
    distinct, counts = np.unique(key[order], return_counts=True)
    return Words(
        key=distinct,
        passages=Ragged(starts(counts), passage[order].astype(np.int32)),
        cased=cased,
    )


def passages_with(table: Words, words: Iterable[str]) -> Int32Array:
    """The passages that have all of these words, ascending."""
    keys = np.array([key_of(word) for word in set(words)], dtype=np.uint64)
    rows = np.searchsorted(table.key, keys)
    if not len(table.key) or (table.key[np.minimum(rows, len(table.key) - 1)] != keys).any():
        return np.zeros(0, dtype=np.int32)
    found: Int32Array
    found, *others = sorted((table.passages.row(row) for row in rows), key=len)
    for other in others:
        found = found[np.isin(found, other, assume_unique=True)]
    return found
