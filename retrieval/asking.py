"""Embedding questions: what a mode wants of many questions, in few passes through the model.

Where the embedder can, parts of a question are not embedded as texts of their own: their vectors
are the means of their tokens' states in the question's pass. Such a state knows the whole question,
so a part's vector leans to the question's; some of that is taken off again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import numpy as np

from inference.embedder import Embedder, Kind, Part, part_embedder
from kg.snapshot.tables import Floats
from retrieval.mode import Divided, Mode

CONTRAST = 0.9
"""How much of the question's vector is taken off that of a part."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Text:
    question: int
    row: int
    """Among what the mode wants for its question."""
    text: str
    parts: Mapping[int, Part]
    """Row -> the part of this text that it is."""


def embed_questions(embedder: Embedder, mode: Mode, questions: Sequence[str]) -> list[Floats]:
    """For each question the embeddings of `mode.texts(question)`, (n, d), in that order.

    All texts of one kind go to the embedder together. Raises: ModelError.
    """
    wanted = [mode.texts(question) for question in questions]
    vectors = [np.zeros((len(texts), embedder.dimension), dtype=np.float32) for texts in wanted]
    by_kind: dict[Kind, list[_Text]] = {}
    parting = part_embedder(embedder) if isinstance(mode, Divided) else None
    for question, texts in enumerate(wanted):
        parts: Mapping[int, Part] = {}
        if parting is not None and isinstance(mode, Divided):
            parts = mode.parts(questions[question])
        for row, (text, kind) in enumerate(texts):
            if row not in parts:
                one = _Text(question=question, row=row, text=text, parts={} if row else parts)
                by_kind.setdefault(cast(Kind, kind), []).append(one)
    for kind, ones in by_kind.items():
        for one, made in zip(ones, _embed(embedder, ones, kind), strict=True):
            vectors[one.question][one.row] = made[0]
            for row, vector in zip(one.parts, made[1:], strict=True):
                vectors[one.question][row] = _contrasted(vector, made[0])
    return vectors


def _embed(embedder: Embedder, texts: Sequence[_Text], kind: Kind) -> Sequence[Floats]:
    """For each text (1 + its parts, d)."""
    parting = part_embedder(embedder) if any(one.parts for one in texts) else None
    strings = [one.text for one in texts]
    if parting is None:
        return list(embedder.embed(strings, kind)[:, np.newaxis])
    return parting.embed_parts(strings, [tuple(one.parts.values()) for one in texts], kind)


def _contrasted(part: Floats, whole: Floats) -> Floats:
    """What a part says that the whole does not, of length one."""
    vector: Floats = part - np.float32(CONTRAST) * whole
    length = np.linalg.norm(vector)
    return vector / length if length > 0 else part
