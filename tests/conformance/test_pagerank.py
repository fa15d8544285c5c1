"""Every PageRank engine computes the same: igraph's, ours, and networkx's where it is the same."""

import sys
from collections.abc import Callable

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import DependencyMissing, InputError
from kg.snapshot.tables import Adjacency
from retrieval.pagerank import IgraphPageRank, PageRank, RelaxationPageRank
from tests.doubles.snapshots import adjacency_of

Edges = list[tuple[int, int, float]]

ENGINES = [IgraphPageRank, RelaxationPageRank]
engines = pytest.mark.parametrize("engine", ENGINES)


@st.composite
def graphs(draw: st.DrawFn, *, loops: bool = True) -> tuple[int, Edges, list[float], float]:
    """Nodes, distinct edges with weights over eight magnitudes, a reset vector and a damping."""
    nodes = draw(st.integers(1, 12))
    node = st.integers(0, nodes - 1)
    pairs = draw(
        st.sets(st.tuples(node, node).map(lambda ends: (min(ends), max(ends))), max_size=25)
    )
    magnitude = st.floats(-4, 4).map(lambda power: 10.0**power)
    edges = [(a, b, draw(magnitude)) for a, b in sorted(pairs) if loops or a != b]
    weight = st.just(0.0) | st.floats(0.001, 1000)
    reset = draw(st.lists(weight, min_size=nodes, max_size=nodes).filter(any))
    return nodes, edges, reset, draw(st.sampled_from([0.0, 0.15, 0.5, 0.85, 0.99]))


def by_elimination(adjacency: Adjacency, reset: list[float], damping: float) -> np.ndarray:
    """The definition in the port's docstring, solved densely."""
    nodes = len(reset)
    weights = np.zeros((nodes, nodes))
    for row in range(nodes):
        for at in range(adjacency.indptr[row], adjacency.indptr[row + 1]):
            column = adjacency.indices[at]
            weights[row, column] = adjacency.weights[at] * (2 if row == column else 1)
    jump = np.array(reset) / np.sum(reset)
    sums = weights.sum(axis=0)
    walk = np.where(sums > 0, weights / np.where(sums > 0, sums, 1), jump[:, None])
    return np.linalg.solve(np.eye(nodes) - damping * walk, (1 - damping) * jump)


@engines
@settings(max_examples=150, deadline=None)
@given(graph=graphs())
def test_scores_solve_the_definition(
    engine: Callable[[Adjacency], PageRank], graph: tuple[int, Edges, list[float], float]
) -> None:
    nodes, edges, reset, damping = graph
    adjacency = adjacency_of(nodes, edges)
    scores = engine(adjacency).rank(np.array(reset), damping=damping)
    assert scores.dtype == np.float64
    assert scores.sum() == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(scores, by_elimination(adjacency, reset, damping), atol=1e-7)


@settings(max_examples=150, deadline=None)
@given(graph=graphs())
def test_both_engines_agree(graph: tuple[int, Edges, list[float], float]) -> None:
    nodes, edges, reset, damping = graph
    adjacency = adjacency_of(nodes, edges)
    ours, theirs = (engine(adjacency).rank(np.array(reset), damping=damping) for engine in ENGINES)
    assert np.abs(ours - theirs).max() < 1e-6


@engines
@settings(max_examples=50, deadline=None)
@given(graph=graphs(loops=False))
def test_networkx_agrees_on_graphs_without_loops(
    engine: Callable[[Adjacency], PageRank], graph: tuple[int, Edges, list[float], float]
) -> None:
    nodes, edges, reset, damping = graph
    reference: nx.Graph[int] = nx.Graph()
    reference.add_nodes_from(range(nodes))
    reference.add_weighted_edges_from(edges)
    expected = nx.pagerank(
        reference, alpha=damping, personalization=dict(enumerate(reset)), tol=1e-12, max_iter=10_000
    )
    scores = engine(adjacency_of(nodes, edges)).rank(np.array(reset), damping=damping)
    assert np.abs(scores - [expected[node] for node in range(nodes)]).max() < 1e-6


def test_both_engines_agree_on_a_large_graph() -> None:
    random = np.random.default_rng(7)
    nodes = 3000
    pairs = {(min(a, b), max(a, b)) for a, b in random.integers(0, nodes, (9000, 2)).tolist()}
    adjacency = adjacency_of(nodes, [(a, b, 10 ** random.uniform(-3, 3)) for a, b in sorted(pairs)])
    reset = random.random(nodes) * (random.random(nodes) < 0.01)
    ours, theirs = (engine(adjacency).rank(reset) for engine in ENGINES)
    assert np.abs(ours - theirs).max() < 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_both_engines_agree_to_a_billionth_on_graphs_in_pieces(seed: int) -> None:
    random = np.random.default_rng([11, seed])
    nodes, pieces = 2000, 5
    piece = random.integers(0, pieces + 1, nodes)  # of the last, no node has an edge
    ends = np.sort(random.integers(0, nodes, (12_000, 2)), axis=1)
    ends = np.concatenate((ends, np.repeat(random.integers(0, nodes, (300, 1)), 2, axis=1)))
    ends = ends[(piece[ends[:, 0]] == piece[ends[:, 1]]) & (piece[ends[:, 0]] < pieces)]
    pairs = [(a, b) for a, b in np.unique(ends, axis=0).tolist()]
    assert any(a == b for a, b in pairs)
    adjacency = adjacency_of(nodes, [(a, b, random.choice([0.0, 0.8, 1.0, 7.0])) for a, b in pairs])
    reset = random.random(nodes) * (random.random(nodes) < random.choice([0.003, 0.5]))
    ours, theirs = (engine(adjacency).rank(reset) for engine in ENGINES)
    assert np.abs(ours - theirs).max() < 1e-9
    assert np.argsort(-ours.astype(np.float32), kind="stable")[:20].tolist() == (
        np.argsort(-theirs.astype(np.float32), kind="stable")[:20].tolist()
    )


