"""Variants of a data set."""

from dataclasses import replace
from pathlib import Path

import pytest

from kg.errors import InputError
from kg.records import Section, SourceDocument
from server.evaluation.dataset import Dataset, Query
from server.evaluation.variants import in_pieces, joined, lower, untitled

TEXT = "Hebb taught Milner. Milner met Henry.  Henry lived in Hartford. He was patient."


def document(source: str, title: str = "Brenda Milner", text: str = TEXT) -> SourceDocument:
    return SourceDocument(source=source, title=title, text=text)


def dataset(*documents: SourceDocument, name: str = "small") -> Dataset:
    return Dataset(
        name=name,
        documents=documents,
        queries=(Query(id="q1", question="Who taught Milner?", gold=["p1"], answers=["Hebb"]),),
        whole=True,
        openie=Path("openie.jsonl"),
    )


def texts(varied: Dataset) -> dict[str, str]:
    return {found.source: found.text for found in varied.documents}


def test_without_titles_all_else_is_the_same() -> None:
    whole = dataset(document("p1"), document("p2", "Henry"))
    varied = untitled(whole)
    assert [found.title for found in varied.documents] == ["", ""]
    assert texts(varied) == texts(whole)
    assert (varied.queries, varied.openie) == (whole.queries, whole.openie)


def test_lower_case_is_that_of_question_title_and_text() -> None:
    varied = lower(dataset(document("P1", "Brenda МИЛНЕР", "Hebb. ΟΔΟΣ")))
    [found] = varied.documents
    assert (found.source, found.title, found.text) == ("P1", "brenda милнер", "hebb. οδος")
    assert varied.queries[0].question == "who taught milner?"
    assert varied.queries[0].answers == ["Hebb"]


def test_lower_case_leaves_sections_where_they_are() -> None:
    text = "İstanbul. HEBB TAUGHT."
    section = Section(start=10, end=len(text), heading="Life > McGill")
    [found] = lower(dataset(replace(document("p1", text=text), sections=(section,)))).documents
    [part] = found.sections
    assert found.text[part.start : part.end] == "hebb taught."
    assert part.heading == "life > mcgill"


@pytest.mark.parametrize(
    ("sentences", "pieces"),
    [
        (2, ["Hebb taught Milner. Milner met Henry.", "Henry lived in Hartford. He was patient."]),
        (
            3,
            [
                "Hebb taught Milner. Milner met Henry.  Henry lived in Hartford.",
                "He was patient.",
            ],
        ),
        (9, [TEXT]),
    ],
)
def test_a_document_is_cut_after_every_so_many_sentences(sentences: int, pieces: list[str]) -> None:
    varied = in_pieces(dataset(document("p1")), sentences)
    assert list(texts(varied).values()) == pieces
    assert {found.title for found in varied.documents} == {"Brenda Milner"}


def test_pieces_lead_back_to_the_document_they_are_from() -> None:
    varied = in_pieces(dataset(document("p1"), document("p2", text="他在北京教书。他老了。")), 1)
    assert varied.parents == {
        **{f"p1#{number}": "p1" for number in range(4)},
        "p2#0": "p2",
        "p2#1": "p2",
    }
    assert set(varied.parents) == set(texts(varied))


def test_extractions_of_whole_passages_do_not_fit_pieces() -> None:
    assert in_pieces(dataset(document("p1")), 2).openie is None


def test_ids_that_look_like_pieces_are_refused() -> None:
    with pytest.raises(InputError, match="end in '#' and a number"):
        in_pieces(dataset(document("p1"), document("p1#0", text="One."), document("p1")), 1)


def test_another_corpus_joins_without_its_questions() -> None:
    other = dataset(document("p1", "Hartford"), name="other")
    varied = joined(dataset(document("p1")), [other])
    assert [found.source for found in varied.documents] == ["p1", "other/p1"]
    assert [query.id for query in varied.queries] == ["q1"]
    assert (varied.name, varied.openie) == ("small", None)


def test_what_stands_in_both_corpora_counts_once() -> None:
    other = dataset(document("x"), document("y", "Hartford"), name="other")
    varied = joined(dataset(document("p1")), [other])
    assert [found.source for found in varied.documents] == ["p1", "other/y"]


def test_data_sets_of_one_name_cannot_be_told_apart() -> None:
    with pytest.raises(InputError, match="the same name: small, small"):
        joined(dataset(document("p1")), [dataset(document("p2"))])


def test_a_variant_says_how_it_was_made() -> None:
    other = dataset(document("z", "Hartford"), name="other")
    varied = in_pieces(lower(untitled(joined(dataset(document("p1")), [other]))), 2)
    assert varied.variant == ("with-other", "untitled", "lower", "pieces-2")
    assert dataset(document("p1")).variant == ()
