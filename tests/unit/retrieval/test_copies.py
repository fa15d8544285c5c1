"""A text that stands in several passages takes one place in an answer, in every mode."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kg.snapshot import Ragged, Snapshot, SnapshotReader, SnapshotWriter
from kg.snapshot.container import MANIFEST, Manifest
from kg.snapshot.copies import collapsed
from retrieval.aids import Aids, Bridges, search
from retrieval.copies import Copies, ranked_once
from retrieval.dense import Dense
from retrieval.mode import Ranking
from retrieval.modes import MODES
from retrieval.results import Hit
from retrieval.retriever import Retriever
from retrieval.walk import ConditionedWalk
from tests.doubles.corpus import Note, note, snapshot_of
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.snapshots import ADocument, APassage, Handmade
from tests.unit.retrieval.aids.test_aids import Scripted

EMBEDDER = HashEmbedder(48)
FOOTER = "All rights are reserved by the house of Hebb."
HERONS = "苍鹭是一种大型涉禽。它栖息在 Halifax 的湖边。"
NOTES = [
    *(note(FOOTER, f"Page {number}", "Hebb") for number in range(1, 7)),
    note(HERONS, "苍鹭", "Halifax"),
    note(HERONS.replace(" ", "\u3000\n"), "灰鹭", "Halifax"),
    note("Hebb went to school in Halifax.", "Hebb", "Hebb, Halifax"),
    note("Brenda Milner was a student of Hebb.", "Milner", "Hebb"),
    note("The lake of Halifax is deep.", "Lake", "Halifax"),
    note("Nothing of it all is said in this note.", "Others"),
]
TEXTS = {collapsed(one.text) for one in NOTES}
QUESTIONS = [
    "What is reserved by the house of Hebb?",
    "苍鹭栖息在哪里？",
    "In which city did the teacher of Milner go to school?",
    "zzz",
]
everywhere = pytest.mark.parametrize(
    ("mode", "question"), [(mode, question) for mode in MODES for question in QUESTIONS]
)


def retriever(notes: Sequence[Note] = NOTES) -> Retriever:
    return Retriever(snapshot_of(notes, EMBEDDER), EMBEDDER)


ASKED = retriever()


def texts_of(hits: Sequence[Hit]) -> list[str]:
    return [collapsed(hit.text) for hit in hits]


def sources_of(text: str) -> set[str]:
    return {one.graph.document.source for one in NOTES if collapsed(one.text) == text}


@everywhere
@pytest.mark.parametrize("k", [1, 2, 5, len(TEXTS), 100])
@pytest.mark.parametrize("receipts", [False, True])
def test_an_answer_has_k_different_texts(mode: str, question: str, k: int, receipts: bool) -> None:
    hits = ASKED.search(question, mode=mode, k=k, receipts=receipts).hits
    assert len(hits) == min(k, len(TEXTS)) == len(set(texts_of(hits)))
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    scores = [round(hit.score, 4) for hit in hits]
    assert scores == sorted(scores, reverse=True)


@everywhere
@pytest.mark.parametrize("k", [1, 100])
def test_a_text_is_cited_from_all_its_passages_its_own_first(
    mode: str, question: str, k: int
) -> None:
    for hit in ASKED.search(question, mode=mode, k=k).hits:
        cited = [place.source for place in hit.citations]
        assert cited[0] == f"{hit.title}/{hit.text}"
        assert set(cited) == sources_of(collapsed(hit.text))
        assert len(cited) == len(set(cited))


@everywhere
def test_fewer_passages_are_the_first_of_more(mode: str, question: str) -> None:
    all_of_them = ASKED.search(question, mode=mode, k=100).hits
    for k in range(1, len(all_of_them)):
        assert ASKED.search(question, mode=mode, k=k).hits == all_of_them[:k]


@everywhere
def test_receipts_have_the_ranks_of_the_answer(mode: str, question: str) -> None:
    hits = ASKED.search(question, mode=mode, k=100).hits
    told = [(hit.rank, hit.passage_id) for hit in hits]
    found = ASKED.receipts(question, mode=mode, k=100)
    assert [(receipt.rank, receipt.passage_id) for receipt in found] == told
    shown = {hit.passage_id: hit.rank for hit in hits}
    origins = [one for of in found for bridge in of.bridges for one in bridge.origins]
    assert all(shown[origin.passage_id] == origin.rank for origin in origins)
    carried = ASKED.search(question, mode=mode, k=100, receipts=True).hits
    assert tuple(hit.receipt for hit in carried) == found


@everywhere
def test_a_copy_has_the_rank_of_its_text_and_says_so(mode: str, question: str) -> None:
    answer = ASKED.search(question, mode=mode, k=100).hits
    rank_of = {collapsed(hit.text): hit.rank for hit in answer}
    shown = {hit.passage_id for hit in answer}
    ids = [one.passage.id for one in NOTES]
    hits = ASKED.told(question, ids, mode=mode, receipts=True)
    assert [hit.passage_id for hit in hits] == ids
    for hit in hits:
        assert hit.receipt is not None
        assert hit.rank == hit.receipt.rank == rank_of[collapsed(hit.text)]
        parts = [part.amount for part in hit.receipt.direct]
        parts += [bridge.amount for bridge in hit.receipt.bridges]
        assert sum(parts) == pytest.approx(hit.score, abs=1e-5)
        is_shown = hit.passage_id in shown
        assert is_shown != any("same text" in note for note in hit.receipt.notes)


def test_a_document_that_has_a_text_twice_is_explained_by_the_passage_that_is_shown() -> None:
    snapshot = Handmade(
        passages=[
            APassage(heading="North", text="A heron.", vector=(0.6, 0.8)),
            APassage(heading="South", text="A heron.", vector=(0.8, 0.6)),
            APassage(text="A gull.", vector=(1.0, 0.0)),
        ],
        documents=[
            ADocument(source="lake.md", passages=[(0, 0, 8, 0), (1, 9, 17, 0)]),
            ADocument(source="sea.md", passages=[(2, 0, 7, 0)]),
        ],
    ).snapshot()
    trace = Dense(snapshot).trace("Where?", np.array([[1.0, 0.0]], dtype=np.float32))
    assert (trace.first_of([0, 1]), trace.first_of([0])) == (1, 0)
    assert [trace.rank(passage) for passage in range(3)] == [2, 2, 1]
    assert trace.best(3).tolist() == [2, 1]


def test_without_a_copy_its_text_stays_where_it_is() -> None:
    question = QUESTIONS[0]
    footer, *_ = ASKED.search(question, k=1).hits
    other = next(one for one in NOTES if one.text == FOOTER and one.title != footer.title)
    milner = next(one for one in NOTES if one.title == "Milner").passage.id
    ranked = {hit.passage_id: hit.rank for hit in ASKED.search(question, k=100).hits}
    found = ASKED.counterfactual(question, milner, without_passage=footer.passage_id)
    assert (found.rank, found.left_out_rank) == (ranked[milner], 1)
    assert found.note == "The same text stays in 5 other passages, under another title or heading."
    assert found.rank_without == ranked[milner], "another copy stands for the text"
    found = ASKED.counterfactual(question, other.passage.id, without_passage=footer.passage_id)
    assert (found.rank, found.left_out_rank, found.rank_without) == (1, 1, 1)
    assert ASKED.counterfactual(question, other.passage.id, without_passage=milner).note == ""


def test_what_the_walk_did_not_reach_follows_once_for_each_text() -> None:
    far = [note(f"Far away is number {number // 2}.", f"Far {number}") for number in range(40)]
    found = retriever([*NOTES, *far]).search(QUESTIONS[2], k=1000).hits
    assert len(found) == len(TEXTS) + 20 == len(set(texts_of(found)))


def test_bridges_join_what_each_question_found_of_a_text() -> None:
    chat = Scripted({"sub_questions": ["What is reserved on Page 3?", "Page 5"]})
    found = search(ASKED, QUESTIONS[0], Aids(bridges=Bridges(chat)), mode="dense", k=10).hits
    assert len(found) == len(TEXTS) == len(set(texts_of(found)))
    titles = {ASKED.search(one, mode="dense").hits[0].title for one in ("Page 3", "Page 5")}
    assert titles == {"Page 3", "Page 5"}
    assert found[0].text == FOOTER
    alone = ASKED.search(QUESTIONS[0], mode="dense", k=10).hits
    assert found[0].score > next(hit.score for hit in alone if hit.text == FOOTER)


def test_a_snapshot_that_was_written_answers_like_one_that_was_not(tmp_path: Path) -> None:
    ASKED.snapshot.write(SnapshotWriter(tmp_path / "s"))
    written = Snapshot.read(SnapshotReader.open(tmp_path / "s"))
    assert written.derived is not None
    assert sorted(map(len, rows_of(written.derived.copies))) == [2, 6]
    for question in QUESTIONS:
        assert Retriever(written, EMBEDDER).search(question).hits == ASKED.search(question).hits


def test_a_snapshot_from_before_there_was_the_table_answers_as_then(tmp_path: Path) -> None:
    ASKED.snapshot.write(SnapshotWriter(tmp_path / "s"))
    manifest = Manifest.loads((tmp_path / "s" / MANIFEST).read_text("utf-8"), tmp_path)
    files = {name: of for name, of in manifest.files.items() if "copies" not in name}
    assert len(files) == len(manifest.files) - 2
    (tmp_path / "s" / MANIFEST).write_text(replace(manifest, files=files).dumps(), "utf-8")
    asked = Retriever(Snapshot.read(SnapshotReader.open(tmp_path / "s")), EMBEDDER)
    assert len(asked.search(QUESTIONS[0], mode="dense", k=100).hits) == len(NOTES)


def rows_of(table: Ragged) -> list[list[int]]:
    return [table.row(row).tolist() for row in range(len(table))]


def test_a_copy_that_is_left_out_has_no_rank_though_its_text_has() -> None:
    walk = ConditionedWalk(ASKED.snapshot)
    footers = [row for row, text in enumerate(ASKED.snapshot.passages.text) if text == FOOTER]
    changed = walk.without(passages=footers[:1])
    vectors = EMBEDDER.embed([text for text, _ in changed.texts(QUESTIONS[0])], "query")
    trace = changed.trace(QUESTIONS[0], vectors)
    assert [trace.rank(footer) for footer in footers] == [0, *[trace.rank(footers[1])] * 5]
    assert len(trace.best(100)) == trace.rank(footers[1]) + len(TEXTS) - 1


def test_a_mode_is_asked_again_only_where_copies_are_among_the_first_and_then_for_enough() -> None:
    copies = Copies(Ragged.from_rows([[0, 1, 2, 3, 4, 5], [8, 9]]))
    asked: list[int] = []

    def rank(k: int) -> Ranking:
        asked.append(k)
        passages = np.arange(12, dtype=np.int32)[:k]
        return Ranking(passages=passages, scores=1 - passages / np.float32(100))

    assert ranked_once(rank, copies, 1, 12).passages.tolist() == [0]
    assert asked == [1]
    found = ranked_once(rank, copies, 4, 12)
    assert (found.passages.tolist(), asked[1:]) == ([0, 6, 7, 8], [4, 9])
    assert found.scores.tolist() == pytest.approx([1, 0.94, 0.93, 0.92])
    assert ranked_once(rank, copies, 50, 12).passages.tolist() == [0, 6, 7, 8, 10, 11]
