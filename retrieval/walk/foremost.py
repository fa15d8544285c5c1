"""Which of the best passages is first: one that fits the question clearly better than the others.

A step moves what is at a passage to other ends of its bridges, which may fit worse. So where two
passages share a bridge and little else is near, each has what the other was given, and the one that
answers may come second to the one that was only reached through it. Where the walk can hardly tell
them apart, the base score can: it says which of them the question meant to begin with.

It goes first if its score is near the best one (`WalkConstants.foremost` of it), if it and those
before it have 0.5 together (all scores sum to 1 at most), and if its base score is better by more
than a softmax's temperature: then the question alone takes it for e times as likely. Those that it
passes have its score. An answer over several hops needs both passages anyway, and neither leaves
its place among the others.
"""

from kg.snapshot.tables import Float32Array
from retrieval.walk.constants import WalkConstants

_MOST = 0.5


def foremost(scores: Float32Array, base: Float32Array, constants: WalkConstants) -> int:
    """The row of the one that goes first, of the n best: (n,) scores, best first, of all that sum
    to 1 at most, and base scores; 0 mostly."""
    first, least, most, held = 0, 0.0, 0.0, 0.0
    for row, (score, own) in enumerate(zip(scores.tolist(), base.tolist(), strict=True)):
        held += score
        if row == 0:
            least, most = constants.foremost * score, own + constants.temperature
        elif score >= least and held >= _MOST and own > most:
            first, most = row, own
    return first
