"""What is asked: generated corpora by size, or any snapshot with its own questions."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bench.corpus import open_corpus
from bench.generator import QuestionEmbedder, Shape, chain_questions
from bench.options import Options
from inference.embedder import Embedder
from kg.snapshot import Snapshot, SnapshotFolder
from kg.snapshot.publication import POINTER


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A snapshot, an embedder that fits it, and questions with the passages that answer them."""

    name: str
    snapshot: Snapshot
    embedder: Embedder
    questions: Sequence[str]
    gold: Sequence[frozenset[str]]
    """Ids of passages, or sources of documents."""


class Query(BaseModel):
    """A line of a data set's queries.jsonl."""

    model_config = ConfigDict(extra="ignore")

    question: str
    gold: list[str] = []


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of every command that asks questions."""
    parser.add_argument("--questions", type=int, default=100, help="how many (default: 100)")
    parser.add_argument(
        "--snapshot",
        type=Path,
        help="ask this in place of generated corpora: a folder with a file CURRENT, as they lie "
        "below `evaluation/collections` in the data folder after `ammon eval`",
    )
    parser.add_argument("--queries", type=Path, help="its questions: queries.jsonl of a data set")


def chosen(options: Options) -> list[Callable[[], Asked]]:
    """What the options say, each opened when called. Exits where they do not fit together."""
    count, snapshot, queries = (
        options.extra.questions,
        options.extra.snapshot,
        options.extra.queries,
    )
    if snapshot is not None:
        if queries is None:
            raise SystemExit("--snapshot needs --queries: the questions to ask.")
        if not (snapshot / POINTER).is_file():
            raise SystemExit(
                f"--snapshot {snapshot} has no file {POINTER}: name the folder that has it, "
                "which is the one above a snapshot's own."
            )
        return [partial(_real, snapshot, queries, count)]
    return [
        partial(generated, Shape(passages=size, seed=options.seed), options.folder, count)
        for size in options.sizes
    ]


def generated(shape: Shape, folder: Path, count: int) -> Asked:
    """A generated corpus and its questions."""
    snapshot = open_corpus(shape, folder)
    questions = chain_questions(snapshot, count, shape.seed)
    return Asked(
        name=f"{shape.passages:,} passages",
        snapshot=snapshot,
        embedder=QuestionEmbedder(snapshot, questions),
        questions=[question.text for question in questions],
        gold=[frozenset(snapshot.passages.id[p] for p in question.gold) for question in questions],
    )


def queries_of(path: Path, count: int) -> list[Query]:
    """The first questions of a queries.jsonl."""
    lines = path.read_text(encoding="utf-8").splitlines()
    return [Query.model_validate_json(line) for line in lines if line.strip()][:count]


def _real(folder: Path, queries: Path, count: int) -> Asked:
    from inference.onnx import OnnxEmbedder

    read = queries_of(queries, count)
    snapshot = Snapshot.read(SnapshotFolder(folder).open())
    return Asked(
        name=f"{len(snapshot.passages.id):,} passages of {snapshot.collection}",
        snapshot=snapshot,
        embedder=OnnxEmbedder(threads=1),
        questions=[query.question for query in read],
        gold=[frozenset(query.gold) for query in read],
    )
