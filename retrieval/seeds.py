"""How much each starting point of a PageRank contributes to a passage.

PageRank is linear in its reset vector: from reset weights w it is the mean of the PageRanks x of
the single nodes. Each counts with its weight times the mass that its own walk has before scaling, 1
/ (1 - d + d · (the mass of x at nodes without edges)), since a walk that reaches such a node starts
again.
"""

import numpy as np
import numpy.typing as npt

from kg.snapshot import Snapshot
from retrieval.pagerank import PageRank
from retrieval.receipt import DirectPart

Weights = npt.NDArray[np.float64]


class SeededWalk:
    """One PageRank from entities, and perhaps from passages, broken down by starting point."""

    def __init__(
        self, snapshot: Snapshot, pagerank: PageRank, damping: float, reset: Weights
    ) -> None:
        """`reset` (E + P,): the weights of entities, then of passages, in any scale."""
        self._snapshot = snapshot
        self._entities = len(snapshot.entities.id)
        parts = {
            int(seed): self._alone(reset, np.array([seed]))
            for seed in np.flatnonzero(reset[: self._entities])
        }
        passages = np.arange(self._entities, len(reset))
        if reset[passages].any():
            parts[-1] = self._alone(reset, passages)
        self._walks = {seed: pagerank.rank(part, damping=damping) for seed, part in parts.items()}
        degrees = np.diff(snapshot.adjacency.indptr)
        counts = {
            seed: parts[seed].sum() / (1 - damping + damping * walk[degrees == 0].sum())
            for seed, walk in self._walks.items()
        }
        total = sum(counts.values())
        self._shares = {seed: float(count / total) for seed, count in counts.items()}
        self.scores: Weights = pagerank.rank(reset, damping=damping)[self._entities :]
        """(P,): the PageRank of every passage."""

    def seed_parts(self, passage: int) -> list[DirectPart]:
        """How much each seed contributes to a passage."""
        return [
            DirectPart(
                kind="seed",
                label=self._snapshot.entities.surface[seed],
                amount=amount,
                quote=None,
            )
            for seed in self._walks
            if seed >= 0 and (amount := self._amount(seed, passage)) > 0
        ]

    def dense_amount(self, passage: int) -> float:
        """How much all passages, as starting points, contribute to a passage."""
        return self._amount(-1, passage) if -1 in self._walks else 0.0

    def _amount(self, seed: int, passage: int) -> float:
        return self._shares[seed] * float(self._walks[seed][self._entities + passage])

    def _alone(self, reset: Weights, nodes: npt.NDArray[np.int64]) -> Weights:
        alone = np.zeros_like(reset)
        alone[nodes] = reset[nodes]
        return alone
