"""Which of the two best passages is first: the second, if the question prefers it by more than the
walk prefers the other.

A step moves what is at a passage to other ends of its bridges, which may fit worse. So where two
passages share a bridge and little else is near, each has what the other was given, and the one that
answers may come second to the one that was only reached through it. Where the walk can hardly tell
them apart, the base score can: it says which of them the question meant to begin with.

The second goes first if its score is near the best one (at least `WalkConstants.foremost` of it),
if the two have 0.3 together (all scores sum to 1 at most), and if its base score is better by so
much that, by a softmax of the two, the question takes it for more times as likely than the walk
takes the other: 4/3, for a score of 3/4. The other then has its score. An answer over several hops
needs both passages anyway, and neither leaves the first two.
"""

from math import log

import numpy as np

from kg.snapshot.tables import Float32Array
from retrieval.loops.compiled import compiled

_HELD = 0.3


@compiled()
def foremost(scores: Float32Array, base: Float32Array, near: float, temperature: float) -> int:
    """The row of the one that goes first, 0 or 1, of the n best: (n,) scores, best first, of all
    that sum to 1 at most, and base scores. See `WalkConstants` for the numbers."""
    if len(scores) < 2:
        return 0
    best, second = float(scores[0]), float(scores[1])
    if second < near * best or best + second < _HELD:
        return 0
    return int(base[1] - base[0] > np.float32(-temperature * log(near)))
