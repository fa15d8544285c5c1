"""The part of the graph around one entity: its facts, its synonyms, the passages that name it."""

import bisect
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from typing import Literal, TypeAlias

import numpy as np

from kg import ids
from kg.errors import EntityNotFound
from kg.names import normalise
from kg.snapshot import Snapshot, Strings

_SUGGESTIONS = 5
_ROWS_AT_ONCE = 65_536
"""How many names are searched at once: a few megabytes."""

_Key: TypeAlias = tuple[Literal["entity", "passage"], int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """An entity or a passage."""

    id: str
    kind: Literal["entity", "passage"]
    label: str
    """An entity's surface form, a passage's title (or its beginning)."""
    type: str = ""
    """An entity's type, if it has one."""
    distance: int
    """Steps from the requested entity."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """A fact, a synonym or a mention."""

    source: str
    target: str
    kind: Literal["fact", "synonym", "mention"]
    label: str = ""
    """A fact's relation."""
    weight: float = 1.0
    """A fact's number of passages, a synonym's cosine; 1 for a mention."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Neighbourhood:
    """An induced subgraph: its nodes, and all edges between them."""

    centre: str
    revision: int
    nodes: tuple[Node, ...]
    """By distance, the centre first."""
    edges: tuple[Edge, ...]
    truncated: bool
    """Whether there are more nodes than the limit."""


def neighbourhood(snapshot: Snapshot, name: str, *, depth: int, limit: int) -> Neighbourhood:
    """The graph within `depth` steps of an entity, at most `limit` nodes.

    A step leads over a fact or a synonym to another entity, or to a passage, where paths end.
    Raises: EntityNotFound.
    """
    walk = _Walk(snapshot, limit, {("entity", _find(snapshot, name)): 0})
    for distance in range(1, depth + 1):
        if not walk.truncated:
            walk.step(distance)
    return Neighbourhood(
        centre=snapshot.entities.id[next(iter(walk.found))[1]],
        revision=snapshot.revision,
        nodes=tuple(_node(snapshot, key, distance) for key, distance in walk.found.items()),
        edges=tuple(_edges(snapshot, walk.found)),
        truncated=walk.truncated,
    )


@dataclass(slots=True)
class _Walk:
    snapshot: Snapshot
    limit: int
    found: dict[_Key, int]
    """Node -> distance, in the order in which they were reached."""
    truncated: bool = field(default=False)

    def step(self, distance: int) -> None:
        """Go one step from the nodes reached last, one kind of neighbour after the other."""
        last = [
            row for (kind, row), at in self.found.items() if kind == "entity" and at == distance - 1
        ]
        facts, synonyms = self.snapshot.facts, self.snapshot.synonyms
        by_fact = _across(facts.subject, facts.object, last)
        by_synonym = _across(synonyms.source, synonyms.target, last)
        passages = chain.from_iterable(
            self.snapshot.entities.passages.row(row).tolist() for row in last
        )
        turns = zip_longest(by_fact, passages, by_synonym)
        for entity, passage, synonym in turns:
            if self.truncated:  # a hub may have many more
                return
            self._reach("entity", entity, distance)
            self._reach("passage", passage, distance)
            self._reach("entity", synonym, distance)

    def _reach(self, kind: Literal["entity", "passage"], row: int | None, distance: int) -> None:
        if row is None or (kind, row) in self.found:
            return
        if len(self.found) >= self.limit:
            self.truncated = True
            return
        self.found[kind, row] = distance


def _across(one: np.ndarray, other: np.ndarray, rows: list[int]) -> Iterator[int]:
    """The ends of the edges that touch `rows`, in order of edge."""
    for edge in np.flatnonzero(np.isin(one, rows) | np.isin(other, rows)).tolist():
        yield int(one[edge])
        yield int(other[edge])


def _edges(snapshot: Snapshot, found: Iterable[_Key]) -> Iterator[Edge]:
    entities = [row for kind, row in found if kind == "entity"]
    passages = [row for kind, row in found if kind == "passage"]
    entity_id, facts, synonyms = snapshot.entities.id, snapshot.facts, snapshot.synonyms
    inside = np.isin(facts.subject, entities) & np.isin(facts.object, entities)
    for fact in np.flatnonzero(inside).tolist():
        yield Edge(
            source=entity_id[int(facts.subject[fact])],
            target=entity_id[int(facts.object[fact])],
            kind="fact",
            label=facts.relation[fact],
            weight=float(len(facts.passages.row(fact))),
        )
    inside = np.isin(synonyms.source, entities) & np.isin(synonyms.target, entities)
    links = {
        frozenset((int(synonyms.source[row]), int(synonyms.target[row]))): float(
            synonyms.score[row]
        )
        for row in np.flatnonzero(inside).tolist()
    }
    for (one, other), score in sorted((sorted(ends), score) for ends, score in links.items()):
        yield Edge(
            source=entity_id[one], target=entity_id[other], kind="synonym", weight=round(score, 6)
        )
    for entity in entities:
        mentioned_in = snapshot.entities.passages.row(entity)
        for passage in mentioned_in[np.isin(mentioned_in, passages)].tolist():
            yield Edge(
                source=entity_id[entity], target=snapshot.passages.id[passage], kind="mention"
            )


def _node(snapshot: Snapshot, key: _Key, distance: int) -> Node:
    kind, row = key
    if kind == "entity":
        return Node(
            id=snapshot.entities.id[row],
            kind=kind,
            label=snapshot.entities.surface[row],
            type=snapshot.entities.type[row],
            distance=distance,
        )
    label = snapshot.passages.title[row] or snapshot.passages.text[row][:80]
    return Node(id=snapshot.passages.id[row], kind=kind, label=label, distance=distance)


def _find(snapshot: Snapshot, name: str) -> int:
    """The entity's row, by bisection: ids are hashes of normalised names, and are sorted."""
    wanted = ids.entity_id(snapshot.collection, normalise(name))
    row = bisect.bisect_left(snapshot.entities.id, wanted)
    if row < len(snapshot.entities.id) and snapshot.entities.id[row] == wanted:
        return row
    near = ", ".join(repr(found) for found in _similar(snapshot, normalise(name)))
    raise EntityNotFound(
        f"There is no entity {name!r} in {snapshot.collection!r}."
        + (f" Names that contain it: {near}." if near else " Give the whole name.")
    )


def _similar(snapshot: Snapshot, name: str) -> list[str]:
    surfaces, names = snapshot.entities.surface, snapshot.entities.name
    if not name:
        return []
    return [surfaces[row] for row in islice(_containing(names, name), _SUGGESTIONS)]


def _containing(strings: Strings, part: str) -> Iterator[int]:
    """The rows whose string contains that part. The bytes of many rows are searched at once: making
    a string of each would take a second per million."""
    wanted = part.encode("utf-8", "replace")
    for first in range(0, len(strings), _ROWS_AT_ONCE):
        ends = np.array(strings.offsets[first : first + _ROWS_AT_ONCE + 1])
        data = strings.data[ends[0] : ends[-1]].tobytes()
        ends -= ends[0]
        at = data.find(wanted)
        while at >= 0:
            row = int(np.searchsorted(ends, at, side="right")) - 1
            inside = at + len(wanted) <= ends[row + 1]
            if inside:
                yield first + row
            at = data.find(wanted, int(ends[row + 1]) if inside else at + 1)
