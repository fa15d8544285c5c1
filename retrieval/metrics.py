"""How good rankings are, against gold passages: ir-measures' figures, in percent."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

RECALL_AT = (1, 2, 5, 10, 20)
ALL_GOLD_AT = (5, 8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One question's ranking beside what it should have found."""

    gold: frozenset[str]
    ranked: tuple[str, ...]
    """Ids, best first; an id that comes twice counts at its first place."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Means over questions, in percent, rounded to two decimals."""

    questions: int
    recall: dict[int, float]
    """k -> mean of |gold ∩ top k| / |gold|."""
    all_gold: dict[int, float]
    """k -> share of questions whose gold passages are all among the top k."""
    ndcg_at_10: float
    mrr: float


def measure(judged: Sequence[Judged]) -> Figures:
    """Score rankings. Questions without gold passages are left out."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    known = [one for one in judged if one.gold]
    names = [str(number) for number in range(len(known))]
    gold = [
        ir_measures.Qrel(name, document, 1)
        for name, one in zip(names, known, strict=True)
        for document in one.gold
    ]
    run = [
        ir_measures.ScoredDoc(name, document, -float(place))
        for name, one in zip(names, known, strict=True)
        for place, document in enumerate(dict.fromkeys(one.ranked))
    ]
    recalls = {k: R @ k for k in {*RECALL_AT, *ALL_GOLD_AT}}
    ndcg, mrr = nDCG @ 10, RR
    values: dict[object, dict[str, float]] = {}
    for metric in ir_measures.iter_calc([*recalls.values(), ndcg, mrr], gold, run):
        values.setdefault(metric.measure, {})[metric.query_id] = metric.value

    def per_question(measure: object) -> list[float]:
        found = values.get(measure, {})
        return [found.get(name, 0.0) for name in names]

    return Figures(
        questions=len(known),
        recall={k: _percent(per_question(recalls[k])) for k in RECALL_AT},
        all_gold={
            k: _percent([float(v >= 1.0 - 1e-9) for v in per_question(recalls[k])])
            for k in ALL_GOLD_AT
        },
        ndcg_at_10=_percent(per_question(ndcg)),
        mrr=_percent(per_question(mrr)),
    )


def _percent(values: Sequence[float]) -> float:
    return round(100 * float(np.mean(values)), 2) if values else 0.0
