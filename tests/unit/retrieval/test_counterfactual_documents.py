"""Where a passage would be without a document, some of whose passages other documents hold, too."""

from dataclasses import replace

import pytest

from indexer.snapshot.build import build_snapshot
from kg import ids
from kg.errors import InputError
from kg.store import Change, DocumentGraph
from retrieval.counterfactual import ALL_STAY
from retrieval.retriever import Retriever
from tests.doubles.corpus import COLLECTION, Note, empty_store, note
from tests.doubles.hash_embedder import HashEmbedder

EMBEDDER = HashEmbedder(48)
QUESTION = "Where was the teacher of Milner born?"
MILNER = note("Brenda Milner was a student of Donald Hebb.", "Milner", "Brenda Milner, Donald Hebb")
HEBB = note("He was born in Chester.", "Donald Hebb", "Chester")
OTHERS = note("Nothing of it all is said by Donald Hebb.", "Others", "Donald Hebb")
FILES = {"a.md": [MILNER], "b.md": [MILNER], "c.md": [MILNER, HEBB], "d.md": [OTHERS]}
"""Each document's passages."""


def held(source: str, notes: list[Note]) -> DocumentGraph:
    """A document that holds the passages of these notes."""
    first = notes[0].graph
    document_id = ids.document_id(COLLECTION, source)
    return replace(
        first,
        document=replace(first.document, id=document_id, source=source),
        placements=tuple(
            replace(one.graph.placements[0], document_id=document_id, ordinal=ordinal)
            for ordinal, one in enumerate(notes)
        ),
        passages=tuple(one.passage for one in notes),
    )


def asked(*, deleted: str = "") -> Retriever:
    """Of a collection of `FILES`, one of which was deleted."""
    store = empty_store()
    extractions = tuple(one.extraction for one in (MILNER, HEBB, OTHERS))
    put = tuple(held(source, notes) for source, notes in FILES.items())
    store.commit(COLLECTION, Change(put=put, extractions=extractions))
    if deleted:
        store.commit(COLLECTION, Change(delete=(ids.document_id(COLLECTION, deleted),)))
    with store.read(COLLECTION) as reader:
        return Retriever(build_snapshot(reader, EMBEDDER), EMBEDDER)


@pytest.fixture(scope="module")
def retriever() -> Retriever:
    return asked()


@pytest.mark.parametrize("gone", ["a.md", "c.md"])
def test_without_a_document_a_passage_ranks_as_after_deleting_it(
    retriever: Retriever, gone: str
) -> None:
    found = retriever.counterfactual(QUESTION, "d.md", without_passage=gone)
    (after,) = asked(deleted=gone).receipts(QUESTION, passages=["d.md"])
    assert found.rank_without == after.rank
    assert found.score_without == pytest.approx(after.score, abs=1e-6)


@pytest.mark.parametrize("key", ["a.md", ids.document_id(COLLECTION, "a.md")])
def test_if_other_documents_hold_all_its_passages_nothing_is_left_out_and_it_says_why(
    retriever: Retriever, key: str
) -> None:
    found = retriever.counterfactual(QUESTION, "d.md", without_passage=key)
    assert (found.rank_without, found.score_without) == (found.rank, found.score)
    assert (found.names, found.left_out_rank, found.note) == (("a.md",), 0, ALL_STAY)


def test_if_other_documents_hold_some_of_its_passages_the_others_are_left_out(
    retriever: Retriever,
) -> None:
    found = retriever.counterfactual(QUESTION, "d.md", without_passage="c.md")
    alone = retriever.counterfactual(QUESTION, "d.md", without_passage=HEBB.passage.id)
    assert found.score_without == alone.score_without
    assert (found.names, found.left_out_rank) == (("Donald Hebb",), alone.left_out_rank)
    assert (found.note, alone.note) == (
        "Left out: 1 of its 2 passages. Other documents hold the rest, too.",
        "",
    )


def test_a_passage_named_by_its_own_id_is_left_out_whatever_holds_it(retriever: Retriever) -> None:
    found = retriever.counterfactual(QUESTION, "d.md", without_passage=MILNER.passage.id)
    assert (found.names, found.left_out_rank, found.note) == (("Milner",), 1, "")
    assert found.score_without != found.score


def test_one_document_has_a_rank_without_another_that_holds_the_same_passage(
    retriever: Retriever,
) -> None:
    found = retriever.counterfactual(QUESTION, "b.md", without_passage="a.md")
    assert (found.rank_without, found.note) == (found.rank, ALL_STAY)
    with pytest.raises(InputError, match="without itself"):
        retriever.counterfactual(QUESTION, HEBB.passage.id, without_passage="c.md")
