"""Where a walk begins."""

import numpy as np

from retrieval.walk import ConditionedWalk, WalkConstants
from tests.doubles.corpus import note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder


def test_the_candidates_of_a_frequent_name_do_not_depend_on_what_lay_in_memory() -> None:
    embedder, question = HashEmbedder(48), "Alda saw the moon"
    notes = [
        note(f"Alda saw river {row} with {'moon ' * (row % 7)}in winter {row**2}.", names="Alda")
        for row in range(300)
    ]
    constants = WalkConstants(candidates=5, candidates_of_few=5, worded=0)
    walk = ConditionedWalk(snapshot_of(notes, embedder), constants)
    vectors = embedder.embed([text for text, _ in walk.texts(question)], "query")
    found = set()
    for left in (0.0, 1e9, -1.0, 7.0):
        for _ in range(20):
            # As large as the walk's own arrays, which then come to lie where these were.
            for size in range(1200, 2000, 4):
                np.full(size, left, np.float32)
            found.add(tuple(walk.run(question, vectors).base.passages.tolist()))
    assert len(found) == 1
