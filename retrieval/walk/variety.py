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

from kg.snapshot.tables import BoolArray, Int32Array, Pairs
from retrieval.loops.variety import Named, naming


def named(pairs: Pairs) -> Named:
    """Which passages name what, as the loops take it."""
    of = pairs.by_passage
    return of.indptr, of.items, pairs.entry, pairs.is_title, pairs.indptr, pairs.passage


def leads_among(pairs: Pairs, passages: Int32Array) -> BoolArray:
    """(n, n): whether the row's passage names what the column's is about, by its title, and is not
    of that title too."""
    return naming(passages, named(pairs))
