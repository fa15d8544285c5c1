"""What is asked: generated corpora by size, or any snapshot with its own questions."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from bench import arguments as given
from bench.corpus import open_corpus
from bench.generator import QuestionEmbedder, Shape, chain_questions
from bench.options import Options
from inference.embedder import Embedder
from kg.errors import InputError
from kg.snapshot import Snapshot, SnapshotFolder
from server.evaluation.dataset import parsed


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
    parser.add_argument(
        "--questions", type=given.at_least(1), default=100, help="how many (default: 100)"
    )
    parser.add_argument(
        "--snapshot",
        type=given.snapshots,
        help="ask this in place of generated corpora: a folder with a file CURRENT, as they lie "
        "below `evaluation/collections` in the data folder after `ammon eval`",
    )
    parser.add_argument(
        "--queries", type=given.file, help="its questions: queries.jsonl of a data set"
    )


def check_pair(options: Options) -> None:
    """Exit unless a snapshot and its questions are named together."""
    if options.extra.snapshot is not None and options.extra.queries is None:
        raise SystemExit("--snapshot needs --queries: the questions to ask.")
    if options.extra.queries is not None and options.extra.snapshot is None:
        raise SystemExit("--queries needs --snapshot: what is asked.")


def chosen(options: Options) -> list[Callable[[], Asked]]:
    """What the options say, each opened when called. Exits where they do not fit together."""
    count, snapshot, queries = (
        options.extra.questions,
        options.extra.snapshot,
        options.extra.queries,
    )
    check_pair(options)
    if snapshot is not None:
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
    """The first questions of a queries.jsonl. Raises: InputError naming the line at fault."""
    found = list(islice(parsed(Query, path), count))
    if not found:
        raise InputError(f"{path} holds no questions. Name another file.")
    return found


def _real(folder: Path, queries: Path, count: int) -> Asked:
    from inference.folding import FoldingEmbedder
    from inference.onnx import OnnxEmbedder

    read = queries_of(queries, count)
    snapshot = Snapshot.read(SnapshotFolder(folder).open())
    return Asked(
        name=f"{len(snapshot.passages.id):,} passages of {snapshot.collection}",
        snapshot=snapshot,
        embedder=FoldingEmbedder(OnnxEmbedder(threads=1)),
        questions=[query.question for query in read],
        gold=[frozenset(query.gold) for query in read],
    )
