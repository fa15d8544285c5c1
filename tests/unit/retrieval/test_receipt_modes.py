"""Receipts of the other modes, and how they are asked for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from kg.errors import DocumentNotFound, InputError
from kg.snapshot import Snapshot
from retrieval.hipporag import NO_NAME, HippoRAG
from retrieval.modes import MODES
from retrieval.retriever import Retriever
from tests.doubles.corpus import Note, note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.snapshots import AFact, AnEntity, APassage, Handmade

EMBEDDER = HashEmbedder(48)
NOTES = [
    Note(
        title="Semon",
        text="Richard Semon coined Engram.",
        names=("Engram",),
        triples=(("Richard Semon", "coined", "Engram"),),
    ),
    Note(
        title="Lashley",
        text="Karl Lashley sought the Engram. He did not find it.",
        names=("Engram",),
        triples=(("Karl Lashley", "sought", "Engram"), ("Karl Lashley", "met", "Hebb")),
    ),
    note("The weather was fine.", "Weather"),
]


def retriever(notes: Sequence[Note] = NOTES) -> Retriever:
    return Retriever(snapshot_of(notes, EMBEDDER), EMBEDDER)


@pytest.mark.parametrize("mode", sorted(MODES))
def test_in_every_mode_the_parts_add_up(mode: str) -> None:
    found = retriever().receipts("Who coined the Engram that Karl Lashley sought?", mode=mode, k=3)
    assert [receipt.rank for receipt in found] == [1, 2, 3]
    for receipt in found:
        amounts = [part.amount for part in receipt.direct]
        amounts += [bridge.amount for bridge in receipt.bridges]
        assert sum(amounts) == pytest.approx(receipt.score, abs=1e-5)
        assert receipt.mode == mode


@pytest.mark.parametrize("mode", sorted(MODES))
def test_hits_carry_their_receipts_if_asked(mode: str) -> None:
    found = retriever().search("Who coined the Engram?", mode=mode, k=2, receipts=True)
    for hit in found.hits:
        assert hit.receipt is not None
        assert (hit.receipt.rank, hit.receipt.passage_id) == (hit.rank, hit.passage_id)
        assert hit.receipt.score == pytest.approx(hit.score, abs=1e-9)
    assert retriever().search("Who coined the Engram?", mode=mode).hits[0].receipt is None


@pytest.mark.parametrize("mode", sorted(MODES))
@pytest.mark.parametrize(
    "question", ["Who coined the Engram that Karl Lashley sought?", "zzz", "Where is the weather?"]
)
def test_an_answer_with_receipts_is_the_answer_without_them(mode: str, question: str) -> None:
    asked = retriever()
    plain = asked.search(question, mode=mode, k=2)
    found = asked.search(question, mode=mode, k=2, receipts=True)
    assert tuple(replace(hit, receipt=None) for hit in found.hits) == plain.hits
    assert found.explanation == plain.explanation


def test_the_parts_of_bm25_are_the_words_that_a_passage_shares() -> None:
    (receipt,) = retriever().receipts("Who sought the Engram?", mode="bm25")
    assert receipt.title == "Lashley"
    assert {part.label for part in receipt.direct} == {"sought", "the", "engram"}


def test_the_part_of_dense_is_its_similarity_with_the_nearest_sentence() -> None:
    (receipt,) = retriever().receipts("Karl Lashley sought the Engram.", mode="dense")
    (part,) = receipt.direct
    assert (part.kind, part.amount) == ("similarity", receipt.score)
    assert part.quote is not None
    assert part.quote.text == "Karl Lashley sought the Engram."


def test_the_parts_of_hipporag_2_are_its_seeds_and_the_embeddings() -> None:
    (receipt,) = retriever().receipts("Who coined the Engram?", mode="hipporag2")
    kinds = [part.kind for part in receipt.direct]
    assert kinds.count("similarity") == 1
    assert "Engram" in {part.label for part in receipt.direct if part.kind == "seed"}


def test_seeds_that_end_at_nodes_without_edges_are_weighed_as_in_the_whole_walk() -> None:
    snapshot = Handmade(
        passages=[APassage(), APassage(vector=(0.0, 1.0))],
        entities=[AnEntity(name="ada"), AnEntity(name="ben", vector=(0.0, 1.0))],
        facts=[AFact(subject=0, object=0, passages=[0]), AFact(subject=1, object=1, passages=[0])],
    ).snapshot()
    mode = HippoRAG(snapshot, names=lambda _: ["Ada", "Ben"])
    vectors = np.array([(1, 0), (1, 0), (0, 1)], dtype=np.float32)
    trace = mode.trace("Q?", vectors)
    for passage in range(2):
        receipt = trace.receipt(passage)
        parts = sum(part.amount for part in receipt.direct)
        assert parts == pytest.approx(receipt.score, abs=1e-7)


def test_hipporag_without_a_name_falls_back_on_embeddings_and_says_so() -> None:
    (receipt,) = retriever().receipts("who was it?", mode="hipporag")
    assert [part.kind for part in receipt.direct] == ["similarity"]
    assert receipt.notes == (NO_NAME,)


def test_passages_are_asked_for_by_id_or_by_document() -> None:
    asked = retriever()
    by_id, by_source = asked.receipts(
        "Who coined the Engram?", passages=[NOTES[1].passage.id, NOTES[0].graph.document.source]
    )
    assert (by_id.title, by_source.title) == ("Lashley", "Semon")


def test_a_passage_that_is_not_there_is_named() -> None:
    with pytest.raises(DocumentNotFound, match=r"nothing\.md"):
        retriever().receipts("Who coined the Engram?", passages=["nothing.md"])


def test_an_empty_collection_has_no_receipts() -> None:
    assert retriever([]).receipts("Who?") == ()


def test_a_mode_without_receipts_names_those_that_have_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Silent:
        def __init__(self, snapshot: Snapshot) -> None:
            self.snapshot = snapshot

        def texts(self, question: str) -> list[tuple[str, str]]:
            return []

        def rank(self, question: str, vectors: Any, k: int) -> Any:
            raise AssertionError

    monkeypatch.setitem(MODES, "silent", Silent)
    with pytest.raises(InputError, match=r"'silent' gives no receipts.*ammon.*bm25"):
        retriever().receipts("Who?", mode="silent")
