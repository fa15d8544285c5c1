"""Measuring a small data set, with real store, gazetteer and modes; the embedder is a double."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from inference.embedder import Embedder
from kg.errors import InputError
from kg.sqlite import SQLiteStore
from server.evaluation.dataset import Dataset, read_dataset
from server.evaluation.run import Report, evaluate
from server.evaluation.variants import in_pieces, joined, lower, untitled
from server.settings import Settings
from tests.doubles.hash_embedder import HashEmbedder

TEXTS = {
    "hebb": ("Donald Hebb", "Donald Hebb taught at McGill. His pupil was Brenda Milner."),
    "milner": ("Brenda Milner", "Brenda Milner was born in Manchester. She studied memory."),
    "cajal": ("Cajal", "Cajal drew neurons in Madrid. He shared a prize with Golgi."),
}
QUESTION = {"id": "q1", "question": "Where was the pupil of Donald Hebb born?"}


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    (folder / name).write_text("\n".join(lines), encoding="utf-8")


@pytest.fixture
def small(tmp_path: Path) -> Dataset:
    folder = tmp_path / "small"
    folder.mkdir()
    corpus = [{"id": key, "title": title, "text": text} for key, (title, text) in TEXTS.items()]
    write(folder, "corpus.jsonl", corpus)
    write(folder, "queries.jsonl", [{**QUESTION, "gold": ["hebb", "milner"]}])
    openie = [{"id": key, "entities": [title], "triples": []} for key, (title, _) in TEXTS.items()]
    write(folder, "openie.jsonl", openie)
    return read_dataset(folder)


def embedder(name: str, _: Settings) -> Embedder:
    return HashEmbedder(64)


def measured(dataset: Dataset, folder: Path, extractor: str = "precomputed") -> Report:
    settings = Settings(data_dir=folder)
    return evaluate(dataset, settings, mode="bm25", extractor=extractor, embedder=embedder)


def test_a_report_has_the_figures_of_all_questions_and_of_each(
    small: Dataset, tmp_path: Path
) -> None:
    report = measured(small, tmp_path)
    assert (report.questions, report.passages, report.variant) == (1, 3, "")
    assert (report.recall["2"], report.all_gold["5"], report.mrr) == (100.0, 100.0, 100.0)
    [question] = report.scores
    assert (question.id, set(question.ranks.values())) == ("q1", {1, 2})


def test_the_same_data_set_by_another_path_is_not_indexed_again(
    small: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured(small, tmp_path)
    monkeypatch.chdir(tmp_path)
    report = measured(read_dataset(Path("small")), tmp_path)
    assert "extract" not in report.index_steps


def test_a_document_is_ranked_where_its_best_piece_is(small: Dataset, tmp_path: Path) -> None:
    pieces = in_pieces(small, 1)
    report = measured(pieces, tmp_path, f"precomputed:{rows_of(pieces, tmp_path)}")
    assert (report.passages, report.variant) == (6, "pieces-1")
    [question] = report.scores
    assert set(question.ranks) == {"hebb", "milner"}
    assert set(question.ranks.values()) == {1, 2}


def test_a_text_of_several_documents_is_found_for_the_gold_one_and_takes_one_place(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "copies"
    folder.mkdir()
    text = "The pupil of Donald Hebb was born where Donald Hebb taught the pupil."
    corpus = [{"id": f"copy-{n}", "title": f"Mirror {n}", "text": text} for n in range(7)]
    corpus += [{"id": key, "title": title, "text": text} for key, (title, text) in TEXTS.items()]
    write(folder, "corpus.jsonl", corpus)
    of_copies, of_others = ["copy-6"], ["hebb", "milner"]
    gold = [{**QUESTION, "id": one[0], "gold": one} for one in (of_copies, of_others)]
    write(folder, "queries.jsonl", gold)
    report = measured(read_dataset(folder), tmp_path, "spacy")
    assert [dict(one.ranks) for one in report.scores] == [
        {"copy-6": 1},
        {"hebb": 2, "milner": 3},
    ]


def test_variants_are_indexed_apart(small: Dataset, tmp_path: Path) -> None:
    other = replace(small, name="other", queries=())
    found = [
        measured(dataset, tmp_path, f"precomputed:{rows_of(dataset, tmp_path)}")
        for dataset in (small, untitled(small), lower(small), joined(untitled(small), [other]))
    ]
    assert [report.variant for report in found] == ["", "untitled", "lower", "untitled, with-other"]
    assert [report.passages for report in found] == [3, 3, 3, 6]
    assert all("extract" in report.index_steps for report in found)


def test_precomputed_extractions_that_do_not_fit_are_refused(
    small: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match="none that fits this variant"):
        measured(in_pieces(small, 1), tmp_path)


def rows_of(dataset: Dataset, folder: Path) -> Path:
    """Extractions for all documents of a variant, which name nothing."""
    name = "-".join(("rows", *dataset.variant)) + ".jsonl"
    write(folder, name, [{"id": found.source, "entities": []} for found in dataset.documents])
    return folder / name


def test_servers_are_left_alone(small: Dataset, tmp_path: Path) -> None:
    """None of these is there: whoever asked one of them would fail, or wait for ever."""
    settings = Settings(
        data_dir=tmp_path,
        store="neo4j",
        neo4j_uri="bolt://127.0.0.1:9",
        broker_url="amqp://127.0.0.1:9//",
        snapshot_url="s3://nowhere/at-all",
    )
    report = evaluate(small, settings, mode="bm25", extractor="precomputed", embedder=embedder)
    assert report.passages == 3
    store = SQLiteStore(tmp_path / "evaluation" / "ammon.sqlite")
    assert [found.name.split("-")[0] for found in store.collections()] == ["small"]
    store.close()


def test_without_questions_there_is_nothing_to_measure(small: Dataset, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"small/queries\.jsonl has no questions.*Add a line"):
        measured(replace(small, queries=()), tmp_path)


def test_without_gold_passages_there_is_nothing_to_measure(small: Dataset, tmp_path: Path) -> None:
    queries = tuple(query.model_copy(update={"gold": []}) for query in small.queries)
    with pytest.raises(
        InputError, match=r"in small/queries\.jsonl has gold passages.*List the ids"
    ):
        measured(replace(small, queries=queries), tmp_path)


def test_a_document_that_cannot_be_indexed_is_named_with_the_reason(
    small: Dataset, tmp_path: Path
) -> None:
    broken = replace(small.documents[0], source="other/blank", text=" ")
    dataset = replace(small, documents=(*small.documents, broken))
    for _ in range(2):  # and again where the rest is indexed already
        with pytest.raises(InputError, match=r"has no text .source 'other/blank'"):
            measured(dataset, tmp_path)
