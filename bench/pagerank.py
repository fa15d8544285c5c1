"""How fast is personalized PageRank? `python -m bench.pagerank --nodes 10000 100000`.

Our engine, igraph's prpack, SciPy's plain power iteration and networkx (small graphs only) over
HippoRAG's graph of generated corpora, with reset vectors as HippoRAG 2 makes them: five entities,
and all passages a little. Scores are compared with igraph's, as are the twenty best passages. The
least of `--repeat` times counts, and `times_faster` compares the processor's. Whole questions of
mode `hipporag2`, with either engine: `python -m bench.hipporag2`.
"""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import mean
from typing import Any

import numpy as np
import numpy.typing as npt

from bench import arguments as given
from bench import measure, plot
from bench.generator import Shape, adjacency_of
from bench.options import launch, parse
from bench.report import Row, Table, finish
from kg.snapshot.tables import Adjacency
from retrieval.pagerank import IgraphPageRank, PageRank, RelaxationPageRank, reset_distribution
from retrieval.pagerank.port import Reset, Scores
from retrieval.ranking import best_of

DAMPING = 0.5
NODES_PER_PASSAGE = 9.5
_TOP = 20
_PASSAGE_WEIGHT = 0.05


class ScipyPower:
    """The power iteration as one would write it with SciPy: until scores move less than 1e-9."""

    def __init__(self, adjacency: Adjacency) -> None:
        from scipy.sparse import csr_array

        nodes = len(adjacency.indptr) - 1
        weights = adjacency.weights.astype(np.float64)
        matrix = csr_array((weights, adjacency.indices, adjacency.indptr), shape=(nodes, nodes))
        strength: npt.NDArray[np.float64] = matrix.sum(axis=0)
        inverse = np.divide(1.0, strength, out=np.zeros(nodes), where=strength > 0)
        self._alone = strength == 0
        self._walk = csr_array(matrix.multiply(inverse[None, :]))

    def rank(self, reset: Reset, *, damping: float = DAMPING) -> Scores:
        """See `PageRank.rank`."""
        start = reset_distribution(reset, self._walk.shape[0], damping)
        scores, moved = start, 1.0
        while moved > 1e-9:
            stuck = scores[self._alone].sum()
            walked = damping * (self._walk @ scores + stuck * start) + (1.0 - damping) * start
            moved = float(np.abs(walked - scores).sum())
            scores = walked
        return scores


class NetworkxPageRank:
    """networkx, as its documentation says."""

    def __init__(self, adjacency: Adjacency) -> None:
        import networkx
        from scipy.sparse import csr_array

        nodes = len(adjacency.indptr) - 1
        matrix = csr_array(
            (adjacency.weights.astype(np.float64), adjacency.indices, adjacency.indptr),
            shape=(nodes, nodes),
        )
        self._graph: Any = networkx.from_scipy_sparse_array(matrix)

    def rank(self, reset: Reset, *, damping: float = DAMPING) -> Scores:
        """See `PageRank.rank`."""
        import networkx

        weights = dict(enumerate(reset.tolist()))
        scores = networkx.pagerank(self._graph, alpha=damping, personalization=weights, tol=1e-12)
        return np.array([scores[node] for node in range(len(reset))])


@dataclass(frozen=True, kw_only=True, slots=True)
class Engine:
    """An engine, and the largest graph that it is asked to walk."""

    name: str
    make: Callable[[Adjacency], PageRank]
    up_to: int


