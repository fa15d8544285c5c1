"""Reading data sets."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from kg.errors import DocumentUnreadable, InputError
from server.evaluation.dataset import read_dataset

PASSAGE = {"id": "p1", "title": "Hebb", "text": "He taught Milner."}
QUERY = {"id": "q1", "question": "Who taught Milner?", "gold": ["p1"]}


def lines(*rows: Mapping[str, Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data set of one passage and one question."""
    made = tmp_path / "small"
    made.mkdir()
    (made / "corpus.jsonl").write_text(lines(PASSAGE), encoding="utf-8")
    (made / "queries.jsonl").write_text(lines(QUERY), encoding="utf-8")
    return made


def test_a_data_set_is_its_passages_and_questions(folder: Path) -> None:
    dataset = read_dataset(folder)
    assert (dataset.name, dataset.whole, dataset.openie) == ("small", True, None)
    [document], [query] = dataset.documents, dataset.queries
    assert (document.source, document.title, document.text) == ("p1", "Hebb", "He taught Milner.")
    assert (query.id, query.question, query.gold) == ("q1", "Who taught Milner?", ["p1"])
    assert query.answers == []


def test_numbers_may_be_ids_and_other_fields_are_passed_over(folder: Path) -> None:
    (folder / "corpus.jsonl").write_text(lines({"id": 7, "text": "Here.", "url": "x"}))
    (folder / "queries.jsonl").write_text(
        lines({"id": 1, "question": "Where?", "gold": [7], "answers": ["here"], "level": 2})
    )
    dataset = read_dataset(folder)
    assert (dataset.documents[0].source, dataset.documents[0].title) == ("7", "")
    assert (dataset.queries[0].gold, dataset.queries[0].answers) == (["7"], ["here"])


def test_text_of_every_script_empty_lines_and_a_byte_order_mark_are_read(folder: Path) -> None:
    text = "\ufeff" + lines({**PASSAGE, "text": "他在北京\u2028教书。😀"}) + "\n  \n"
    (folder / "corpus.jsonl").write_text(text, encoding="utf-8")
    assert read_dataset(folder).documents[0].text == "他在北京\u2028教书。😀"


def test_precomputed_extractions_are_found(folder: Path) -> None:
    (folder / "openie.jsonl").write_text("")
    assert read_dataset(folder).openie == folder / "openie.jsonl"


def test_files_take_the_place_of_a_corpus(folder: Path) -> None:
    (folder / "corpus.jsonl").unlink()
    (folder / "documents" / "deep").mkdir(parents=True)
    (folder / "documents" / "deep" / "p1.md").write_text("# Hebb\n\nHe taught Milner.\n")
    (folder / "documents" / "picture.xyz").write_bytes(b"\x00\x01")
    (folder / "queries.jsonl").write_text(lines({**QUERY, "gold": ["deep/p1.md"]}))
    dataset = read_dataset(folder)
    assert [document.source for document in dataset.documents] == ["deep/p1.md"]
    assert not dataset.whole


def test_a_file_that_cannot_be_read_is_an_error(folder: Path) -> None:
    (folder / "corpus.jsonl").unlink()
    (folder / "documents").mkdir()
    (folder / "documents" / "broken.pdf").write_bytes(b"%PDF-1.4 nothing")
    with pytest.raises(DocumentUnreadable, match=r"broken\.pdf"):
        read_dataset(folder)


def test_a_folder_without_questions_is_no_data_set(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no queries\.jsonl.*ammon eval"):
        read_dataset(tmp_path)


def test_a_folder_without_a_corpus_is_no_data_set(folder: Path) -> None:
    (folder / "corpus.jsonl").unlink()
    with pytest.raises(InputError, match=r"neither corpus\.jsonl nor documents/"):
        read_dataset(folder)


def test_gold_that_the_corpus_lacks_is_named(folder: Path) -> None:
    (folder / "queries.jsonl").write_text(lines({**QUERY, "gold": ["p1", "p9"]}))
    with pytest.raises(InputError, match=r"question 'q1' .* not in the corpus: p9"):
        read_dataset(folder)


def test_a_questions_id_that_comes_twice_is_named(folder: Path) -> None:
    (folder / "queries.jsonl").write_text(lines(QUERY, {**QUERY, "question": "What else?"}))
    with pytest.raises(InputError, match=r"the id 'q1' occurs twice. Give each question"):
        read_dataset(folder)


def test_an_id_that_comes_twice_is_named(folder: Path) -> None:
    (folder / "corpus.jsonl").write_text(lines(PASSAGE, {**PASSAGE, "text": "Another."}))
    with pytest.raises(InputError, match=r"the id 'p1' occurs twice"):
        read_dataset(folder)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"not json", "the line"),
        (b"[1]", "the line"),
        (b'{"id": "p2"}', "text"),
        (b'{"id": "p2", "text": null}', "text"),
        (b'{"id": "p2", "text": "caf\xe9"}', "the line"),
    ],
)
def test_a_line_at_fault_is_named_with_what_is_wrong(
    folder: Path, line: bytes, problem: str
) -> None:
    (folder / "corpus.jsonl").write_bytes(lines(PASSAGE).encode() + line + b"\n")
    with pytest.raises(InputError, match=rf"corpus\.jsonl:2: {problem}"):
        read_dataset(folder)


@pytest.mark.parametrize("blank", ["", " \n"])
def test_a_passage_without_text_is_refused_with_its_file_line_and_id(
    folder: Path, blank: str
) -> None:
    (folder / "corpus.jsonl").write_text(lines(PASSAGE, {"id": "p9", "title": "X", "text": blank}))
    with pytest.raises(InputError, match=r"corpus\.jsonl:2: text: blank in 'p9'.*remove the line"):
        read_dataset(folder)


def test_a_folder_that_does_not_exist_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing does not exist: name a folder"):
        read_dataset(tmp_path / "missing")


def test_a_file_is_no_data_set_folder(folder: Path) -> None:
    with pytest.raises(InputError, match=r"corpus\.jsonl is not a folder"):
        read_dataset(folder / "corpus.jsonl")


@pytest.mark.parametrize("blank", ["", " \t"])
def test_a_question_without_words_is_refused_with_its_line_and_id(folder: Path, blank: str) -> None:
    (folder / "queries.jsonl").write_text(lines(QUERY, {**QUERY, "id": "q9", "question": blank}))
    with pytest.raises(InputError, match=r"queries\.jsonl:2: question: blank in 'q9'"):
        read_dataset(folder)


def test_a_question_that_is_too_long_is_refused_when_it_is_read(folder: Path) -> None:
    (folder / "queries.jsonl").write_text(lines({**QUERY, "question": "w" * 10_001}))
    with pytest.raises(InputError, match=r"queries\.jsonl:1: question: 10,001 characters"):
        read_dataset(folder)


def test_an_empty_corpus_with_no_questions_is_a_data_set(folder: Path) -> None:
    (folder / "corpus.jsonl").write_text("")
    (folder / "queries.jsonl").write_text("")
    dataset = read_dataset(folder)
    assert (dataset.documents, dataset.queries) == ((), ())
