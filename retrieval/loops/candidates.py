"""The passages that a walk may start from: the best for each of a question's sources."""

from typing import TypeAlias

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.arrays import empty, zeros
from retrieval.loops.best import best_of_each
from retrieval.loops.compiled import compiled
from retrieval.loops.products import Int16Array, Vectors, made_of
from retrieval.loops.sets import each_once, in_order
from retrieval.loops.shared import Linked, Words, base_scores, of_the_rarest, shared_words

_READ = 500
"""How many postings of a question's rarest words are read."""

Counts: TypeAlias = tuple[int, int, int]
"""How many candidates each source has; in how many passages a name may be to have candidates that
are neither near the question nor its own by their title; and how many candidates are added for each
view's words."""
COUNTS = "UniTuple(int64, 3)"


@compiled()
def _joined(left: Int32Array, right: Int32Array) -> Int32Array:
    both = empty(len(left) + len(right), np.int32)
    for row in range(len(left)):
        both[row] = left[row]
    for row in range(len(right)):
        both[len(left) + row] = right[row]
    return both


@compiled()
def _chosen(passages: Int32Array, scores: Float32Array, count: int) -> Int32Array:
    """Of ascending passages those that are among the `count` best of any row of scores (v, n)."""
    best = best_of_each(scores, count)
    for row in range(len(best)):
        best[row] = passages[best[row]]
    return best


@compiled()
def _without(passages: Int32Array, gone: Int32Array) -> Int32Array:
    """What is not among other ones, both ascending."""
    kept, count, other = empty(len(passages), np.int32), 0, 0
    for row in range(len(passages)):
        while other < len(gone) and gone[other] < passages[row]:
            other += 1
        if other == len(gone) or gone[other] != passages[row]:
            kept[count] = passages[row]
            count += 1
    return kept[:count]


@compiled()
def mentioning(link: int, linked: Linked, near: Int32Array, most: int) -> Int32Array:
    """The passages that mention a link, ascending. Of an entry that more than `most` mention, those
    that it is the title of or that are `near`, ascending."""
    meanings, _, passage, is_title = linked
    size = several = 0
    for row in range(len(meanings)):
        if meanings[row, 0] == link:
            size += meanings[row, 2] - meanings[row, 1]
            several += 1
    found, count = empty(size, np.int32), 0
    for row in range(len(meanings)):
        if meanings[row, 0] != link:
            continue
        few, other = meanings[row, 2] - meanings[row, 1] <= most, 0
        for pair in range(meanings[row, 1], meanings[row, 2]):
            while not few and other < len(near) and near[other] < passage[pair]:
                other += 1
            if few or is_title[pair] or (other < len(near) and near[other] == passage[pair]):
                found[count] = passage[pair]
                count += 1
    return found[:count] if several < 2 else each_once(in_order(found[:count]))


@compiled()
def most_worded(words: Words, gone: Int32Array, count: int) -> Int32Array:
    """The `count` passages of each view that have most of its words, among those that have the
    question's rarest words, and are not gone; distinct, ascending."""
    _, first, end, items = words
    having = _without(of_the_rarest(first, end, items, _READ), gone)
    return _chosen(having, shared_words(having, *words), count)


@compiled()
def candidates_of(
    near: Int32Array,
    own: Float32Array,
    whole: Int16Array,
    worth: Float32Array,
    vectors: Vectors,
    words: Words,
    linked: Linked,
    links: int,
    gone: Int32Array,
    counts: Counts,
) -> Int32Array:
    """The candidates of the views, of each link and of the words, in that order, each as often as
    it is one: of the passages that are `near` any view, whose products with the views are `own`
    (v, n), of those that mention a link, by their own vectors and what links add, and of those that
    have the question's rarest words, by their words."""
    count, most, worded = counts
    rows, scale, _, _, _ = vectors
    found = near if count >= len(near) else _chosen(near, own, count)
    for link in range(links):
        few = mentioning(link, linked, near, most)
        if len(few) > count:
            views = made_of(few, rows, scale, whole, worth, len(own))
            row = empty((1, len(few)), np.float32)
            nothing = zeros((links, 0), np.float32), zeros(0, np.float32)
            _, scores = base_scores(few, views, linked, *nothing)
            for number in range(len(few)):
                row[0, number] = scores[number]
            few = _chosen(few, row, count)
        found = _joined(found, few)
    return _joined(found, most_worded(words, gone, worded))