def main(arguments: Sequence[str] | None = None) -> None:
    """Walk, and say how long it took."""
    options = parse(__doc__, arguments, sizes=(10_000, 100_000), what="nodes", extra=_arguments)
    engines = (
        Engine(name="igraph prpack", make=IgraphPageRank, up_to=options.extra.igraph_up_to),
        Engine(name="ammon", make=RelaxationPageRank, up_to=10**9),
        Engine(name="scipy power iteration", make=ScipyPower, up_to=10**9),
        Engine(name="networkx", make=NetworkxPageRank, up_to=options.extra.networkx_up_to),
    )
    rows: list[Row] = []
    lines: dict[str, list[tuple[float, float]]] = {}
    for size in options.sizes:
        passages = max(int(size / NODES_PER_PASSAGE), 12)
        adjacency = adjacency_of(Shape(passages=passages, seed=options.seed))
        nodes = len(adjacency.indptr) - 1
        resets = _resets(nodes, passages, options.extra.questions, options.seed)
        for row in _rows(adjacency, passages, engines, resets, options.extra.repeat):
            rows.append(row)
            lines.setdefault(str(row["engine"]), []).append((size, float(row["p50_ms"] or 0)))
    finish(
        options,
        "pagerank",
        [Table("Personalized PageRank, damping 0.5, one thread", rows)],
        lambda path: plot.lines(
            path, lines, title="Personalized PageRank", across="nodes", up="ms a question (p50)"
        ),
    )


def _rows(
    adjacency: Adjacency,
    passages: int,
    engines: Sequence[Engine],
    resets: Sequence[Reset],
    repeat: int,
) -> list[Row]:
    nodes = len(adjacency.indptr) - 1
    rows: list[Row] = []
    reference: list[Scores] = []
    baseline = 0.0
    for engine in engines:
        if nodes > engine.up_to:
            continue
        with measure.Stopwatch() as making:
            made = engine.make(adjacency)
        scores = [made.rank(reset, damping=DAMPING) for reset in resets]
        costs = [
            measure.least(partial(made.rank, reset, damping=DAMPING), repeat) for reset in resets
        ]
        cpu = 1000 * measure.percentile([cost.cpu for cost in costs], 50)
        reference, baseline = reference or scores, baseline or cpu
        rows.append(
            {
                "nodes": nodes,
                "entries": len(adjacency.indices),
                "engine": engine.name,
                "p50_ms": 1000 * measure.percentile([cost.seconds for cost in costs], 50),
                "p95_ms": 1000 * measure.percentile([cost.seconds for cost in costs], 95),
                "cpu_p50_ms": cpu,
                "times_faster": baseline / cpu,
                "largest_difference": max(
                    float(np.abs(a - b).max()) for a, b in zip(scores, reference, strict=True)
                ),
                "same_top_20_%": 100 * _agreement(scores, reference, passages),
                "ready_ms": making.ms,
                "peak_mb": measure.peak_mb(),
            }
        )
        del made
    return rows


def _resets(nodes: int, passages: int, questions: int, seed: int) -> list[Reset]:
    """Reset vectors in HippoRAG 2's proportions, from five entities drawn at random."""
    rng = np.random.default_rng([seed, 6])
    resets: list[Reset] = []
    for _ in range(questions):
        reset = np.zeros(nodes)
        reset[rng.integers(0, nodes - passages, 5)] = rng.uniform(0.2, 1.0, 5)
        cosines = rng.normal(0.0, 0.1, passages)
        spread = (cosines - cosines.min()) / np.ptp(cosines)
        reset[nodes - passages :] = _PASSAGE_WEIGHT * spread
        resets.append(reset)
    return resets


def _agreement(scores: Sequence[Scores], reference: Sequence[Scores], passages: int) -> float:
    """Share of the reference's best passages that are among the best."""
    shares = []
    for one, other in zip(scores, reference, strict=True):
        found, wanted = (set(best_of(s[-passages:], _TOP)[0].tolist()) for s in (one, other))
        shares.append(len(found & wanted) / max(len(wanted), 1))
    return mean(shares)


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--questions", type=given.at_least(1), default=10, help="how many (default: 10)"
    )
    parser.add_argument(
        "--repeat", type=given.at_least(1), default=3, help="times each (default: 3)"
    )
    parser.add_argument("--igraph-up-to", type=given.at_least(1), default=2_000_000, help="nodes")
    parser.add_argument("--networkx-up-to", type=given.at_least(0), default=20_000, help="nodes")


if __name__ == "__main__":
    launch(main)
