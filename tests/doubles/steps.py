"""Steps of a walk from passages that were looked at."""

from collections.abc import Sequence

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Float32Array
from retrieval.loops import stepping
from retrieval.walk.constants import WalkConstants
from retrieval.walk.postings import Postings
from retrieval.walk.step import Step
from retrieval.walk.walker import taking
from tests.doubles.loops import called
from tests.doubles.seen import Looked

steps_from = called(stepping.steps_from)


def steps(
    looked: Looked,
    reset: Sequence[float],
    snapshot: Snapshot,
    constants: WalkConstants,
    excluded: Sequence[int] = (),
    limit: int = 20,
) -> tuple[tuple[Step, ...], Float32Array]:
    """The steps that are taken, and the scores after them; over bridges that are not excluded, of
    which at most so many pairs are kept."""
    postings = Postings(snapshot, limit)
    first, second, once, again, score, _ = steps_from(
        np.array(reset, dtype=np.float32),
        np.array(excluded, dtype=np.int32),
        postings.graph,
        taking(constants, postings),
        looked.sight,
        looked.seen,
    )
    taken = (Step.of(first, once), Step.of(second, again)) if again else (Step.of(first, once),)
    return taken, score
