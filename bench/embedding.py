"""What does the walk's way to embed a question cost? `python -m bench.embedding`.

Mode `ammon` embeds a question, the question without its names, and its clauses in one batch. The
baseline embeds the question alone. Both on one thread, with MiniLM, each question of a data set
once; then once more through the cache. Asks the sample corpus unless `--snapshot` names another.
"""

import argparse
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import cast

from bench import measure, plot
from bench.datasets import Library
from bench.options import Options, parse
from bench.report import Row, Table, finish
from bench.sources import add_arguments, queries_of
from inference.cache import CachedEmbedder
from inference.embedder import Embedder, Kind
from inference.onnx import OnnxEmbedder
from kg.snapshot import Snapshot, SnapshotFolder
from retrieval.modes import make_mode
from server.evaluation.dataset import read_dataset

SAMPLE = Path(__file__).parent / "sample"
Texts = Sequence[tuple[str, str]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Embed, and say how long it took."""
    options = parse(__doc__, arguments, sizes=None, extra=_arguments)
    mode = make_mode("ammon", _snapshot(options))
    queries = options.extra.queries or SAMPLE / "queries.jsonl"
    questions = [query.question for query in queries_of(queries, options.extra.questions)]
    alone: list[Texts] = [[(question, "query")] for question in questions]
    walk: list[Texts] = [mode.texts(question) for question in questions]
    embedder = OnnxEmbedder(threads=options.extra.threads)
    embedder.embed(["Is everything loaded?"], "query")
    with tempfile.TemporaryDirectory() as folder:
        cached = CachedEmbedder(embedder, Path(folder) / "cache.sqlite")
        one, batch = _ms(embedder, alone, walk)
        rows = [
            _row("the question alone", alone, one),
            _row("with mask and clauses", walk, batch),
            _row("with mask and clauses, asked again", walk, _again(cached, walk)),
        ]
        cached.close()
    first = float(rows[0]["p50_ms"])
    table: list[Row] = [{**row, "ratio": float(row["p50_ms"]) / first} for row in rows]
    bars = {str(row["what"]): float(row["p50_ms"]) for row in rows}
    finish(
        options,
        "embedding",
        [Table(f"Embedding {len(questions)} questions, {options.extra.threads} thread", table)],
        lambda path: plot.bars(path, bars, title="Embedding a question", across="ms (p50)"),
    )


def _snapshot(options: Options) -> Snapshot:
    if options.extra.snapshot is not None:
        return Snapshot.read(SnapshotFolder(options.extra.snapshot).open())
    dataset = read_dataset(SAMPLE)
    with Library(options.folder / "sample", dataset, "spacy", threads=0) as library:
        library.add(dataset.documents)
        return Snapshot.read(library.snapshots.open())


def _ms(embedder: Embedder, alone: Sequence[Texts], walk: Sequence[Texts]) -> list[list[float]]:
    """Milliseconds of each question alone, and as the walk wants it, in turns."""
    times: list[list[float]] = [[], []]
    for texts in zip(alone, walk, strict=True):
        for place in (0, 1):
            times[place].append(measure.timed(partial(_embed, embedder, texts[place])))
    return times


def _again(cached: Embedder, walk: Sequence[Texts]) -> list[float]:
    for texts in walk:
        _embed(cached, texts)
    return [measure.timed(partial(_embed, cached, texts)) for texts in walk]


def _embed(embedder: Embedder, texts: Texts) -> None:
    """In one batch, as the retriever does."""
    kind = cast(Kind, texts[0][1])
    embedder.embed([text for text, _ in texts], kind)


def _row(what: str, texts: Sequence[Texts], ms: Sequence[float]) -> dict[str, float | str]:
    return {
        "what": what,
        "texts": sum(map(len, texts)) / len(texts),
        "p50_ms": measure.percentile(ms, 50),
        "p95_ms": measure.percentile(ms, 95),
        "mean_ms": sum(ms) / len(ms),
    }


def _arguments(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    parser.add_argument("--threads", type=int, default=1, help="of the embedder (default: 1)")


if __name__ == "__main__":
    main()
