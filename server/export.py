"""Exports of a collection's graph for other tools: GraphML, and the canonical JSON lines."""

import re
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from kg.dump import dump
from kg.errors import InputError
from kg.store import GraphReader

if TYPE_CHECKING:
    import networkx as nx

_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 cannot represent."""


def export_jsonl(reader: GraphReader, file: IO[bytes]) -> None:
    """The canonical dump (`kg.dump`): one JSON object a line."""
    for line in dump(reader):
        file.write(line.encode("utf-8", "replace") + b"\n")


def export_graphml(reader: GraphReader, file: IO[bytes]) -> None:
    """Entities, passages and documents with facts, mentions, synonyms and placements."""
    import networkx as nx

    nx.write_graphml(graph_of(reader), file, encoding="utf-8")


EXPORTS: Mapping[str, Callable[[GraphReader, IO[bytes]], None]] = {
    "graphml": export_graphml,
    "jsonl": export_jsonl,
}
"""Format -> what writes it."""


def graph_of(reader: GraphReader) -> "nx.MultiDiGraph[str]":
    """The graph in networkx; every attribute is a string or a number."""
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(
        collection=reader.collection.name, revision=reader.collection.revision
    )
    graph.add_nodes_from(_nodes(reader))
    for one, other, key, attributes in _edges(reader):
        graph.add_edge(one, other, key=key, **attributes)
    return graph


def _nodes(reader: GraphReader) -> Iterator[tuple[str, dict[str, Any]]]:
    for document in reader.documents():
        moment = document.observed_at.isoformat() if document.observed_at else ""
        yield (
            document.id,
            _clean(kind="document", label=document.title, source=document.source, observed=moment),
        )
    for passage in reader.passages():
        yield (
            passage.id,
            _clean(kind="passage", label=passage.title, heading=passage.heading, text=passage.text),
        )
    for entity in reader.entities():
        yield (
            entity.id,
            _clean(kind="entity", label=entity.surface, name=entity.name, type=entity.type),
        )


def _edges(reader: GraphReader) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    supports: dict[str, int] = {}
    for support in reader.supports():
        supports[support.fact_id] = supports.get(support.fact_id, 0) + 1
    for fact in reader.facts():
        yield (
            fact.subject_id,
            fact.object_id,
            fact.id,
            _clean(kind="fact", label=fact.relation, weight=float(supports.get(fact.id, 0))),
        )
    for mention in reader.mentions():
        yield (
            mention.passage_id,
            mention.entity_id,
            "mention",
            _clean(kind="mention", label=mention.surface, weight=1.0),
        )
    for link in reader.synonyms():
        attributes = _clean(kind="synonym", label="", weight=link.score)
        yield link.source_id, link.target_id, "synonym", attributes
    for place in reader.placements():
        yield (
            place.document_id,
            place.passage_id,
            f"place-{place.ordinal}",
            _clean(kind="part", label=str(place.ordinal), weight=1.0, page=place.page or 0),
        )


def _clean(**attributes: str | float) -> dict[str, str | float]:
    return {
        key: _NOT_XML.sub("", value) if isinstance(value, str) else value
        for key, value in attributes.items()
    }


def write_export(reader: GraphReader, form: str, path: Path) -> None:
    """Write the file atomically: to a temporary file first, which is then renamed. Raises:
    InputError."""
    # A name of its own: another process may be writing the same file.
    aside = path.parent / f".{uuid.uuid4().hex}.writing"
    try:
        with aside.open("xb") as file:
            EXPORTS[form](reader, file)
        aside.replace(path)
    except OSError as error:
        raise InputError(
            f"Cannot write the graph to {str(path)!r}: {error.strerror or error}."
        ) from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
