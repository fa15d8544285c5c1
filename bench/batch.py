"""What do many questions share? `python -m bench.batch`.

The questions of a data set are asked in mode `ammon`, each once: by one client after the other
(the baseline), by many clients at once with every question embedded by itself, by as many whose
questions are embedded together when they come at once, and in batches by one client, as the batch
endpoint does. No cache of questions. Milliseconds of the process tell what was saved even where
others use the machine. Asks the sample corpus unless `--snapshot` names another.
"""

import argparse
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from bench import measure, plot
from bench.embedding import questions_of, snapshot_of, warm
from bench.options import parse
from bench.report import Row, Table, finish
from bench.sources import add_arguments
from inference.together import TogetherEmbedder
from retrieval.retriever import Retriever


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """One way to ask all questions."""

    what: str
    clients: int
    ask: Callable[[Sequence[str]], object]
    """Answers some questions: one, or a batch."""
    batch: int = 1


def main(arguments: Sequence[str] | None = None) -> None:
    """Ask, and say how long it took."""
    options = parse(__doc__, arguments, sizes=None, extra=_arguments)
    questions = questions_of(options)
    snapshot, embedder = snapshot_of(options), warm(options.extra.threads)
    apart = Retriever(snapshot, embedder)
    together = Retriever(snapshot, TogetherEmbedder(embedder))
    clients, batch = options.extra.clients, options.extra.batch
    ways = [
        Way(what="one client", clients=1, ask=apart.search_many),
        Way(what=f"{clients} clients, each by itself", clients=clients, ask=apart.search_many),
        Way(what=f"{clients} clients, together", clients=clients, ask=together.search_many),
        Way(what=f"batches of {batch}", clients=1, ask=apart.search_many, batch=batch),
    ]
    apart.search_many(questions[:4])
    rows = [_row(way, questions, options.extra.rounds) for way in ways]
    first = rows[0]
    table: list[Row] = [
        {
            "what": way.what,
            **row,
            "throughput_ratio": row["per_second"] / first["per_second"],
            "work_ratio": row["cpu_ms"] / first["cpu_ms"],
        }
        for way, row in zip(ways, rows, strict=True)
    ]
    bars = {way.what: row["per_second"] for way, row in zip(ways, rows, strict=True)}
    finish(
        options,
        "batch",
        [Table(f"{len(questions)} questions", table)],
        lambda path: plot.bars(path, bars, title="Many questions", across="questions a second"),
    )


def _row(way: Way, questions: Sequence[str], rounds: int) -> dict[str, float]:
    """The best of some rounds."""
    found = [_round(way, questions) for _ in range(rounds)]
    return {
        "per_second": max(one["per_second"] for one in found),
        "cpu_ms": min(one["cpu_ms"] for one in found),
        "p50_ms": min(one["p50_ms"] for one in found),
        "p95_ms": min(one["p95_ms"] for one in found),
    }


def _round(way: Way, questions: Sequence[str]) -> dict[str, float]:
    asked = [questions[start : start + way.batch] for start in range(0, len(questions), way.batch)]
    cpu, wall = time.process_time(), time.perf_counter()
    with ThreadPoolExecutor(way.clients) as pool:
        waits = list(pool.map(lambda ones: measure.timed(lambda: way.ask(ones)), asked))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "per_second": len(questions) / wall,
        "cpu_ms": 1000 * cpu / len(questions),
        "p50_ms": measure.percentile(waits, 50),
        "p95_ms": measure.percentile(waits, 95),
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.add_argument("--threads", type=int, default=0, help="of the embedder (0: each core)")
    parser.add_argument("--clients", type=int, default=16, help="at once (default: 16)")
    parser.add_argument("--batch", type=int, default=32, help="questions in one (default: 32)")
    parser.add_argument("--rounds", type=int, default=3, help="of which the best counts")


if __name__ == "__main__":
    main()
