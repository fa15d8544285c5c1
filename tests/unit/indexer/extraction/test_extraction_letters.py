"""Extractors read other forms of letters as ordinary ones."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from indexer.extraction.letters import in_ordinary_letters
from indexer.extraction.llm import LLMExtractor
from indexer.extraction.spacy import SpacyExtractor
from kg.derive import passage_graph
from kg.records import Extraction, Passage
from tests.doubles.chat_server import Answer, ChatServer
from tests.doubles.letters import bold, ligated, wide
from tests.doubles.llm_answers import extract_one

OFFICE = Passage(
    id="psg-1",
    title="Effie Griffin (physicist)",
    heading="First office",
    text="Effie Griffin was born in Cardiff in 1867. She founded the Griffin Office, a staff "
    "of five in Sheffield. Griffin's first finding was the floating filter.",
)


def written(passage: Passage, form: Callable[[str], str]) -> Passage:
    return replace(
        passage,
        title=form(passage.title),
        heading=form(passage.heading),
        text=form(passage.text),
    )


def extract(passage: Passage) -> Extraction:
    (extraction,) = SpacyExtractor().extract([passage])
    return extraction


@pytest.mark.parametrize("form", [wide, bold, ligated])
def test_a_passage_in_other_forms_of_letters_gives_what_it_gives_in_ordinary_ones(
    form: Callable[[str], str],
) -> None:
    plain, other = extract(OFFICE), extract(written(OFFICE, form))
    assert written(OFFICE, form) != OFFICE
    assert len(plain.entities) > 5
    assert len(plain.triples) > 5
    assert other == plain
    assert passage_graph("c", other) == passage_graph("c", plain)


def test_a_passage_in_another_script_gives_what_it_gives_in_ordinary_letters() -> None:
    ordinary = Passage(id="psg-2", title="赫布", heading="", text="1949年，他和IBM的人写了书。")
    found = extract(replace(ordinary, text="１９４９年，他和ＩＢＭ的人写了书。"))
    assert found == extract(ordinary)
    assert [(one.name, one.type) for one in found.entities] == [
        ("赫布", "TITLE"),
        ("IBM", "NAME"),
        ("1949", "DATE"),
    ]


@pytest.mark.parametrize(
    "text", ["", "Hebb wrote “this” in 1949.", "赫布（加拿大人），写了书。", "10⁶ km², ½", "Ada™"]
)
def test_a_passage_without_such_letters_is_read_as_it_is(text: str) -> None:
    passage = Passage(id="psg-3", title=text, heading=text, text=text)
    assert in_ordinary_letters(passage) is passage


@pytest.mark.parametrize("form", [wide, bold, ligated])
def test_a_chat_model_is_asked_in_ordinary_letters(
    server: ChatServer, extractor: LLMExtractor, form: Callable[[str], str]
) -> None:
    extract_one(extractor, OFFICE)
    extract_one(extractor, written(OFFICE, form))
    asked = [request.body["messages"] for request in server.requests]
    assert asked[:2] == asked[2:]
    assert extractor.tokens(written(OFFICE, form)) == extractor.tokens(OFFICE)


def test_names_that_a_chat_model_overlooked_are_told_in_any_letters(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    text = "In Cardiff the clerk Ada Lund met Ben Hart of Leeds, whom Eva Stone from York knew."
    server.chat = lambda _: Answer(content='{"entities": [], "triples": []}')
    plain = Passage(id="psg-4", title="", heading="", text=text)
    found = extract_one(extractor, plain), extract_one(extractor, written(plain, wide))
    assert found[0].failure
    assert found[0].failure == found[1].failure
