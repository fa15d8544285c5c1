"""What is told of passages is what the snapshot's tables hold, in every script."""

import numpy as np

from retrieval.copies import Copies
from retrieval.hits import HitReader
from tests.doubles.snapshots import ADocument, APassage, Handmade

SNAPSHOT = Handmade(
    passages=[
        APassage(title="Цапля", heading="", text="Цапля — птица. 𝕏 marks her. 蒼鷺"),
        APassage(title="", heading="Überblick\x00", text="Der Fischreiher."),
        APassage(title="heron", heading="East", text=""),
    ],
    documents=[
        ADocument(source="цапля.txt", title="Птицы", passages=[(0, 0, 31, 0), (1, 33, 49, 1)]),
        ADocument(source="b.txt", title="𝕏", passages=[(1, 5, 21, 0)], metadata='{"š": 1}'),
    ],
).snapshot()
NONE = np.zeros((0, 0), dtype=np.float32)


def numbers(*rows: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    return np.array(rows, dtype=np.int32)


def test_texts_of_every_script_come_back_as_they_are() -> None:
    hits = HitReader(SNAPSHOT, Copies.of(SNAPSHOT)).hits(
        numbers(2, 0, 1), np.ones(3, dtype=np.float32), NONE
    )
    table = SNAPSHOT.passages
    assert [hit.rank for hit in hits] == [1, 2, 3]
    for number, hit in zip((2, 0, 1), hits, strict=True):
        told = hit.passage_id, hit.title, hit.heading, hit.text
        assert told == tuple(
            column[number] for column in (table.id, table.title, table.heading, table.text)
        )


def test_citations_go_by_document_and_a_passage_of_no_document_has_none() -> None:
    hits = HitReader(SNAPSHOT, Copies.of(SNAPSHOT)).hits(
        numbers(2, 1, 0), np.ones(3, dtype=np.float32), NONE
    )
    assert [
        [(place.title, place.start, place.page) for place in hit.citations] for hit in hits
    ] == [
        [],
        [("Птицы", 33, 1), ("𝕏", 5, None)],
        [("Птицы", 0, None)],
    ]
    assert [place.metadata for place in hits[1].citations] == [{}, {"š": 1}]


def test_of_no_passages_there_are_no_hits() -> None:
    assert (
        HitReader(SNAPSHOT, Copies.of(SNAPSHOT)).hits(numbers(), np.ones(0, dtype=np.float32), NONE)
        == ()
    )
