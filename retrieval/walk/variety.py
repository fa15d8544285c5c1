"""The order of the five best: what is like a better one gives way to what is not.

An answer over several hops lies in several passages, and where the walk finds one it finds its
likes: they share its names, and fit the question for the same reason. Of two that say the same the
second adds little. So what one of the five has over the sixth is cut by its likeness to those
before it:

    like(p, q) = (cos(p, q) - m) / (1 - m),  m the mean cosine of the five
    score(p)   = s6 + (s(p) - s6) · exp(-4 · max(0, like(p, q) - 0.2)),  q the most alike before it

Only a passage that the better one names by its title is not alike: it is the next hop, as the page
on a man is after the one on his wife. The next is always the best by that (maximal marginal
relevance; Carbonell and Goldstein 1998). The mean makes it hold for any model and corpus, for texts
are nearer to one another in some. None comes to the five and none leaves them: more places than
that are for finding all, whatever is alike.
"""

from collections.abc import Callable
from math import exp

import numpy as np

from kg.snapshot.tables import Floats, Ints, Pairs
from retrieval.walk.constants import WalkConstants


def varied(
    scores: Floats,
    cosines: Floats,
    leads: Callable[[int, int], bool],
    constants: WalkConstants,
) -> tuple[Ints, Floats]:
    """(n,), (n,): the order of the n best, and their scores in that order.

    scores: of the n best, best first, and of the next one if there is any; cosines: (n, n); leads:
    whether one of them names what another is about.
    """
    count = len(cosines)
    near, given = cosines.tolist(), scores.tolist()
    least = given[count] if len(given) > count else 0.0
    pairs = max(count * (count - 1), 1)
    usual = sum(sum(row) - row[place] for place, row in enumerate(near)) / pairs
    spread = max(1 - usual, 1e-6)
    allowed, steepness = usual + constants.alike * spread, constants.variety / spread
    nearest, now = [allowed] * count, given[:count]
    order, left = [], list(range(count))
    while left:
        best = max(left, key=lambda row: round(now[row], 4))
        order.append(best)
        left.remove(best)
        for row in left:
            like = near[best][row] > nearest[row] and given[row] > least
            if like and not leads(best, row):
                nearest[row] = near[best][row]
                kept = exp(-steepness * (nearest[row] - allowed))
                now[row] = least + (given[row] - least) * kept
    return np.array(order, dtype=np.int32), np.array([now[row] for row in order], dtype=np.float32)


def names_title_of(pairs: Pairs, one: int, other: int) -> bool:
    """Whether a passage names what another is about, by its title, and is not of that title too."""
    rows = pairs.by_passage.row(other)
    for entry in pairs.entry[rows[pairs.is_title[rows]]].tolist():
        first, end = pairs.indptr[entry], pairs.indptr[entry + 1]
        row = first + int(np.searchsorted(pairs.passage[first:end], one))
        if row < end and pairs.passage[row] == one:
            return not pairs.is_title[row]
    return False
