"""A snapshot's tables together: written to a folder, and mapped from one."""

from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np

from kg.codes import ALL_COMPARED, Codes
from kg.snapshot.container import SnapshotReader, SnapshotWriter, Strings
from kg.snapshot.copies import best_known_first, copies_among, pairs_of_texts
from kg.snapshot.hubs import best_pairs
from kg.snapshot.quantised import Quantised
from kg.snapshot.tables import (
    Adjacency,
    Derived,
    Documents,
    Entities,
    Facts,
    Gazetteer,
    Pairs,
    Passages,
    Ragged,
    Sentences,
    Synonyms,
    Words,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """One revision of a collection, ready for queries."""

    collection: str
    revision: int
    embedder: str
    """The model id of every embedding in it."""
    cased: bool
    """Whether names can be recognised by their capitals (see `indexer.snapshot.gazetteer`)."""
    documents: Documents
    passages: Passages
    sentences: Sentences
    entities: Entities
    facts: Facts
    synonyms: Synonyms
    adjacency: Adjacency
    gazetteer: Gazetteer
    pairs: Pairs
    words: Words = field(default_factory=Words.none)
    rules: str = ""
    """The rules by which its texts were processed (`indexer.snapshot.rules`); '' if unknown."""
    derived: Derived | None = None
    """None before it is written, and if the tables that it is derived from have been changed."""

    def write(self, writer: SnapshotWriter) -> None:
        """Put every table into a snapshot that is being written."""
        for table in _TABLES:
            _write(writer, table, getattr(self, table))
        _write(writer, "words", self.words)
        _write(writer, "derived", self.derive())
        writer.finish(
            collection=self.collection,
            revision=self.revision,
            models={"embedder": self.embedder},
            counts={
                "documents": len(self.documents.id),
                "passages": len(self.passages.id),
                "sentences": len(self.sentences.passage),
                "entities": len(self.entities.id),
                "facts": len(self.facts.id),
                "synonyms": len(self.synonyms.source),
                "entries": len(self.gazetteer.label),
                "pairs": len(self.pairs.entry),
            },
            properties={"cased": self.cased, "rules": self.rules},
        )

    @classmethod
    def read(cls, reader: SnapshotReader) -> Self:
        """Map every table of a snapshot into memory."""
        manifest = reader.manifest
        return cls(
            collection=manifest.collection,
            revision=manifest.revision,
            embedder=manifest.models["embedder"],
            cased=bool(manifest.properties["cased"]),
            rules=str(manifest.properties.get("rules", "")),
            words=_read(reader, "words", Words),
            **{name: _read(reader, name, kind) for name, kind in _TABLES.items()},
            derived=_read(reader, "derived", Derived),
        )

    def derive(self) -> Derived:
        """Tables computed from the other tables."""
        copies = best_known_first(copies_among(self.passages.text), self.pairs)
        of_texts = None
        if len(copies):
            of_texts = pairs_of_texts(self.pairs, copies, self.sentences.indptr)
        pairs = of_texts or self.pairs
        first = pairs.sentences.items[pairs.sentences.indptr[:-1]]
        place = (first - self.sentences.indptr[pairs.passage]).astype(np.int32)
        hubs, kept = best_pairs(
            pairs.entry, np.diff(pairs.indptr), pairs.is_title, place, pairs.passage
        )
        coded = len(self.passages.vectors) > ALL_COMPARED
        return Derived(
            facts=self.facts.passages.inverted(len(self.passages.id)),
            hubs=hubs,
            kept=kept,
            vectors=Quantised.of(self.passages.vectors),
            codes=Codes.learn(self.passages.vectors).dumps() if coded else np.zeros(0, np.uint8),
            copies=copies,
            pairs=of_texts,
        )


_TABLES: dict[str, type[Any]] = {
    "documents": Documents,
    "passages": Passages,
    "sentences": Sentences,
    "entities": Entities,
    "facts": Facts,
    "synonyms": Synonyms,
    "adjacency": Adjacency,
    "gazetteer": Gazetteer,
    "pairs": Pairs,
}
_ADDED = ("derived.copies", "derived.pairs")
"""Tables without which snapshots were written before; the next one of the collection has them, the
second if there are copies."""


def _write(writer: SnapshotWriter, table: str, record: Any) -> None:
    for column in fields(record):
        name, value = f"{table}.{column.name}", getattr(record, column.name)
        match value:
            case Strings():
                writer.put_strings(name, value)
            case Ragged(indptr, items):
                writer.put(f"{name}.indptr", indptr)
                writer.put(f"{name}.items", items)
            case Pairs():
                _write(writer, name, value)
            case None:
                pass
            case Quantised(values, scale):
                writer.put(f"{name}.values", values)
                writer.put(f"{name}.scale", scale)
            case _:
                writer.put(name, value)


def _read(reader: SnapshotReader, table: str, kind: type[Any]) -> Any:
    columns: dict[str, Any] = {}
    for column in fields(kind):
        name = f"{table}.{column.name}"
        if column.type is Strings:
            columns[column.name] = reader.strings(name)
        elif name in _ADDED and not reader.has(f"{name}.indptr"):
            continue
        elif column.type == Pairs | None:
            columns[column.name] = _read(reader, name, Pairs)
        elif column.type is Ragged:
            columns[column.name] = Ragged(
                reader.array(f"{name}.indptr"), reader.array(f"{name}.items")
            )
        elif column.type is Quantised:
            columns[column.name] = Quantised(
                reader.array(f"{name}.values"), reader.array(f"{name}.scale")
            )
        else:
            columns[column.name] = reader.array(name)
    return kind(**columns)
