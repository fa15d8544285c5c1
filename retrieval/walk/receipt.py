"""The receipt of a passage in mode `ammon`: how much it got from which sources and bridges.

score(p) = direct_share · Σ over sources of their mass on p
         + Σ over steps of their share · Σ over bridges and origins of what they sent to p
         - deductions, because it resembles a better passage or the question prefers another one
"""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from kg.snapshot.tables import Float32Array, Int32Array
from retrieval.citations import name_of, source_of
from retrieval.quoting import best_quote, sentences_of
from retrieval.receipt import (
    BridgePart,
    ConnectingFact,
    DirectPart,
    Giver,
    Origin,
    Quote,
)
from retrieval.results import Explanation
from retrieval.trace import Parts, Trace
from retrieval.walk.explanation import explain
from retrieval.walk.naming import Naming
from retrieval.walk.run import Run
from retrieval.walk.sources import Source
from retrieval.walk.step import Step
from retrieval.walk.variety import leads_among

NOT_REACHED = (
    "The question's own walk did not reach this passage, and gives it no score: such passages are "
    "in the order of how well they fit the question itself."
)
_FACTS = 3
_POSSESSIVE = re.compile("['’ʼ\uff07][sS]?$")


class WalkTrace(Trace):
    """One run of the walk, to explain its passages."""

    def __init__(self, run: Run) -> None:
        self._run = run
        passages, best = run.best(len(run.score))
        scores = np.zeros(len(run.snapshot.passages.id), dtype=np.float32)
        scores[passages] = best
        run.copies.share(scores)
        scores[run.removed] = 0
        super().__init__("ammon", run.snapshot, run.copies, passages, scores)
        self._sources = run.sources.each()
        self._naming = Naming(run.snapshot)

    def _all(self) -> Int32Array:
        return self._run.best(len(self._rank))[0]

    def _order(self, passages: Int32Array) -> None:
        super()._order(passages)
        self._rank[self._run.removed] = 0

    def _explanation(self, passages: Int32Array) -> Explanation:
        return explain(self._run, passages)

    def _parts(self, passage: int) -> Parts:
        passage = self._shown(passage)  # the walk knows no other one of its text
        direct, bridges = self._direct(passage), self._bridges(passage)
        notes = () if direct or bridges else (NOT_REACHED,)
        direct += self._taken(passage)
        return Parts(direct=direct, bridges=bridges, notes=notes)

    def _direct(self, passage: int) -> tuple[DirectPart, ...]:
        weight = self._run.direct_share
        return tuple(
            DirectPart(
                kind=source.kind,
                label=_label(source),
                amount=weight * mass,
                quote=self._quote(number, passage),
            )
            for number, source in enumerate(self._sources)
            if (mass := _mass_on(source, passage)) > 0
        )

    def _taken(self, passage: int) -> tuple[DirectPart, ...]:
        """The deductions, if any."""
        place = self._run.base.place_of(passage)
        walked = 0.0 if place is None else float(self._run.score[place])
        taken, foremost = self.score(passage) - walked, int(self.best(1)[0])
        if taken >= 0:
            return ()
        passed = max(taken, self.score(foremost) - walked)
        passed = passed if round(passed, 4) < 0 else 0.0
        alike = taken - passed
        found = []
        if passed:
            found.append(self._taken_off("passed", passed, foremost))
        if alike:
            found.append(self._taken_off("alike", alike, self._most_alike(passage)))
        return tuple(found)

    def _taken_off(self, kind: str, amount: float, better: int) -> DirectPart:
        return DirectPart(
            kind=kind,
            label=name_of(self.snapshot, better),
            amount=amount,
            quote=None,
            passage_id=self.snapshot.passages.id[better],
            rank=self.rank(better),
        )

    def _most_alike(self, passage: int) -> int:
        """The better passage that it resembles most, as `variety` sees it: one that names its title
        does not count."""
        better = self.best(self.rank(passage) - 1)
        both = np.concatenate((better, [passage]), dtype=np.int32)
        leads = leads_among(self.snapshot.pairs, both)[:-1, -1]
        cosines = self._run.similarity.among(both)[:-1, -1]
        return int(better[np.where(leads, -np.inf, cosines).argmax()])

    def _quote(self, number: int, passage: int) -> Quote | None:
        """The sentence that fits a source best; if the source is a name, of those that mention
        it."""
        run, source = self._run, self._sources[number]
        if source.kind != "link":
            sentences = sentences_of(self.snapshot, passage)
            return best_quote(self.snapshot, sentences, run.asked.views[source.number])
        return self._naming.quote(run.base.links[source.number].entries, passage, run.asked.aim)

    def _bridges(self, passage: int) -> tuple[BridgePart, ...]:
        run = self._run
        arrived = self._arrived(passage, run.steps)
        origins = {origin for parts in arrived.values() for origin in parts}
        facts = self._facts([passage, *origins], list(arrived))
        return tuple(
            BridgePart(
                name=self.snapshot.gazetteer.label[entry],
                amount=sum(parts.values()),
                origins=tuple(
                    self._origin(origin, entry, amount)
                    for origin, amount in sorted(parts.items(), key=lambda one: (-one[1], one[0]))
                ),
                quote=self._naming.quote((entry,), passage, run.asked.aim),
                facts=self._connecting(facts.get(entry, []), {passage, *parts}),
            )
            for entry, parts in arrived.items()
        )

    def _arrived(self, passage: int, steps: Sequence[Step]) -> dict[int, dict[int, float]]:
        """Entry -> origin -> the part of the score that came from there through the entry."""
        arrived: dict[int, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        for step in steps:
            origins, rows, mass = step.into(passage)
            entries = step.bridges[rows].tolist()
            amounts = (step.share * mass).tolist()
            for entry, origin, amount in zip(entries, origins.tolist(), amounts, strict=True):
                arrived[entry][origin] += amount
        return arrived

    def _givers(self, passage: int, steps: Sequence[Step]) -> tuple[Giver, ...]:
        """Why the walk was at a passage after these steps: sources, and the steps' bridges."""
        table, run = self.snapshot.passages, self._run
        given = [
            Giver(
                kind=source.kind,
                label=_label(source),
                share=run.direct_share * _mass_on(source, passage),
            )
            for source in self._sources
        ]
        for entry, parts in self._arrived(passage, steps).items():
            most = max(sorted(parts), key=lambda origin: parts[origin])
            bridge = Giver(
                kind="bridge",
                label=self.snapshot.gazetteer.label[entry],
                share=sum(parts.values()),
                passage_id=table.id[most],
                title=table.title[most],
                source=source_of(self.snapshot, most),
                givers=self._givers(most, steps[:-1]),
            )
            given.append(bridge)
        total = sum(giver.share for giver in given)
        return tuple(
            replace(giver, share=giver.share / total)
            for giver in sorted(given, key=lambda giver: -giver.share)
            if giver.share > 0
        )

    def _origin(self, passage: int, entry: int, amount: float) -> Origin:
        table = self.snapshot.passages
        return Origin(
            passage_id=table.id[passage],
            title=table.title[passage],
            source=source_of(self.snapshot, passage),
            rank=self.rank(passage),
            amount=amount,
            quote=self._naming.quote((entry,), passage, self._run.asked.aim),
            givers=self._givers(passage, self._run.steps[:-1]),
        )

    def _facts(self, passages: list[int], entries: list[int]) -> dict[int, list[int]]:
        """Entry -> facts with its entity as subject or object, stated in one of the passages."""
        facts, entity = self.snapshot.facts, self.snapshot.gazetteer.entity
        stated = np.unique(np.concatenate([self._run.facts_of.row(place) for place in passages]))
        found: dict[int, list[int]] = {}
        for entry in entries:
            if (end := int(entity[entry])) >= 0:
                about = (facts.subject[stated] == end) | (facts.object[stated] == end)
                found[entry] = stated[about].tolist()
        return found

    def _connecting(self, facts: Sequence[int], ends: set[int]) -> tuple[ConnectingFact, ...]:
        """The facts closest to the question, of those that one of these passages states."""
        table, snapshot = self.snapshot.facts, self.snapshot
        places = {fact: sorted(ends & set(table.passages.row(fact).tolist())) for fact in facts}
        stated = [fact for fact in facts if places[fact]]
        scores: Float32Array = table.vectors[stated] @ self._run.asked.views[0]
        return tuple(
            ConnectingFact(
                fact_id=table.id[fact],
                subject=snapshot.entities.surface[int(table.subject[fact])],
                relation=table.relation[fact],
                object=snapshot.entities.surface[int(table.object[fact])],
                score=float(scores[row]),
                passage_ids=tuple(snapshot.passages.id[place] for place in places[fact]),
            )
            for row in np.argsort(-scores, kind="stable")[:_FACTS].tolist()
            for fact in [stated[row]]
        )


def _label(source: Source) -> str:
    """The source's label; a name without its possessive in the question."""
    return _POSSESSIVE.sub("", source.label) if source.kind == "link" else source.label


def _mass_on(source: Source, passage: int) -> float:
    return float(source.mass[source.passages == passage].sum())
