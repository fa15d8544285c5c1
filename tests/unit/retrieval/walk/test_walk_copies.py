"""The walk takes all passages of a text for one."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from kg.codes import Codes
from kg.snapshot import Snapshot
from kg.snapshot.copies import collapsed
from retrieval.results import Hit
from retrieval.retriever import Retriever
from retrieval.walk import ConditionedWalk
from retrieval.walk.similarity import Similarity
from tests.doubles.corpus import Note, note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.random_notes import notes_by_chance, questions_by_chance

EMBEDDER = HashEmbedder(48)
PUMP = "The steam pump of Tilbury was invented by Edwin Zorblax."
GRAVE = note("In the churchyard of Ryde lies Edwin Zorblax.", "Notes on Ryde", "Edwin Zorblax")
HOUSES = [
    note(f"{name} House was built by {name} Morgan.", f"{name} House", f"{name} Morgan")
    for name in "Alder Birch Cedar Dogwood Elm Fir Ginkgo Hazel Ivy Juniper Larch Maple".split()
]


def asked(notes: Iterable[Note]) -> Retriever:
    return Retriever(snapshot_of(notes, EMBEDDER), EMBEDDER)


def found(hits: Sequence[Hit]) -> list[tuple[str, float]]:
    return [(hit.passage_id, pytest.approx(hit.score, abs=1e-6)) for hit in hits]


def with_copies(chance: random.Random) -> tuple[list[Note], list[Note]]:
    """Notes of different texts, and copies of some whose titles others name."""
    by_text = {one.text: one for one in notes_by_chance(chance, 14)}
    titled = [one for one in by_text.values() if one.title]
    chosen = chance.choices(titled, k=9)
    copies = [replace(one, title=f"Elsewhere {row}") for row, one in enumerate(chosen)]
    return list(by_text.values()), copies


@pytest.mark.parametrize("seed", range(8))
def test_copies_change_no_rank_and_no_score(seed: int) -> None:
    chance = random.Random(seed)
    notes, copies = with_copies(chance)
    alone, together = asked(notes), asked([*notes, *copies])
    for question in questions_by_chance(chance):
        hits = together.search(question, k=20).hits
        assert found(hits) == found(alone.search(question, k=20).hits)


@pytest.mark.parametrize("seed", range(4))
def test_without_a_copy_all_is_as_where_it_never_was(seed: int) -> None:
    chance = random.Random(seed)
    notes, copies = with_copies(chance)
    notes = [one for one in notes if one.text != copies[0].text]
    kept, gone = [*notes, *copies[1:]], copies[0].passage.id
    before, after = asked([*kept, copies[0]]), asked(kept)
    walk = ConditionedWalk(before.snapshot).without(passages=[number(before.snapshot, gone)])
    for question in questions_by_chance(chance):
        vectors = EMBEDDER.embed([text for text, _ in walk.texts(question)], "query")
        trace = walk.trace(question, vectors)
        for hit in after.search(question, k=20).hits:
            passage = number(before.snapshot, hit.passage_id)
            assert trace.rank(passage) == hit.rank
            assert trace.score(passage) == pytest.approx(hit.score, abs=1e-6)


def number(snapshot: Snapshot, passage_id: str) -> int:
    return list(snapshot.passages.id).index(passage_id)


@pytest.mark.parametrize("copies", [0, 3, 30])
def test_what_a_text_leads_to_is_found_however_often_it_is_published(copies: int) -> None:
    pages = [note(PUMP, f"Bulletin {page}", "Edwin Zorblax, Tilbury") for page in range(copies)]
    page = note(PUMP, "Tilbury pump", "Edwin Zorblax, Tilbury")
    retriever = asked([*pages, page, GRAVE, *HOUSES])
    first, second, *_ = retriever.search("Where is the inventor of the pump of Tilbury?").hits
    assert (first.text, second.title) == (PUMP, "Notes on Ryde")
    own, other = retriever.receipts("Where is the inventor of the pump of Tilbury?", k=2)
    origins = [origin.title for bridge in other.bridges for origin in bridge.origins]
    assert origins == [first.title]
    confirming = [origin.title for bridge in own.bridges for origin in bridge.origins]
    assert set(confirming) <= {"Notes on Ryde"}, "a text does not confirm itself"


def test_the_page_that_others_name_stands_for_its_text() -> None:
    archived = [note(PUMP, f"Item {page}", "Edwin Zorblax") for page in range(12)]
    naming = note("Of the Tilbury pump nothing is left.", "Ruins", "Tilbury pump")
    retriever = asked([*archived, note(PUMP, "Tilbury pump", "Edwin Zorblax"), naming])
    titles = [hit.title for hit in retriever.search("What was invented by Edwin Zorblax?").hits]
    assert titles[0] == "Tilbury pump"


def test_a_text_is_found_by_the_title_of_any_of_its_passages() -> None:
    pages = [note(PUMP, title, "Edwin Zorblax") for title in ("Tilbury pump", "Zenith Gazette")]
    retriever = asked([*pages, GRAVE, *HOUSES])
    (receipt,) = retriever.receipts("What does the Zenith Gazette say?")
    hit = retriever.search("What does the Zenith Gazette say?").hits[0]
    assert hit.text == PUMP
    assert "Zenith Gazette" in {part.label for part in receipt.direct if part.kind == "link"}


def test_a_copy_has_the_score_and_the_parts_of_the_passage_that_is_shown() -> None:
    pages = [note(PUMP, f"Bulletin {page}", "Edwin Zorblax") for page in range(3)]
    retriever = asked([*pages, GRAVE, *HOUSES])
    ids = [page.passage.id for page in pages]
    receipts = retriever.receipts("Who invented the pump of Tilbury?", passages=ids)
    assert len({receipt.score for receipt in receipts}) == 1
    assert len({(receipt.direct, receipt.bridges) for receipt in receipts}) == 1
    assert sum("same text" in note for receipt in receipts for note in receipt.notes) == 2


def test_enough_that_are_near_are_left_of_many_copies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("retrieval.walk.similarity.ALL_COMPARED", 100)
    texts = [*([PUMP] * 300), *(f"House {row} is in Ryde." for row in range(100))]
    notes = [note(text, f"Page {row}", "Ryde") for row, text in enumerate(texts)]
    snapshot = snapshot_of(notes, EMBEDDER)
    codes = Codes.learn(snapshot.passages.vectors).dumps()
    derived = replace(snapshot.derive(), codes=codes)
    similarity = Similarity(snapshot, derived)
    spare = np.setdiff1d(derived.copies.items, derived.copies.items[:1])
    near = similarity.near(EMBEDDER.embed([PUMP], "query"), 50, spare)
    assert len(near) >= 50
    assert np.intersect1d(near, spare).tolist() == []
    shown = {collapsed(snapshot.passages.text[row]) for row in near.tolist()}
    assert len(shown) == len(near)
