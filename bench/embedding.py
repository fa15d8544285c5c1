"""What does the walk's way to embed a question cost? `python -m bench.embedding`.

Mode `ammon` wants a question, the question without its names, and its clauses. The baseline embeds
the question alone. All on one thread, with MiniLM, each question of a data set once: as the walk
has it (everything in one pass), with every text in a pass of its own, and once more through the
cache. Milliseconds are the process's own, so that others
on the machine count little. Asks the sample corpus unless `--snapshot` names another.
"""

import argparse
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import cast

from bench import arguments as given
from bench import measure, plot
from bench.datasets import Library
from bench.options import Options, launch, parse
from bench.report import Row, Table, finish
from bench.sources import add_arguments, check_pair, queries_of
from inference.cache import CachedEmbedder
from inference.embedder import Embedder, Kind
from inference.onnx import OnnxEmbedder
from kg.snapshot import Snapshot, SnapshotFolder
from retrieval.asking import embed_questions
from retrieval.mode import Mode
from retrieval.modes import make_mode
from server.evaluation.dataset import read_dataset

SAMPLE = Path(__file__).parent / "sample"
_WARM = 33
"""Enough texts for the embedder to try out batching."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Embed, and say how long it took."""
    options = parse(__doc__, arguments, sizes=None, extra=_arguments)
    questions = questions_of(options)
    mode = make_mode("ammon", _snapshot_of(options))
    embedder = warm(options.extra.threads)
    embed_questions(embedder, mode, questions)
    with tempfile.TemporaryDirectory() as folder:
        cached = CachedEmbedder(embedder, Path(folder) / "cache.sqlite")
        embed_questions(cached, mode, questions)
        times = _times(
            questions,
            {
                "the question alone": lambda q: embedder.embed([q], "query"),
                "with mask and clauses": lambda q: embed_questions(embedder, mode, [q]),
                "each text in a pass of its own": partial(_apart, embedder, mode),
                "with mask and clauses, asked again": lambda q: embed_questions(cached, mode, [q]),
            },
        )
        cached.close()
    first = next(iter(times.values()))
    table: list[Row] = [
        {
            "what": what,
            **row,
            "p50_ratio": row["p50_ms"] / first["p50_ms"],
            "mean_ratio": row["mean_ms"] / first["mean_ms"],
        }
        for what, row in times.items()
    ]
    bars = {what: row["p50_ms"] for what, row in times.items()}
    finish(
        options,
        "embedding",
        [Table(f"Embedding {len(questions)} questions, {options.extra.threads} thread", table)],
        lambda path: plot.bars(path, bars, title="Embedding a question", across="ms (p50)"),
    )


def questions_of(options: Options) -> list[str]:
    """The questions that the options name, or the sample's. Exits where they do not fit."""
    check_pair(options)
    queries = options.extra.queries or SAMPLE / "queries.jsonl"
    return [query.question for query in queries_of(queries, options.extra.questions)]


def warm(threads: int) -> OnnxEmbedder:
    """An embedder that is loaded and has tried out batching."""
    embedder = OnnxEmbedder(threads=threads)
    embedder.embed([f"Is everything loaded? {number}" for number in range(_WARM)], "query")
    return embedder


@contextmanager
def snapshots_of(options: Options) -> Iterator[Path]:
    """A folder of snapshots: the one that the options name, or of the sample, made now."""
    if options.extra.snapshot is not None:
        yield options.extra.snapshot
        return
    dataset = read_dataset(SAMPLE)
    with Library(options.folder / "sample", dataset, "spacy", threads=0) as library:
        library.add(dataset.documents)
        yield library.snapshots.path


def _snapshot_of(options: Options) -> Snapshot:
    with snapshots_of(options) as snapshots:
        return Snapshot.read(SnapshotFolder(snapshots).open())


def _times(
    questions: Sequence[str], ways: Mapping[str, Callable[[str], object]]
) -> dict[str, dict[str, float]]:
    """Milliseconds of each way; the ways take turns, and of three goes the best counts."""
    times: dict[str, list[float]] = {what: [] for what in ways}
    for question in questions:
        best = dict.fromkeys(ways, float("inf"))
        for _ in range(3):
            for what, way in ways.items():
                best[what] = min(best[what], _cpu_ms(partial(way, question)))
        for what in ways:
            times[what].append(best[what])
    return {
        what: {
            "p50_ms": measure.percentile(ms, 50),
            "p95_ms": measure.percentile(ms, 95),
            "mean_ms": sum(ms) / len(ms),
        }
        for what, ms in times.items()
    }


def _cpu_ms(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return 1000 * (time.process_time() - started)


def _apart(embedder: Embedder, mode: Mode, question: str) -> None:
    for text, kind in mode.texts(question):
        embedder.embed([text], cast(Kind, kind))


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.add_argument(
        "--threads", type=given.at_least(0), default=1, help="of the embedder (default: 1)"
    )


if __name__ == "__main__":
    launch(main)
