"""What led to a walk's result: names, bridges and facts."""

from collections.abc import Sequence

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.loops.telling import facts_about, largest_sums, strings_of, told_of_facts
from retrieval.results import Explanation, UsedEntity, UsedFact
from retrieval.walk.links import LinkBonus
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
    links = run.base.links
    heaviest, flow = _heaviest(run)
    names = [link.entries[0] for link in links] + heaviest.tolist()
    others = [entry for link in links for entry in link.entries[1:]]
    used = np.array(names + others, dtype=np.int32)
    strings, scores, statements = _told(run, passages, used, len(names))
    n, end = len(scores), len(names) + 3 * len(scores)
    facts = []
    for subject, relation, object_, score, count in zip(
        strings[end - 3 * n : end - 2 * n],
        strings[end - 2 * n : end - n],
        strings[end - n : end],
        scores,
        statements,
        strict=True,
    ):
        if links or score >= _NEAR:
            facts.append(
                UsedFact(
                    subject=subject,
                    relation=relation,
                    object=object_,
                    score=score,
                    passage_ids=tuple(strings[end : end + count]),
                )
            )
        end += count
    bridges = [
        UsedEntity(name=name, role="bridge", weight=weight)
        for name, weight in zip(strings[len(links) : len(names)], flow.tolist(), strict=True)
    ]
    return Explanation(
        entities=tuple(_linked(links, strings) + bridges),
        facts=tuple(facts),
        clauses=tuple([clause.text for clause in run.question.clauses]),
        notes=() if links else (NOTHING_LINKED,),
    )


def _heaviest(run: Run) -> tuple[Int32Array, Float32Array]:
    """The entries that most mass went through, and their shares of it."""
    first, last = run.steps[0], run.steps[-1]
    more = last.share if len(run.steps) > 1 else 0.0
    total = (first.share + more) or 1.0  # nothing moved, and both are 0
    return largest_sums(
        first.bridges,
        first.flow,
        first.share / total,
        last.bridges,
        last.flow,
        more / total,
        _BRIDGES,
    )


def _told(
    run: Run, passages: Int32Array, used: Int32Array, names: int
) -> tuple[list[str], list[float], list[int]]:
    """The labels of the first so many of the `used` entries, and of the facts about any of them the
    subjects, relations, objects and ids of passages; these facts' scores; and how many of
    `passages` state each."""
    snapshot = run.snapshot
    facts, surface = snapshot.facts, snapshot.entities.surface.arrays
    stated, vectors = facts_about(
        passages,
        (run.facts_of.indptr, run.facts_of.items),
        facts.subject,
        facts.object,
        facts.vectors,
        used,
        snapshot.gazetteer.entity,
    )
    text, begins, scores, statements = told_of_facts(
        stated,
        vectors.dot(run.asked.vectors[0]),
        _FACTS,
        facts.subject,
        facts.object,
        (facts.passages.indptr, facts.passages.items),
        passages,
        used[:names],
        (
            snapshot.gazetteer.label.arrays,
            surface,
            facts.relation.arrays,
            surface,
            snapshot.passages.id.arrays,
        ),
    )
    return strings_of(text, begins), scores.tolist(), statements.tolist()


def _linked(links: Sequence[LinkBonus], labels: Sequence[str]) -> list[UsedEntity]:
    """The names of the question, heaviest first; `labels` begins with theirs."""
    largest = max([link.largest for link in links], default=0.0)
    linked = [
        UsedEntity(name=label, role="question", weight=link.largest / largest if largest else 0.0)
        for link, label in zip(links, labels, strict=False)
    ]
    return sorted(linked, key=lambda entity: -entity.weight)
