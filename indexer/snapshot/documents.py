"""The table of documents, and which passages stand in which of them."""

import json
from collections.abc import Mapping
from datetime import datetime

import numpy as np

from kg.records import JSON
from kg.snapshot import Ragged, Strings
from kg.snapshot.tables import Documents
from kg.store import GraphReader


def documents_table(
    reader: GraphReader, row_of_passage: Mapping[str, int]
) -> tuple[Documents, Ragged]:
    """The documents, and for each passage the documents that it stands in."""
    documents = list(reader.documents())
    row_of_document = {document.id: row for row, document in enumerate(documents)}
    placements = list(reader.placements())
    passages: list[list[int]] = [[] for _ in documents]
    citing: list[set[int]] = [set() for _ in row_of_passage]
    for placement in placements:
        document, passage = (
            row_of_document[placement.document_id],
            row_of_passage[placement.passage_id],
        )
        passages[document].append(passage)
        citing[passage].add(document)
    table = Documents(
        id=Strings.of(document.id for document in documents),
        source=Strings.of(document.source for document in documents),
        title=Strings.of(document.title for document in documents),
        metadata=Strings.of(_json(document.metadata) for document in documents),
        observed_at=Strings.of(_iso(document.observed_at) for document in documents),
        passages=Ragged.from_rows(passages),
        start=np.array([placement.start for placement in placements], dtype=np.int32),
        end=np.array([placement.end for placement in placements], dtype=np.int32),
        page=np.array([placement.page or 0 for placement in placements], dtype=np.int32),
    )
    return table, Ragged.from_rows([sorted(rows) for rows in citing])


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _json(metadata: Mapping[str, JSON]) -> str:
    return json.dumps(dict(metadata), ensure_ascii=False, sort_keys=True)