def test_the_errors_of_all_scores_together_are_below_the_tolerance() -> None:
    random = np.random.default_rng(5)
    pairs = {(min(a, b), max(a, b)) for a, b in random.integers(0, 80, (200, 2)).tolist()}
    adjacency = adjacency_of(80, [(a, b, 10 ** random.uniform(-2, 2)) for a, b in sorted(pairs)])
    reset = random.random(80)
    for damping in (0.15, 0.5, 0.85, 0.99):
        expected = by_elimination(adjacency, reset.tolist(), damping)
        scores = RelaxationPageRank(adjacency, tolerance=1e-6).rank(reset, damping=damping)
        assert 0 < np.abs(scores - expected).sum() < 1e-6


@pytest.mark.filterwarnings("error")
def test_a_walk_that_hardly_ever_jumps_comes_to_an_end() -> None:
    adjacency = adjacency_of(4, [(0, 1, 1.0), (1, 2, 0.3), (2, 3, 1e4)])
    scores = RelaxationPageRank(adjacency).rank(np.array([1.0, 0, 0, 0]), damping=1 - 1e-7)
    strength = np.array([1.0, 1.3, 10_000.3, 1e4])
    np.testing.assert_allclose(scores, strength / strength.sum(), atol=1e-3)


@engines
def test_half_of_a_walk_from_one_of_two_nodes_ends_where_it_began(
    engine: Callable[[Adjacency], PageRank],
) -> None:
    # x0 = x1 / 2 + 1/2 and x1 = x0 / 2
    scores = engine(adjacency_of(2, [(0, 1, 3.0)])).rank(np.array([1.0, 0.0]))
    np.testing.assert_allclose(scores, [2 / 3, 1 / 3], atol=1e-8)


@engines
def test_a_walker_at_an_isolated_node_jumps_to_the_reset_distribution(
    engine: Callable[[Adjacency], PageRank],
) -> None:
    scores = engine(adjacency_of(3, [(0, 1, 1.0)])).rank(np.array([0.5, 0.0, 0.5]))
    np.testing.assert_allclose(scores, [4 / 9, 2 / 9, 3 / 9], atol=1e-8)


@engines
def test_a_loop_counts_twice(engine: Callable[[Adjacency], PageRank]) -> None:
    scores = engine(adjacency_of(2, [(0, 0, 1.0), (0, 1, 1.0)])).rank(np.array([1.0, 0.0]))
    np.testing.assert_allclose(scores, [6 / 7, 1 / 7], atol=1e-8)


@engines
def test_an_edge_of_weight_zero_is_no_edge(engine: Callable[[Adjacency], PageRank]) -> None:
    scores = engine(adjacency_of(2, [(0, 1, 0.0)])).rank(np.array([3.0, 1.0]))
    np.testing.assert_allclose(scores, [0.75, 0.25], atol=1e-8)


@engines
def test_one_node_has_all(engine: Callable[[Adjacency], PageRank]) -> None:
    assert engine(adjacency_of(1, [])).rank(np.array([2.0])).tolist() == [1.0]


@engines
def test_an_empty_graph_has_no_scores(engine: Callable[[Adjacency], PageRank]) -> None:
    assert engine(adjacency_of(0, [])).rank(np.zeros(0)).shape == (0,)


@engines
def test_a_reset_vector_in_single_precision_is_taken(
    engine: Callable[[Adjacency], PageRank],
) -> None:
    pagerank = engine(adjacency_of(2, [(0, 1, 1.0)]))
    scores = pagerank.rank(np.array([1.0, 0.0], dtype=np.float32))
    np.testing.assert_allclose(scores, [2 / 3, 1 / 3], atol=1e-8)


@engines
@pytest.mark.parametrize(
    ("reset", "damping", "message"),
    [
        ([0.0, 0.0], 0.5, "0 everywhere"),
        ([-1.0, 2.0], 0.5, "negative"),
        ([float("nan"), 2.0], 0.5, "not finite"),
        ([1.0, 1.0, 1.0], 0.5, "2 nodes"),
        ([1.0, 1.0], 1.0, "Damping 1.0"),
    ],
)
def test_what_cannot_be_ranked_is_refused(
    engine: Callable[[Adjacency], PageRank], reset: list[float], damping: float, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        engine(adjacency_of(2, [(0, 1, 1.0)])).rank(np.array(reset), damping=damping)


def test_without_igraph_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "igraph", None)
    with pytest.raises(DependencyMissing, match=r"\[igraph\]"):
        IgraphPageRank(adjacency_of(1, []))
