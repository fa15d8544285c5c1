"""How fast is a question of mode `hipporag2`? `python -m bench.hipporag2 --passages 2000`.

Asks the same questions with our PageRank, with igraph's prpack in its place, and in mode `dense`,
in one process and on one thread. Times are of the ranking with its explanation, without the
embedding and without looking up what the passages say (`python -m bench.walk --modes hipporag2` has
that). Modes take turns, each is asked `--repeat` times, and its least time counts.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from statistics import mean

from bench import arguments as given
from bench import measure, plot
from bench.options import launch, parse
from bench.report import Row, Table, finish
from bench.sources import Asked, add_arguments, chosen
from retrieval.asking import embed_questions
from retrieval.dense import Dense
from retrieval.hipporag2 import HippoRAG2
from retrieval.mode import Mode
from retrieval.pagerank import IgraphPageRank

_IGRAPH = "hipporag2, igraph prpack"
_TOP = 10


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and say how long it took."""
    options = parse(__doc__, arguments, sizes=(2_000, 10_000), extra=_arguments)
    rows: list[Row] = []
    lines: dict[str, list[tuple[float, float]]] = {}
    for opened in chosen(options):
        asked = opened()
        for row in compared(asked, options.extra.repeat):
            rows.append(row)
            at = (len(asked.snapshot.passages.id), float(row["cpu_p50_ms"] or 0))
            lines.setdefault(str(row["mode"]), []).append(at)
    finish(
        options,
        "hipporag2",
        [Table("A question's ranking, without its embedding", rows)],
        lambda path: plot.lines(
            path, lines, title="A question of mode hipporag2", across="passages", up="ms (CPU, p50)"
        ),
    )


def compared(asked: Asked, repeat: int) -> list[Row]:
    """A row for each mode; the first is what the others are compared with."""
    modes: dict[str, Mode] = {
        _IGRAPH: HippoRAG2(asked.snapshot, pagerank=IgraphPageRank),
        "hipporag2": HippoRAG2(asked.snapshot),
        "dense": Dense(asked.snapshot),
    }
    costs: dict[str, list[measure.Cost]] = {name: [] for name in modes}
    tops: dict[str, list[list[int]]] = {name: [] for name in modes}
    for question in asked.questions:
        for name, mode in modes.items():
            (vectors,) = embed_questions(asked.embedder, mode, [question])
            tops[name].append(mode.rank(question, vectors, _TOP).passages[:_TOP].tolist())
            costs[name].append(measure.least(partial(mode.rank, question, vectors, _TOP), repeat))
    return [_row(asked, name, costs, tops) for name in modes]


def _row(
    asked: Asked,
    name: str,
    costs: dict[str, list[measure.Cost]],
    tops: dict[str, list[list[int]]],
) -> Row:
    cpu = {
        mode: 1000 * measure.percentile([cost.cpu for cost in those], 50)
        for mode, those in costs.items()
    }
    clock = [1000 * cost.seconds for cost in costs[name]]
    same = [ours == theirs for ours, theirs in zip(tops[name], tops[_IGRAPH], strict=True)]
    return {
        "corpus": asked.name,
        "nodes": len(asked.snapshot.adjacency.indptr) - 1,
        "mode": name,
        "p50_ms": measure.percentile(clock, 50),
        "p95_ms": measure.percentile(clock, 95),
        "cpu_p50_ms": cpu[name],
        "cpu_p95_ms": 1000 * measure.percentile([cost.cpu for cost in costs[name]], 95),
        "times_faster": cpu[_IGRAPH] / cpu[name],
        "times_dense": cpu[name] / cpu["dense"],
        "same_top_10_in_order_%": 100 * mean(same) if name != "dense" else None,
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.add_argument(
        "--repeat", type=given.at_least(1), default=3, help="times each (default: 3)"
    )


if __name__ == "__main__":
    launch(main)
