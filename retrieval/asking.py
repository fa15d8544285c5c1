"""Embedding questions: what a mode wants of many questions, in few passes through the model.

Where the embedder can, parts of a question are not embedded as texts of their own: their vectors
are the means of their tokens' states in the question's pass. Such a state knows the whole question,
so a part's vector leans to the question's; some of that is taken off again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import cast

import numpy as np

from inference.embedder import Bundle, BundleEmbedder, Embedder, Kind, Part, bundle_embedder
from kg.snapshot.tables import Float32Array
from retrieval.mode import Mode, divided

CONTRAST = 0.9
"""How much of the question's vector is taken off that of a part."""
_NONE: Float32Array = np.zeros(0, dtype=np.float32)
_NO_TEXTS: Float32Array = np.zeros((0, 0), dtype=np.float32)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What is embedded in one pass for a question; rows refer to the texts that the mode wants."""

    question: int
    row: int
    bundle: Bundle
    parts: tuple[int, ...] = ()
    """The rows of the bundle's parts."""
    beside: tuple[int, ...] = ()
    """The rows of the texts beside it."""


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
        for kind in dict.fromkeys([kind for _, kind in texts]):
            rows = {row: text for row, (text, of) in enumerate(texts) if of == kind}
            asked = _bundled(number, rows, parts) if parted else _single(number, rows)
            by_kind.setdefault(cast(Kind, kind), []).extend(asked)
    for kind, ones in by_kind.items():
        for one, made in zip(ones, _embed(embedder, bundling, ones, kind), strict=True):
            found, first = vectors[one.question], 1 + len(one.parts)
            found[one.row] = made[0]
            for row, vector in zip(one.beside, made[first:], strict=True):
                found[row] = vector
            if one.parts:
                usual = np.float32(CONTRAST) * made[0]
                for row, vector in zip(one.parts, made[1:first], strict=True):
                    found[row] = _contrasted(vector, usual)
    # As np.stack, which takes five times as long.
    return [
        np.concatenate(found).reshape(len(found), -1) if found else _NO_TEXTS for found in vectors
    ]


def _embed(
    embedder: Embedder, bundling: BundleEmbedder | None, asked: Sequence[_Asked], kind: Kind
) -> Sequence[Float32Array]:
    """For each bundle (1 + its parts + those beside, d)."""
    bundles = [one.bundle for one in asked]
    if bundling is None or not any(one.parts or one.beside for one in asked):
        return list(embedder.embed([one.text for one in bundles], kind)[:, np.newaxis])
    return bundling.embed_bundles(bundles, kind)


def _bundled(question: int, rows: Mapping[int, str], parts: Mapping[int, Part]) -> list[_Asked]:
    """One pass for all texts of a kind: parts are those of a question's first text, row 0."""
    first, *others = rows
    within = tuple(row for row in others if row in parts) if first == 0 else ()
    beside = tuple(row for row in others if row not in within)
    bundle = Bundle(
        text=rows[first],
        parts=tuple(parts[row] for row in within),
        beside=tuple(rows[row] for row in beside),
    )
    return [_Asked(question=question, row=first, bundle=bundle, parts=within, beside=beside)]


def _single(question: int, rows: Mapping[int, str]) -> list[_Asked]:
    """A pass for each text."""
    return [
        _Asked(question=question, row=row, bundle=Bundle(text=text)) for row, text in rows.items()
    ]


def _contrasted(part: Float32Array, usual: Float32Array) -> Float32Array:
    """The component of a part's vector that what is usual in its question lacks, of unit length."""
    vector: Float32Array = part - usual
    length = sqrt(vector @ vector)
    return np.divide(vector, np.float32(length), out=vector) if length > 0 else part
