"""What led to a walk's result, in the words of the graph."""

import numpy as np

from kg.snapshot import Snapshot
from kg.snapshot.tables import Ints
from retrieval.question import Question
from retrieval.results import Explanation, UsedEntity, UsedFact
from retrieval.walk.base import Base
from retrieval.walk.step import Step

_BRIDGES = 8
_FACTS = 8


def explain(
    question: Question, base: Base, step: Step, passages: Ints, snapshot: Snapshot
) -> Explanation:
    """Names of the question, the bridges that carried most, and facts between them.

    A fact is shown if one of the found passages states it and both it and a name that was used have
    an entity in common; facts between two such names come first.
    """
    gazetteer = snapshot.gazetteer
    largest = max((float(link.bonus.max(initial=0.0)) for link in base.links), default=0.0)
    linked = [
        UsedEntity(
            name=question.text[link.link.start : link.link.end],
            role="question",
            weight=float(link.bonus.max(initial=0.0)) / largest if largest else 0.0,
        )
        for link in base.links
    ]
    heaviest = [row for row in np.argsort(-step.flow, kind="stable")[:_BRIDGES] if step.flow[row]]
    bridges = [
        UsedEntity(
            name=gazetteer.label[step.bridges[row]], role="bridge", weight=float(step.flow[row])
        )
        for row in heaviest
    ]
    entries = [entry for link in base.links for entry in link.entries]
    entries += [int(step.bridges[row]) for row in heaviest]
    used = {int(gazetteer.entity[entry]) for entry in entries} - {-1}
    notes = () if linked else ("No name in the question is known to this collection.",)
    return Explanation(
        entities=tuple(sorted(linked, key=lambda entity: -entity.weight) + bridges),
        facts=_facts(used, passages, snapshot),
        clauses=tuple(clause.text for clause in question.clauses),
        notes=notes,
    )


def _facts(used: set[int], passages: Ints, snapshot: Snapshot) -> tuple[UsedFact, ...]:
    facts, entities = snapshot.facts, snapshot.entities
    if not used:
        return ()
    ends = np.array(sorted(used), dtype=np.int32)
    shared = np.isin(facts.subject, ends).astype(np.int8) + np.isin(facts.object, ends)
    rank = {int(passage): place for place, passage in enumerate(passages)}
    found: list[tuple[int, int, int, tuple[int, ...]]] = []
    for fact in np.flatnonzero(shared):
        places = tuple(int(p) for p in facts.passages.row(int(fact)) if int(p) in rank)
        if places:
            best = min(rank[place] for place in places)
            found.append((-int(shared[fact]), best, int(fact), places))
    return tuple(
        UsedFact(
            subject=entities.surface[facts.subject[fact]],
            relation=facts.relation[fact],
            object=entities.surface[facts.object[fact]],
            score=-shared_ends / 2,
            passage_ids=tuple(snapshot.passages.id[place] for place in places),
        )
        for shared_ends, _, fact, places in sorted(found)[:_FACTS]
    )
