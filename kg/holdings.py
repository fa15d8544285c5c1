"""Reading a whole collection from one store, to restore it in another."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter
from typing import TypeVar

from kg.records import Passage, Placement, Synonym
from kg.store import Change, DocumentGraph, GraphReader, Holdings

BATCH = 500
"""The number of documents, extractions or entities in a batch."""
PLACED = 5000
"""The number of placements in a batch of several documents, at most."""
_Item = TypeVar("_Item")


def holdings_of(reader: GraphReader, note: Callable[[str, int], None] | None = None) -> Holdings:
    """Everything that the reader yields; its passages are held in memory.

    `note(kind, count)` is called after each batch that was consumed. Raises: the reader's errors,
    while the batches are consumed.
    """

    def noted(kind: str, batches: Iterable[Sequence[_Item]]) -> Iterator[Sequence[_Item]]:
        for batch in batches:
            yield batch
            if note is not None:
                note(kind, len(batch))

    def changes() -> Iterator[Change]:
        for graphs in noted("documents", _by_length(_graphs(reader))):
            yield Change(put=tuple(graphs))
        for found in noted("extractions", _batches(reader.extractions())):
            yield Change(extractions=tuple(found))

    def synonyms() -> Iterator[tuple[Sequence[str], Sequence[Synonym]]]:
        for batch in noted("entities", _batches(_links(reader))):
            linked = [source for source, is_linked, _ in batch if is_linked]
            yield linked, [link for *_, links in batch for link in links]

    return Holdings(
        collection=reader.collection,
        changes=changes(),
        saved=noted("saved extractions", _batches(reader.saved())),
        synonyms=synonyms(),
    )


def _graphs(reader: GraphReader) -> Iterator[DocumentGraph]:
    passages: dict[str, Passage] = {passage.id: passage for passage in reader.passages()}
    placed = groupby(reader.placements(), attrgetter("document_id"))
    waiting = next(placed, None)
    for document in reader.documents():
        placements: tuple[Placement, ...] = ()
        if waiting is not None and waiting[0] == document.id:
            placements = tuple(waiting[1])
            waiting = next(placed, None)
        ids = dict.fromkeys(place.passage_id for place in placements)
        yield DocumentGraph(
            document=document,
            placements=placements,
            passages=tuple(passages[id_] for id_ in ids),
        )


def _links(reader: GraphReader) -> Iterator[tuple[str, bool, Sequence[Synonym]]]:
    """Each entity, whether it is linked, and its synonyms. An entity that lost a synonym is not
    linked but keeps the others."""
    unlinked = set(reader.unlinked())
    listed = groupby(reader.synonyms(), attrgetter("source_id"))
    waiting = next(listed, None)
    for entity in reader.entities():
        links: Sequence[Synonym] = ()
        if waiting is not None and waiting[0] == entity.id:
            links = tuple(waiting[1])
            waiting = next(listed, None)
        yield entity.id, entity.id not in unlinked, links


def _by_length(graphs: Iterable[DocumentGraph]) -> Iterator[Sequence[DocumentGraph]]:
    """Batches of few documents, if they are long: a store's transactions are limited."""
    batch: list[DocumentGraph] = []
    placed = 0
    for graph in graphs:
        placed += len(graph.placements)
        if batch and (len(batch) == BATCH or placed > PLACED):
            yield batch
            batch, placed = [], len(graph.placements)
        batch.append(graph)
    if batch:
        yield batch


def _batches(items: Iterable[_Item]) -> Iterator[Sequence[_Item]]:
    iterator = iter(items)
    while batch := list(islice(iterator, BATCH)):
        yield batch
