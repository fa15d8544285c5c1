"""A data set's own steps, in place of what a chat model would say."""

import json

import pytest

from inference.chat import Message
from kg.errors import InputError, ModelOutputInvalid
from server.evaluation.dataset import Dataset, Hop, Query
from server.evaluation.gold_steps import GoldSteps

QUESTION = "Where was the teacher of Hebb born?"
HOPS = [
    Hop(question="Hebb >> teacher", answer="Lashley"),
    Hop(question="Where was #1 born, and not #7?", answer="Davis"),
]


def dataset(*queries: Query) -> Dataset:
    return Dataset(name="steps", documents=(), queries=queries, whole=True, openie=None)


def ask(steps: GoldSteps, question: str) -> object:
    messages = [
        Message(role="system", content="…"),
        Message(role="user", content=f"Question: {question}\n\nPassages:\n\n[1] …"),
    ]
    return json.loads(steps.complete(messages).text)


def test_earlier_answers_are_filled_in_and_are_the_bridges() -> None:
    steps = GoldSteps(dataset(Query(id="1", question=QUESTION, gold=[], hops=HOPS)))
    assert ask(steps, QUESTION) == {
        "sub_questions": ["Hebb teacher", "Where was Lashley born, and not #7?"],
        "bridges": ["Lashley"],
    }


def test_a_question_without_steps_is_an_answer_that_cannot_be_used() -> None:
    query = Query(id="1", question=QUESTION, gold=[], hops=HOPS)
    steps = GoldSteps(dataset(query, Query(id="2", question="Who?", gold=[])))
    with pytest.raises(ModelOutputInvalid, match="Who"):
        ask(steps, "Who?")


def test_a_data_set_without_steps_is_refused() -> None:
    with pytest.raises(InputError, match="hops"):
        GoldSteps(dataset(Query(id="2", question="Who?", gold=[])))
