"""A search with aids: first a normal search, then each aid in turn.

Scores of a search with bridges are those of the question's own walk plus the mean of the walks of
its sub-questions, of each of which the best passages count. Whatever else is told of a passage is
about the question itself. The reranker and recognition only change the order, not the scores.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from inference.reranker import Reranker
from kg.errors import ModelError
from kg.snapshot.copies import collapsed
from retrieval.aids import recognition as recognising
from retrieval.aids import rerank as reranking
from retrieval.aids.bridges import Bridges, Hints
from retrieval.aids.recognition import Recognition
from retrieval.aids.rerank import reranked
from retrieval.checks import check_question
from retrieval.quoting import is_heading
from retrieval.receipt import DirectPart, Quote
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
    """The k best passages. With bridges, the parts of receipts are those of the question's own walk
    and what each sub-question adds; ranks in them are before the reranker and recognition.

    Raises: as `Retriever.search`.
    """
    check_question(question, k)
    wanted = max(k, aids.depth)
    found = retriever.search(question, mode=mode, k=wanted, receipts=receipts)
    if aids.bridges is not None and found.hits:
        found = _over_bridges(retriever, found, aids.bridges, wanted, receipts)
    if aids.reranker is not None and found.hits:
        found = _reordered(found, "The reranker", _place_by(aids.reranker))
    if aids.recognition is not None and found.hits:
        found = _reordered(found, "Recognition", aids.recognition.order)
    return replace(found, hits=found.hits[:k])


def _over_bridges(
    retriever: Retriever, found: Retrieval, bridges: Bridges, wanted: int, receipts: bool
) -> Retrieval:
    hints, note = _tried("Naming the bridges", lambda: bridges.hints(found.question, found.hits))
    if hints is None:
        return _noted(found, note)
    if not hints.questions:
        return _noted(found, "The chat model named no bridges.")
    hits, note = _tried(
        "Searching over the bridges",
        lambda: _together(retriever, found, hints.questions, wanted, receipts),
    )
    if hits is None:
        return _noted(found, note)
    return _noted(replace(found, hits=hits), _told(hints))


def _together(
    retriever: Retriever,
    found: Retrieval,
    sub_questions: Sequence[str],
    wanted: int,
    receipts: bool,
) -> tuple[Hit, ...]:
    """The best texts by the question and its sub-questions, which may have found each in another
    passage. Raises: ModelError."""
    walks = retriever.search_many(sub_questions, mode=found.mode, k=_DEPTH)
    known, of_walks = _by_text(found.hits), [_by_text(walk.hits) for walk in walks]
    new = _by_text(hit for walk in walks for hit in walk.hits)
    new = {text: hit for text, hit in new.items() if text not in known}
    if new:
        ids = [hit.passage_id for hit in new.values()]
        told = retriever.told(found.question, ids, mode=found.mode, receipts=receipts)
        known |= zip(new, told, strict=True)
    added: dict[str, list[DirectPart]] = {text: [] for text in known}
    for walk, hits in zip(walks, of_walks, strict=True):
        for text, hit in hits.items():
            added[text].append(_part(walk.question, hit, len(walks), known[text].text))
    score = {
        text: sum((part.amount for part in parts), start=known[text].score)
        for text, parts in added.items()
    }
    best = sorted(score, key=lambda text: -score[text])[:wanted]
    return tuple(
        _with_parts(replace(known[text], rank=rank, score=score[text]), added[text])
        for rank, text in enumerate(best, start=1)
    )


def _by_text(hits: Iterable[Hit]) -> dict[str, Hit]:
    """Each text, with white space collapsed, and the first hit that has it."""
    found: dict[str, Hit] = {}
    for hit in hits:
        found.setdefault(collapsed(hit.text), hit)
    return found


def _part(sub_question: str, hit: Hit, count: int, shown: str) -> DirectPart:
    """What one of so many sub-questions adds to a passage that it found, whose text is shown as in
    another one: only of an equal one is there a quotation, for its place."""
    quote = None
    if hit.sentence is not None and hit.text == shown:
        start, end = hit.sentence.start, hit.sentence.end
        quote = Quote(
            text=hit.text[start:end],
            start=start,
            end=end,
            heading=is_heading(hit.text, start, end, hit.title),
        )
    return DirectPart(
        kind="sub-question", label=sub_question, amount=hit.score / count, quote=quote
    )


def _with_parts(hit: Hit, parts: Sequence[DirectPart]) -> Hit:
    """The hit, with these parts in its receipt, if it has one."""
    if hit.receipt is None:
        return hit
    direct = sorted((*hit.receipt.direct, *parts), key=lambda part: -part.amount)
    receipt = replace(hit.receipt, rank=hit.rank, score=hit.score, direct=tuple(direct))
    return replace(hit, receipt=receipt)


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
