"""Converting public data sets."""

import json
from pathlib import Path
from typing import Any

import pytest

from kg.errors import InputError
from server.evaluation.convert import convert
from server.evaluation.dataset import read_dataset


def paragraph(title: str, text: str, supporting: bool) -> dict[str, Any]:
    return {"title": title, "paragraph_text": text, "is_supporting": supporting}


def musique(key: str, *paragraphs: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": key,
        "question": f"Question {key}?",
        "answer": "Milner",
        "answer_aliases": ["B. Milner"],
        "question_decomposition": [{"id": 1, "question": "who"}],
        "paragraphs": list(paragraphs),
    }


HEBB = paragraph("Hebb", "He taught Milner.", True)
PARIS = paragraph("Paris", "A city.", False)

HOTPOT = {
    "_id": "h1",
    "question": "Who taught Milner?",
    "answer": "Hebb",
    "supporting_facts": [["Hebb", 0], ["Hebb", 1]],
    "context": [["Hebb", ["He taught.", " Milner", "learnt."]], ["Paris", ["A city."]]],
}


def write(path: Path, *records: Any, array: bool = False) -> Path:
    text = json.dumps(list(records)) if array else "\n".join(map(json.dumps, records))
    path.write_text(text, encoding="utf-8")
    return path


def rows(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_passage_that_questions_share_is_written_once(tmp_path: Path) -> None:
    file = write(tmp_path / "in.jsonl", musique("a", PARIS, HEBB), musique("b", HEBB))
    assert convert("musique", file, tmp_path / "out") == (2, 2)
    assert rows(tmp_path / "out" / "corpus.jsonl") == [
        {"id": "musique-000000", "title": "Paris", "text": "A city."},
        {"id": "musique-000001", "title": "Hebb", "text": "He taught Milner."},
    ]
    first, second = rows(tmp_path / "out" / "queries.jsonl")
    assert first["gold"] == second["gold"] == ["musique-000001"]
    assert first["answers"] == ["Milner", "B. Milner"]
    assert first["hops"] == [{"id": 1, "question": "who"}]


def test_equal_titles_of_different_texts_are_different_passages(tmp_path: Path) -> None:
    other = paragraph("Hebb", "Another man.", False)
    file = write(tmp_path / "in.jsonl", musique("a", HEBB, other))
    assert convert("musique", file, tmp_path / "out") == (2, 1)


@pytest.mark.parametrize("kind", ["hotpotqa", "2wiki"])
@pytest.mark.parametrize("array", [True, False])
def test_sentences_become_one_text_with_a_space_between_them(
    tmp_path: Path, kind: str, array: bool
) -> None:
    convert(kind, write(tmp_path / "in.json", HOTPOT, array=array), tmp_path / "out")
    [hebb, paris] = rows(tmp_path / "out" / "corpus.jsonl")
    assert (hebb["text"], paris["text"]) == ("He taught. Milner learnt.", "A city.")
    [query] = rows(tmp_path / "out" / "queries.jsonl")
    assert (query["id"], query["gold"], query["answers"]) == ("h1", [f"{kind}-000000"], ["Hebb"])


def test_the_form_of_two_lists_gives_the_same(tmp_path: Path) -> None:
    hub = {
        **HOTPOT,
        "supporting_facts": {"title": ["Hebb", "Hebb"], "sent_id": [0, 1]},
        "context": {
            "title": ["Hebb", "Paris"],
            "sentences": [["He taught.", " Milner", "learnt."], ["A city."]],
        },
    }
    for name, record in (("pairs", HOTPOT), ("lists", hub)):
        convert("hotpotqa", write(tmp_path / f"{name}.json", record), tmp_path / name)
    for file in ("corpus.jsonl", "queries.jsonl"):
        assert rows(tmp_path / "pairs" / file) == rows(tmp_path / "lists" / file)


def test_a_question_without_an_answer_has_none(tmp_path: Path) -> None:
    record = {key: value for key, value in HOTPOT.items() if key != "answer"}
    convert("hotpotqa", write(tmp_path / "in.json", record), tmp_path / "out")
    assert rows(tmp_path / "out" / "queries.jsonl")[0]["answers"] == []


@pytest.mark.parametrize(("limit", "questions"), [(None, 3), (2, 2), (0, 0), (9, 3)])
def test_a_limit_takes_the_first_questions(
    tmp_path: Path, limit: int | None, questions: int
) -> None:
    file = write(tmp_path / "in.jsonl", *(musique(key, HEBB) for key in "abc"))
    assert convert("musique", file, tmp_path / "out", limit=limit)[1] == questions
    keys = [row["id"] for row in rows(tmp_path / "out" / "queries.jsonl")]
    assert keys == list("abc")[:questions]


def test_what_is_written_can_be_read_as_a_data_set(tmp_path: Path) -> None:
    beijing = paragraph("北京", "他在北京教书。\u2028😀", True)
    convert("musique", write(tmp_path / "in.jsonl", musique("a", beijing)), tmp_path / "out")
    dataset = read_dataset(tmp_path / "out")
    assert dataset.documents[0].text == "他在北京教书。\u2028😀"
    assert dataset.queries[0].gold == [dataset.documents[0].source]


def test_an_unknown_kind_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'squad'.*musique, hotpotqa, 2wiki"):
        convert("squad", tmp_path / "in", tmp_path / "out")


@pytest.mark.parametrize("record", [HOTPOT, [1], "text", 3])
def test_a_record_of_another_form_is_named(tmp_path: Path, record: Any) -> None:
    file = write(tmp_path / "in.jsonl", musique("a", HEBB), record)
    with pytest.raises(InputError, match=r"in\.jsonl: record 2 does not have the format"):
        convert("musique", file, tmp_path / "out")


@pytest.mark.parametrize("content", [b"not json", b"[1, ", b'{"a": "\xe9"}'])
def test_a_file_that_is_no_json_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "in.json").write_bytes(content)
    with pytest.raises(InputError, match=r"in\.json cannot be read as JSON"):
        convert("musique", tmp_path / "in.json", tmp_path / "out")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"missing\.json cannot be read"):
        convert("musique", tmp_path / "missing.json", tmp_path / "out")


def test_an_empty_file_gives_an_empty_data_set(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(" \n")
    assert convert("musique", tmp_path / "in.jsonl", tmp_path / "out") == (0, 0)
