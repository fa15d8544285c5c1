"""The order of the five best: what is like a better one gives way to what is not.

An answer over several hops lies in several passages, and where the walk finds one it finds its
likes: they share its names, and fit the question for the same reason. Of two that say the same the
second adds little. So what one of the five has over the sixth is cut by its likeness to those
before it:

    like(p, q) = (cos(p, q) - m) / (1 - m),  m the mean cosine of the five
    score(p)   = s6 + (s(p) - s6) · exp(-4 · max(0, like(p, q) - 0.2)),  q the most alike before it

The next is always the best by that (maximal marginal relevance; Carbonell and Goldstein 1998). The
mean makes it hold for any model and corpus, for texts are nearer to one another in some. None comes
to the five and none leaves them: more places than that are for finding all, whatever is alike.
"""

from math import exp

import numpy as np

from kg.snapshot.tables import Floats, Ints
from retrieval.walk.constants import WalkConstants


def varied(scores: Floats, cosines: Floats, constants: WalkConstants) -> tuple[Ints, Floats]:
    """(n,), (n,): the order of the n best, and their scores in that order.

    scores: of the n best, best first, and of the next one if there is any; cosines: (n, n).
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
            if near[best][row] > nearest[row] and given[row] > least:
                nearest[row] = near[best][row]
                kept = exp(-steepness * (nearest[row] - allowed))
                now[row] = least + (given[row] - least) * kept
    return np.array(order, dtype=np.int32), np.array([now[row] for row in order], dtype=np.float32)
