"""Embedding questions: what a mode wants of many questions, in few passes through the model.

Where the embedder can, parts of a question are not embedded as texts of their own: their vectors
are the means of their tokens' states in the question's pass. Such a state knows the whole question,
so a part's vector leans to the question's; some of that is taken off again.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import isfinite, sqrt
from typing import NamedTuple, cast

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
    """Texts of one kind that are embedded for a question in one pass."""

    question: int
    text: str
    parts: list[Part]
    """Parts of the text."""
    beside: list[str]
    """Other texts."""
    rows: list[int]
    """Which of the texts that the mode wants these are: the text, its parts, those beside."""


def embed_questions(embedder: Embedder, mode: Mode, questions: Sequence[str]) -> list[Float32Array]:
    """For each question the embeddings of `mode.texts(question)`, (n, d), in that order; (0, 0)
    if it wants none, which asks nothing of the embedder.

    All texts of one kind go to the embedder together. Raises: ModelError.
    """
    bundling = bundle_embedder(embedder)
    parted = divided(mode) if bundling else None
    vectors: list[list[Float32Array]] = []
    by_kind: dict[str, list[_Asked]] = {}
    for number, question in enumerate(questions):
        texts, its = mode.texts(question), dict[str, _Asked]()
        parts = parted.parts(question) if parted else {}
        # What a vector's length is shows by the first one: an endpoint need not be asked for it.
        vectors.append([_NONE] * len(texts))
        for row, (text, kind) in enumerate(texts):
            one = its.get(kind)
            if one is None:
                one = its[kind] = _Asked(number, text, [], [], [row])
                by_kind.setdefault(kind, []).append(one)
            elif row in parts and one.rows[0] == 0:  # parts are those of a question's first text
                one.parts.append(parts[row])
                one.rows.insert(len(one.parts), row)
            else:
                one.beside.append(text)
                one.rows.append(row)
    for kind, asked in by_kind.items():
        made_of = _embed(embedder, bundling if parted else None, asked, cast(Kind, kind))
        for one, made in zip(asked, made_of, strict=True):
            found, parts_end = vectors[one.question], 1 + len(one.parts)
            usual = made[0] * _CONTRAST if one.parts else _NONE
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
    """For each of `asked` (1 + its parts + those beside, d): without bundles all of them as plain
    texts, which have no parts. Raises: ModelError."""
    model = embedder.model_id
    if bundling is None or sum([len(one.rows) for one in asked]) == len(asked):
        texts = [text for one in asked for text in (one.text, *one.beside)]
        made = _checked(embedder.embed(texts, kind), len(texts), model)
        ends = accumulate([len(one.rows) for one in asked], initial=0)
        return [made[first:end] for first, end in pairwise(ends)]
    bundles = [Bundle(one.text, tuple(one.parts), tuple(one.beside)) for one in asked]
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


def _contrasted(part: Float32Array, usual: Float32Array) -> Float32Array:
    """The component of a part's vector that what is usual in its question lacks, of unit length."""
    vector: Float32Array = part - usual
    length = sqrt(vector.dot(vector))
    if not length > 0:
        return part
    vector /= length
    return vector
