"""Embedding questions: what a mode wants of many questions, in few passes through the model.

Where the embedder can, parts of a question are not embedded as texts of their own: their vectors
are the means of their tokens' states in the question's pass. Such a state knows the whole question,
so a part's vector leans to the question's; some of that is taken off again.
"""

from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from typing import NamedTuple, TypeAlias, cast

import numpy as np

from inference.embedder import Bundle, BundleEmbedder, Embedder, Kind, Part, bundle_embedder
from kg.errors import ModelOutputInvalid
from kg.snapshot.tables import Float32Array
from retrieval.mode import Mode, divided

CONTRAST = 0.9
"""How much of the question's vector is taken off that of a part."""
_CONTRAST = np.float32(CONTRAST)
_NONE: Float32Array = np.zeros(0, dtype=np.float32)
_NO_TEXTS: Float32Array = np.zeros((0, 0), dtype=np.float32)


class _Asked(NamedTuple):
    """What is embedded in one pass for a question."""

    question: int
    bundle: Bundle
    rows: Sequence[int]
    """Which of the texts that the mode wants each vector of the bundle is of."""


def embed_questions(embedder: Embedder, mode: Mode, questions: Sequence[str]) -> list[Float32Array]:
    """For each question the embeddings of `mode.texts(question)`, (n, d), in that order; (0, 0)
    if it wants none, which asks nothing of the embedder.

    All texts of one kind go to the embedder together. Raises: ModelError.
    """
    wanted = [mode.texts(question) for question in questions]
    # What a vector's length is shows by the first one: an endpoint need not be asked for it.
    vectors: list[list[Float32Array]] = [[_NONE] * len(texts) for texts in wanted]
    bundling = bundle_embedder(embedder)
    parted = divided(mode) if bundling else None
    by_kind: dict[Kind, list[_Asked]] = {}
    for number, texts in enumerate(wanted):
        parts = parted.parts(questions[number]) if parted else {}
        rows: dict[str, list[int]] = {}
        for row, (_, kind) in enumerate(texts):
            rows.setdefault(kind, []).append(row)
        for kind, its in rows.items():
            bundles = _bundled(texts, its, parts) if parted else _single(texts, its)
            asked = by_kind.setdefault(cast(Kind, kind), [])
            asked += [_Asked(number, bundle, of) for bundle, of in bundles]
    for kind, asked in by_kind.items():
        for one, made in zip(asked, _embed(embedder, bundling, asked, kind), strict=True):
            found, parts_end = vectors[one.question], 1 + len(one.bundle.parts)
            usual = made[0] * _CONTRAST if parts_end > 1 else _NONE
            for place, row in enumerate(one.rows):
                vector = made[place]
                found[row] = _contrasted(vector, usual) if 0 < place < parts_end else vector
    # As np.stack, which takes five times as long.
    return [
        np.concatenate(found).reshape(len(found), -1) if found else _NO_TEXTS for found in vectors
    ]


def _embed(
    embedder: Embedder, bundling: BundleEmbedder | None, asked: Sequence[_Asked], kind: Kind
) -> Sequence[Float32Array]:
    """For each bundle (1 + its parts + those beside, d). Raises: ModelError."""
    bundles, model = [one.bundle for one in asked], embedder.model_id
    if bundling is None or sum([len(one.rows) for one in asked]) == len(asked):
        made = embedder.embed([one.text for one in bundles], kind)
        return list(_checked(made, len(asked), model)[:, np.newaxis])
    found = bundling.embed_bundles(bundles, kind)
    if len(found) != len(asked):
        raise ModelOutputInvalid(
            f"The embedding model {model!r} returns vectors of {len(found)} questions for "
            f"{len(asked)}."
        )
    return [_checked(made, len(one.rows), model) for made, one in zip(found, asked, strict=True)]


def _checked(vectors: object, count: int, model: str) -> Float32Array:
    """(count, d): finite numbers, in C order. Raises: ModelOutputInvalid if they are not that."""
    if not isinstance(vectors, np.ndarray) or vectors.dtype.kind != "f" or vectors.ndim != 2:
        what = "something else than an array of numbers with a row for each text"
    elif len(vectors) != count:
        what = f"{len(vectors)} vectors for {count} texts"
    else:
        found: Float32Array = np.ascontiguousarray(vectors, dtype=np.float32)
        flat = found.reshape(-1)
        if isfinite(flat.dot(flat)):
            return found
        what = "numbers that are not finite"
    raise ModelOutputInvalid(
        f"The embedding model {model!r} returns {what}. Check the model, or search by words alone "
        "(mode bm25)."
    )


_Texts: TypeAlias = Sequence[tuple[str, str]]


def _bundled(
    texts: _Texts, rows: Sequence[int], parts: Mapping[int, Part]
) -> list[tuple[Bundle, Sequence[int]]]:
    """One pass for all texts of a kind: parts are those of a question's first text, row 0."""
    first, others = rows[0], rows[1:]
    within = [row for row in others if row in parts] if first == 0 else []
    beside = [row for row in others if row not in within]
    bundle = Bundle(
        texts[first][0],
        tuple([parts[row] for row in within]),
        tuple([texts[row][0] for row in beside]),
    )
    return [(bundle, [first, *within, *beside])]


def _single(texts: _Texts, rows: Sequence[int]) -> list[tuple[Bundle, Sequence[int]]]:
    """A pass for each text."""
    return [(Bundle(texts[row][0]), [row]) for row in rows]


def _contrasted(part: Float32Array, usual: Float32Array) -> Float32Array:
    """The component of a part's vector that what is usual in its question lacks, of unit length."""
    vector: Float32Array = part - usual
    length = sqrt(vector.dot(vector))
    if not length > 0:
        return part
    vector /= length
    return vector
