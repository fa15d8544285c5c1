"""What does a GPU bring? `python -m bench.gpu --vectors 20000 100000 1000000`.

The search for synonyms, mode `dense` (50 questions) and an embedder of sentence-transformers, each
on the CPU and on the GPU in the same run, over generated vectors in 384 dimensions and generated
texts. Results are compared: they must be the same. The CPU has one thread unless OMP_NUM_THREADS
and OPENBLAS_NUM_THREADS say otherwise. `--model` is a model's folder, or its name at the hub;
without it no embedder is timed. Exits with 2 where there is no GPU.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from bench import arguments as given
from bench import measure
from bench.options import launch, parse
from bench.report import Row, Table, finish
from indexer.snapshot.shortlisted import pairs_on_any_device
from indexer.snapshot.synonyms import MOST, THRESHOLD
from inference.sentence_transformers import SentenceTransformerEmbedder
from kg import device
from kg.device import Device
from kg.vectors import Vectors
from retrieval.ranking import best_of
from retrieval.shortlist import Shortlist

_DIMENSION = 384
_TOGETHER = 4
"""So many vectors have one centre and are near enough to be synonyms."""
_QUESTIONS, _K = 50, 20
_MOST_NAMES = 100_000
"""The CPU compares so many with each other in half a minute; of more no synonyms are searched."""
_SAME = 1e-3
"""How far numbers of an embedding may lie apart: a GPU may compute in TF32."""

_Array: TypeAlias = npt.NDArray[Any]


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and say the ratios; exit with 2 where there is no GPU."""
    options = parse(
        __doc__,
        arguments,
        sizes=(20_000, 100_000, 1_000_000),
        what="vectors",
        extra=_arguments,
        draws=False,
    )
    if reason := device.trouble():
        print(f"There is no GPU to measure: {reason}.", file=sys.stderr)
        raise SystemExit(2)
    rows: list[Row] = []
    for size in options.sizes:
        vectors = made(size, options.seed)
        if size <= _MOST_NAMES:
            rows.append(_row("synonyms", size, _linking(vectors), np.array_equal))
        rows.append(_row("dense", size, _asking(vectors, options.seed), np.array_equal))
    if options.extra.model:
        rows.append(_embedding(options.extra.model, options.extra.texts, options.seed))
    finish(options, "gpu", [Table("A GPU beside the CPU", rows)])


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default="", help="of sentence-transformers; none: not timed")
    parser.add_argument("--texts", type=given.at_least(1), default=2_000, help="for the model")


def made(size: int, seed: int) -> Vectors:
    """(size, 384) unit vectors in little groups; the first axes have the most variance."""
    random = np.random.default_rng(seed)
    centres = random.standard_normal((-(-size // _TOGETHER), _DIMENSION), dtype=np.float32)
    vectors = np.repeat(centres, _TOGETHER, axis=0)[:size]
    vectors += 0.45 * random.standard_normal(vectors.shape, dtype=np.float32)
    vectors *= np.arange(1, _DIMENSION + 1, dtype=np.float32) ** -0.35
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors


def _linking(vectors: Vectors) -> Callable[[Device], _Array]:
    return lambda _: synonyms(vectors)


def synonyms(vectors: Vectors) -> _Array:
    """(2, n): the pairs that are near each other, in order."""
    every, least = np.arange(len(vectors)), np.zeros(len(vectors))
    found = pairs_on_any_device(vectors, every, every[:0], least, THRESHOLD, MOST)
    pairs = np.concatenate([np.stack(part[1:3]) for part in found], axis=1)
    pairs.sort(axis=0)
    return pairs[:, np.lexsort((pairs[1], pairs[0]))]


def _asking(vectors: Vectors, seed: int) -> Callable[[Device], _Array]:
    """Asks questions as mode `dense` does."""
    random = np.random.default_rng(seed + 1)
    questions = vectors[random.integers(len(vectors), size=_QUESTIONS)]
    questions += 0.04 * random.standard_normal(questions.shape, dtype=np.float32)
    questions /= np.linalg.norm(questions, axis=1, keepdims=True)
    shortlist = Shortlist(vectors)

    def best(question: Vectors) -> _Array:
        rows = shortlist.rows(question, _K)
        if rows is None:
            return best_of(vectors @ question, _K)[0]
        return rows[best_of(vectors[rows] @ question, _K)[0]]

    return lambda _: np.stack([best(question) for question in questions])


def _embedding(model: str, number: int, seed: int) -> Row:
    random = np.random.default_rng(seed)
    texts = [
        " ".join(f"word{mark}" for mark in random.integers(5000, size=random.integers(20, 120)))
        for _ in range(number)
    ]
    places: tuple[Device, Device] = ("cpu", "cuda")
    embedders = {place: SentenceTransformerEmbedder(model, device=place) for place in places}
    return _row(
        "embedding",
        number,
        lambda place: embedders[place].embed(texts, "passage"),
        lambda one, other: np.allclose(one, other, atol=_SAME),
    )


def _row(
    what: str, size: int, act: Callable[[Device], _Array], same: Callable[[_Array, _Array], bool]
) -> Row:
    cpu, here = _timed("cpu", act)
    gpu, there = _timed("cuda", act)
    return {
        "what": what,
        "vectors": size,
        "cpu_s": cpu[-1],
        "gpu_s": gpu[-1],
        "gpu_first_s": gpu[0],
        "times_faster": cpu[-1] / gpu[-1],
        "same_result": "yes" if same(here, there) else "NO",
    }


def _timed(place: Device, act: Callable[[Device], _Array]) -> tuple[list[float], _Array]:
    """Seconds of two runs: for the first, what is loaded late is loaded."""
    device.choose(place)
    seconds: list[float] = []
    for _ in range(2):
        with measure.Stopwatch() as watch:
            result = act(place)
        seconds.append(watch.seconds)
    device.choose("auto")
    return seconds, result


if __name__ == "__main__":
    launch(main)
