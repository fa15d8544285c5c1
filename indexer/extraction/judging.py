"""A model's answers about a passage, each with what is wrong with it."""

from collections.abc import Callable, Mapping

from indexer.extraction.llm_answers import EntitiesAnswer, TriplesAnswer, read
from indexer.extraction.notes import Answered
from inference.chat import AnswerUnusable, Reply
from kg.errors import ModelOutputInvalid

ENTITIES, TRIPLES = "entities", "triples"
"""The questions."""
_FORMS: Mapping[str, type[EntitiesAnswer] | type[TriplesAnswer]] = {
    ENTITIES: EntitiesAnswer,
    TRIPLES: TriplesAnswer,
}
NOTHING = "The answer lists nothing."
"""The fault of an answer that is right for a passage without names, and doubted for others."""


def judged(mark: str, question: str, ask: Callable[[], Reply]) -> Answered | str:
    """The answer, with what is wrong with it; or only that, if there is none to pay for."""
    try:
        reply = ask()
    except AnswerUnusable as error:
        return Answered(
            mark=mark,
            question=question,
            text=error.text,
            fault=str(error),
            input_tokens=error.input_tokens,
            output_tokens=error.output_tokens,
        )
    except ModelOutputInvalid as error:
        return str(error)
    try:
        fault = NOTHING if read(reply.text, _FORMS[question]).is_empty else ""
    except ModelOutputInvalid as error:
        fault = str(error)
    return Answered(
        mark=mark,
        question=question,
        text=reply.text,
        fault=fault,
        model=reply.model,
        input_tokens=reply.input_tokens,
        output_tokens=reply.output_tokens,
    )
