"""Passages at which a model fails while it answers other questions.

A server may break on one request (its prompt is too long for the memory, a proxy rejects its words)
for as long as anybody asks. From the outside this looks like an outage, so whoever asks again asks
something short first: a model that answers that and then fails at the passage is not away. A
server that breaks down as a whole cuts off all calls that are under way, so a suspect is asked
about while none is (see `turns`).
"""

import uuid
from collections.abc import Mapping

from indexer.extraction.notes import Answered
from inference.chat import AnswerUnusable, Claim, KeepableChatModel, Message, RequestFailed
from kg.errors import ModelOutputInvalid, ModelUnavailable

SUSPECT = 2
"""After so many calls in a row that failed, each with all its retries, something short is asked
before the next, and no other call is under way: outages are often over by then, and after these
nothing need be asked."""
TRIES = 5
"""After so many a passage is quarantined: in the last three, the model had answered just before and
was asked nothing else."""
_SHORT = [Message(role="user", content="Reply with the word: yes")]
_SHORT_TOKENS = 16


class Unanswered(ModelUnavailable):
    """Questions about passages had no answer; the extractions of others came before this error."""

    def __init__(self, errors: Mapping[str, ModelUnavailable]) -> None:
        """`errors`: by passage id, in the order in which they came; at least one."""
        first = next(iter(errors.values()))
        # Whoever reads this of a document that waits, too, is not to think that it is to blame.
        about = "A passage had no answer: " if isinstance(first, RequestFailed) else ""
        permanent = any(one.permanent for one in errors.values())
        super().__init__(f"{about}{first}", permanent=permanent)
        self.errors = errors


def probe(chat: KeepableChatModel, claim: Claim) -> Answered:
    """Ask the model something short; return what that took, as an answer to no question. Raises:
    ModelUnavailable (never as RequestFailed: it is away), CallWithdrawn."""
    tokens = 0, 0
    try:
        reply = chat.complete(_SHORT, max_tokens=_SHORT_TOKENS, claim=claim)
        tokens = reply.input_tokens, reply.output_tokens
    except AnswerUnusable as error:  # it may have thought until it was cut off
        tokens = error.input_tokens, error.output_tokens
    except ModelOutputInvalid:
        pass  # it is there
    except RequestFailed as error:
        raise ModelUnavailable(str(error), permanent=error.permanent) from error
    return Answered(
        mark=uuid.uuid4().hex,
        question="",
        text="",
        input_tokens=tokens[0],
        output_tokens=tokens[1],
    )


def given_up(error: ModelUnavailable) -> str:
    """Why a passage is quarantined whose last question ended so."""
    return (
        f"The model failed at this passage {TRIES} times in a row, though it answered other "
        f"questions. The last time: {error}"
    )
