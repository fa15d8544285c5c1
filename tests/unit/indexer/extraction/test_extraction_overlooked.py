"""A model that lists nothing of a passage full of names has not read it, and that is seen."""

import pytest

from indexer.extraction.llm import LLMExtractor
from kg.records import Passage
from tests.doubles.chat_server import Answer, ChatServer, Request, Rule
from tests.doubles.llm_answers import (
    ENTITIES,
    TRIPLES,
    WANTED,
    asks_for_triples,
    extract_one,
    found,
    good,
)

FULL = Passage(
    id="psg-9",
    title="",
    heading="",
    text="In Montreal the psychologist Brenda Milner studied a patient of William Scoville, who "
    "had come from Hartford. She had read what Karl Lashley wrote in Boston.",
)
NUMBERS = Passage(
    id="psg-8",
    title="",
    heading="",
    text="\n".join(f"| Unit Price {n} | {n}.50 | Total Amount | {7 * n} |" for n in range(20)),
)
CHAT = Passage(
    id="psg-7",
    title="",
    heading="",
    text="Hi! I hope you are well. I will be there on Monday or Tuesday, say hello to Mom. Thanks! "
    "OK, see you in June then, and bring the cake if you can.",
)
NO_NAMES, NO_FACTS = '{"entities": []}', '{"triples": []}'


def says(entities: str = ENTITIES, triples: str = TRIPLES) -> Rule:
    """A model that answers all passages alike."""
    return lambda request: Answer(content=triples if asks_for_triples(request) else entities)


def until_asked_again(bad: Rule) -> Rule:
    """A model that reads better when it is told what it overlooked."""

    def rule(request: Request) -> Answer:
        told = request.body["messages"][-1]["content"]
        return good(request) if "The passage names Montreal, " in told else bad(request)

    return rule


@pytest.mark.parametrize("passage", [NUMBERS, CHAT], ids=["numbers", "chat"])
def test_a_passage_without_names_may_have_none(
    server: ChatServer, extractor: LLMExtractor, passage: Passage
) -> None:
    server.chat = says(NO_NAMES, NO_FACTS)
    extraction = extract_one(extractor, passage)
    assert (extraction.failure, server.calls) == ("", 2)


@pytest.mark.parametrize(
    "nothing",
    [NO_NAMES, '{"entities": [{"name": "", "type": "person"}]}'],
    ids=["no rows", "no names"],
)
def test_a_passage_full_of_names_without_any_is_set_aside_after_a_second_question(
    server: ChatServer, extractor: LLMExtractor, nothing: str
) -> None:
    server.chat = says(nothing)
    extraction = extract_one(extractor, FULL)
    assert extraction.failure == (
        "The model listed no entities for a passage that names Montreal, Brenda Milner, "
        "William Scoville and 3 others."
    )
    assert (found(extraction), server.calls) == (((), ()), 2)
    assert (extraction.input_tokens, extraction.output_tokens) == (22, 14), "both were paid"


def test_a_passage_full_of_names_of_which_nothing_is_stated_keeps_its_names(
    server: ChatServer, extractor: LLMExtractor
) -> None:
    server.chat = says(triples=NO_FACTS)
    extraction = extract_one(extractor, FULL)
    assert extraction.failure.startswith("The model listed no triples for a passage that names ")
    assert (found(extraction), server.calls) == ((WANTED[0], ()), 3)


@pytest.mark.parametrize("bad", [says(NO_NAMES), says(triples=NO_FACTS)], ids=["names", "facts"])
def test_a_model_that_does_better_when_told_is_believed(
    server: ChatServer, extractor: LLMExtractor, bad: Rule
) -> None:
    server.chat = until_asked_again(bad)
    extraction = extract_one(extractor, FULL)
    assert (extraction.failure, found(extraction), server.calls) == ("", WANTED, 3)
