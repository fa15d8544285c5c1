"""Derives mentions, facts and their supports from a passage's extraction.

One pure function that every store uses, so that all of them hold the same graph.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from kg import ids
from kg.names import normalise, surface
from kg.records import Entity, Extraction, Fact, Mention


@dataclass(frozen=True, kw_only=True, slots=True)
class PassageGraph:
    """The part of the graph that one passage supports."""

    mentions: tuple[Mention, ...]
    """One for each entity, in order of entity id."""
    names: tuple[str, ...]
    """The normal form of each mention's entity."""
    facts: tuple[Fact, ...]
    """Each fact once, in order of id."""


def passage_graph(collection: str, extraction: Extraction) -> PassageGraph:
    """The mentions and facts of one extraction.

    Triples with an empty part after normalisation are dropped. An entity's surface and type within
    the passage are the first that the extraction gives.
    """
    mentions: dict[str, tuple[str, Mention]] = {}
    facts: dict[str, Fact] = {}

    def mention(name: str, type_: str) -> tuple[str, str]:
        normal = normalise(name)
        entity = ids.entity_id(collection, normal)
        known = mentions.get(entity)
        if known is None or (type_ and not known[1].type):
            text = known[1].surface if known else surface(name)
            mentions[entity] = (
                normal,
                Mention(
                    passage_id=extraction.passage_id, entity_id=entity, surface=text, type=type_
                ),
            )
        return entity, normal

    for named in extraction.entities:
        if normalise(named.name):
            mention(named.name, named.type)
    for triple in extraction.triples:
        relation = normalise(triple.relation)
        if not all((normalise(triple.subject), relation, normalise(triple.object))):
            continue
        subject, object_ = mention(triple.subject, ""), mention(triple.object, "")
        fact = ids.fact_id(collection, subject[1], relation, object_[1])
        facts[fact] = Fact(id=fact, subject_id=subject[0], relation=relation, object_id=object_[0])
    ordered = sorted(mentions.items())
    return PassageGraph(
        mentions=tuple(found for _, (_, found) in ordered),
        names=tuple(normal for _, (normal, _) in ordered),
        facts=tuple(facts[key] for key in sorted(facts)),
    )


def entity_of(entity_id: str, name: str, mentions: Iterable[tuple[str, str]]) -> Entity:
    """The entity that results from these mentions (surface, type): the most frequent values, or the
    smallest of equally frequent ones."""
    found = list(mentions)
    if len(found) == 1:  # the usual case
        return Entity(id=entity_id, name=name, surface=found[0][0], type=found[0][1])
    surfaces: Counter[str] = Counter()
    types: Counter[str] = Counter()
    for text, type_ in found:
        surfaces[text] += 1
        if type_:
            types[type_] += 1
    return Entity(id=entity_id, name=name, surface=_first(surfaces), type=_first(types))


def _first(counts: Counter[str]) -> str:
    return min(counts, key=lambda text: (-counts[text], text), default="")
