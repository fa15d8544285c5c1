"""What led to a walk's result: names, bridges and facts."""

import numpy as np

from kg.snapshot.tables import Int32Array
from retrieval.loops.best import best_rows
from retrieval.loops.telling import facts_about, largest_sums
from retrieval.results import Explanation, UsedEntity, UsedFact
from retrieval.walk.run import Run

NOTHING_LINKED = (
    "No name in the question was linked to the graph: the search began with similarity and shared "
    "words alone."
)
_BRIDGES = 8
_FACTS = 8
_NEAR = 0.3
"""How near a fact must be to a question (cosine) that names nothing known, to be shown."""


def explain(run: Run, passages: Int32Array) -> Explanation:
    """Names of the question, the bridges that carried most, and facts that speak of them.

    A fact is shown if one of the found `passages` states it and a name that was used is its subject
    or object; those come first that are nearest to the question.
    """
    base, snapshot = run.base, run.snapshot
    gazetteer = snapshot.gazetteer
    largest = max((link.largest for link in base.links), default=0.0)
    linked = [
        UsedEntity(
            name=gazetteer.label[link.entries[0]],
            role="question",
            weight=link.largest / largest if largest else 0.0,
        )
        for link in base.links
    ]
    heaviest = _heaviest(run)
    bridges = [
        UsedEntity(name=gazetteer.label[entry], role="bridge", weight=flow)
        for entry, flow in heaviest
    ]
    entries = [entry for link in base.links for entry in link.entries]
    entries += [entry for entry, _ in heaviest]
    used = {gazetteer.entity.item(entry) for entry in entries} - {-1}
    facts = _facts(used, passages, run)
    notes = () if linked else (NOTHING_LINKED,)
    return Explanation(
        entities=tuple(sorted(linked, key=lambda entity: -entity.weight) + bridges),
        facts=tuple(fact for fact in facts if linked or fact.score >= _NEAR),
        clauses=tuple(clause.text for clause in run.question.clauses),
        notes=notes,
    )


def _heaviest(run: Run) -> list[tuple[int, float]]:
    """The entries that most mass went through, and their shares of it."""
    total = sum(step.share for step in run.steps)
    entries, flow = largest_sums(
        np.concatenate([step.bridges for step in run.steps]),
        np.concatenate([np.float32(step.share / total) * step.flow for step in run.steps]),
        _BRIDGES,
    )
    return list(zip(entries.tolist(), flow.tolist(), strict=True))


def _facts(used: set[int], passages: Int32Array, run: Run) -> tuple[UsedFact, ...]:
    facts, entities, table = run.snapshot.facts, run.snapshot.entities, run.facts_of
    about = np.fromiter(used, np.int32, len(used))
    stated = facts_about(passages, table.indptr, table.items, facts.subject, facts.object, about)
    scores = facts.vectors.take(stated, axis=0) @ run.asked.views[0]
    nearest = best_rows(scores, _FACTS)
    shown = stated[nearest]
    rows = zip(
        shown.tolist(),
        facts.subject[shown].tolist(),
        facts.object[shown].tolist(),
        scores[nearest].tolist(),
        strict=True,
    )
    ids, found = run.snapshot.passages.id, set(passages.tolist())
    return tuple(
        UsedFact(
            subject=entities.surface[subject],
            relation=facts.relation[fact],
            object=entities.surface[object_],
            score=score,
            passage_ids=tuple([ids[p] for p in facts.passages.row(fact).tolist() if p in found]),
        )
        for fact, subject, object_, score in rows
    )
