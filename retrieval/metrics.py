"""Quality of rankings against gold passages: figures by ir-measures, in percent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

RECALL_AT = (1, 2, 5, 10, 20)
ALL_GOLD_AT = (5, 8)
NAMES = (
    *(f"recall@{k}" for k in RECALL_AT),
    *(f"all_gold@{k}" for k in ALL_GOLD_AT),
    "ndcg@10",
    "mrr",
)
"""The names of the figures, of single questions and as means."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One question's ranking, and its gold passages."""

    id: str = ""
    gold: frozenset[str]
    ranked: tuple[str, ...]
    """Ids, best first; an id that occurs twice counts at its first rank."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Scores:
    """One question's figures."""

    id: str
    values: Mapping[str, float]
    """Each of `NAMES` -> percent."""
    ranks: Mapping[str, int | None]
    """Gold passage -> its rank, from 1; None if it was not found. In order of id."""


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
    return means(score(judged))


def score(judged: Sequence[Judged]) -> list[Scores]:
    """Score each ranking. Questions without gold passages are left out."""
    import ir_measures
    from ir_measures import RR, R, nDCG

    known = [one for one in judged if one.gold]
    rankings = [tuple(dict.fromkeys(one.ranked)) for one in known]
    names = [str(number) for number in range(len(known))]
    gold = [
        ir_measures.Qrel(name, document, 1)
        for name, one in zip(names, known, strict=True)
        for document in one.gold
    ]
    run = [
        ir_measures.ScoredDoc(name, document, -float(place))
        for name, ranked in zip(names, rankings, strict=True)
        for place, document in enumerate(ranked)
    ]
    measures = {f"recall@{k}": R @ k for k in {*RECALL_AT, *ALL_GOLD_AT}}
    measures |= {"ndcg@10": nDCG @ 10, "mrr": RR}
    found: dict[object, dict[str, float]] = {}
    for metric in ir_measures.iter_calc(list(measures.values()), gold, run):
        found.setdefault(metric.measure, {})[metric.query_id] = metric.value

    def values(name: str) -> dict[str, float]:
        of = {key: found.get(measures[key], {}).get(name, 0.0) for key in measures}
        of |= {f"all_gold@{k}": float(of[f"recall@{k}"] >= 1.0 - 1e-9) for k in ALL_GOLD_AT}
        return {key: 100 * of[key] for key in NAMES}

    return [
        Scores(id=one.id, values=values(name), ranks=_ranks(one.gold, ranked))
        for name, one, ranked in zip(names, known, rankings, strict=True)
    ]


def means(scores: Sequence[Scores]) -> Figures:
    """The figures of a data set from those of its questions."""

    def mean(name: str) -> float:
        values = [one.values[name] for one in scores]
        return round(float(np.mean(values)), 2) if values else 0.0

    return Figures(
        questions=len(scores),
        recall={k: mean(f"recall@{k}") for k in RECALL_AT},
        all_gold={k: mean(f"all_gold@{k}") for k in ALL_GOLD_AT},
        ndcg_at_10=mean("ndcg@10"),
        mrr=mean("mrr"),
    )


def _ranks(gold: frozenset[str], ranked: Sequence[str]) -> dict[str, int | None]:
    places = {document: place for place, document in enumerate(ranked, start=1)}
    return {document: places.get(document) for document in sorted(gold)}
