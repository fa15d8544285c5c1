"""A search with aids: first a normal search, then each aid in turn.

Scores of a search with bridges are those of the question's own walk plus the mean of the walks of
its sub-questions. The reranker and recognition only change the order, not the scores.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from inference.reranker import Reranker
from kg.errors import ModelError
from retrieval.aids import recognition as recognising
from retrieval.aids import rerank as reranking
from retrieval.aids.bridges import Bridges, Hints
from retrieval.aids.recognition import Recognition
from retrieval.aids.rerank import reranked
from retrieval.checks import check_question
from retrieval.results import Hit, Retrieval
from retrieval.retriever import Retriever

_Result = TypeVar("_Result")
FAILED = "failed, and the search continued without it"
_DEPTH = 60
"""How many passages of each walk are combined."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Aids:
    """The aids of one search; None: not used."""

    bridges: Bridges | None = None
    reranker: Reranker | None = None
    recognition: Recognition | None = None

    @property
    def depth(self) -> int:
        """How many passages the aids need."""
        return max(
            _DEPTH if self.bridges else 0,
            reranking.PASSAGES if self.reranker else 0,
            recognising.PASSAGES if self.recognition else 0,
        )


def search(
    retriever: Retriever,
    question: str,
    aids: Aids,
    *,
    mode: str = "ammon",
    k: int = 10,
    receipts: bool = False,
) -> Retrieval:
    """The k best passages. Receipts are those of the question's own walk. Raises: as
    `Retriever.search`."""
    check_question(question, k)
    wanted = max(k, aids.depth)
    found = retriever.search(question, mode=mode, k=wanted, receipts=receipts)
    if aids.bridges is not None and found.hits:
        found = _over_bridges(retriever, found, aids.bridges, wanted)
    if aids.reranker is not None and found.hits:
        found = _reordered(found, "The reranker", _place_by(aids.reranker))
    if aids.recognition is not None and found.hits:
        found = _reordered(found, "Recognition", aids.recognition.order)
    return replace(found, hits=found.hits[:k])


def _over_bridges(
    retriever: Retriever, found: Retrieval, bridges: Bridges, wanted: int
) -> Retrieval:
    hints, note = _tried("Naming the bridges", lambda: bridges.hints(found.question, found.hits))
    if hints is None:
        return _noted(found, note)
    if not hints.questions:
        return _noted(found, "The chat model named no bridges.")
    walks = retriever.search_many(hints.questions, mode=found.mode, k=_DEPTH)
    known = {hit.passage_id: hit for walk in (*walks, found) for hit in walk.hits}
    score = {hit.passage_id: hit.score for hit in found.hits}
    for walk in walks:
        for hit in walk.hits:
            score[hit.passage_id] = score.get(hit.passage_id, 0.0) + hit.score / len(walks)
    best = sorted(score, key=lambda passage: -score[passage])[:wanted]
    hits = tuple(
        replace(known[passage], rank=rank, score=score[passage])
        for rank, passage in enumerate(best, start=1)
    )
    return _noted(replace(found, hits=hits), _told(hints))


def _place_by(reranker: Reranker) -> Callable[[str, Sequence[Hit]], list[int]]:
    return lambda question, hits: reranked(reranker, question, hits)


def _reordered(
    found: Retrieval, what: str, order: Callable[[str, Sequence[Hit]], list[int]]
) -> Retrieval:
    places, note = _tried(what, lambda: order(found.question, found.hits))
    if places is None:
        return _noted(found, note)
    hits = tuple(
        replace(found.hits[place], rank=rank) for rank, place in enumerate(places, start=1)
    )
    return replace(found, hits=hits)


def _tried(what: str, ask: Callable[[], _Result]) -> tuple[_Result | None, str]:
    """An aid's answer, or a note that says why there is none."""
    try:
        return ask(), ""
    except ModelError as error:
        return None, f"{what} {FAILED}: {error}"


def _told(hints: Hints) -> str:
    return "Also searched for: " + " · ".join(hints.questions)


def _noted(found: Retrieval, note: str) -> Retrieval:
    notes = (*found.explanation.notes, note)
    return replace(found, explanation=replace(found.explanation, notes=notes))
