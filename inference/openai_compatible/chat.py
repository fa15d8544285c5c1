"""Chat models at an endpoint that speaks OpenAI's protocol."""

import json
from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import structlog

from inference.chat import ORDINARY, AnswerUnusable, Arrived, Claim, Message, Reply
from inference.openai_compatible.arrival import shown_to
from inference.openai_compatible.dialect import Dialect
from inference.openai_compatible.endpoint import Caller, Endpoint
from inference.tokens import estimated_tokens
from kg.errors import ModelOutputInvalid

if TYPE_CHECKING:
    from openai import OpenAI

_LONGEST_ANSWER = 1_000_000
"""In characters. No sensible token limit allows more, so a longer answer means that the server is
broken."""
_MOST_TOKENS = 100_000_000
"""Of one question or answer. No model reads or writes so many: a larger count is a mistake, and the
sums of a store have to hold it."""

_log = structlog.get_logger(__name__)


class OpenAIChatModel:
    """A chat model behind `/chat/completions`. Safe for several threads.

    If the endpoint refuses JSON schemas, it is asked for a JSON object with the schema in the
    prompt, then for plain text; refused limits and temperatures are adapted likewise. What it
    accepts is remembered.
    """

    def __init__(self, endpoint: Endpoint, *, patience: float | None = None) -> None:
        """`patience`: total seconds to wait for an answer, including the wait for a turn; None: no
        limit."""
        self._caller = Caller(endpoint)
        self._patience = patience
        self._dialect = Dialect()

    @property
    def model(self) -> str:
        return self._caller.endpoint.model

    def complete(
        self,
        messages: Sequence[Message],
        *,
        json_schema: Mapping[str, Any] | None = None,
        max_tokens: int = 2048,
        arrived: Arrived | None = None,
        claim: Claim = ORDINARY,
    ) -> Reply:
        import openai

        dialect = self._dialect
        while True:
            body = dialect.request(messages, json_schema=json_schema, max_tokens=max_tokens)
            sent = sum(estimated_tokens(turn["content"]) for turn in body["messages"])
            try:
                answer = self._caller.call(
                    partial(self._ask, body, arrived),
                    tokens=sent,
                    patience=self._patience,
                    claim=claim,
                )
            except (openai.BadRequestError, openai.UnprocessableEntityError) as error:
                adapted = dialect.adapted(str(error))
                if adapted is None:
                    raise self._caller.explain(error) from error
                dialect = adapted
                continue
            self._dialect = dialect
            self._caller.pace.spent(sum(self._spent(answer, sent)) - sent)
            return self._reply(answer, max_tokens, sent)

    def read(self, answer: bytes, *, max_tokens: int = 2048, sent: int = 0) -> Reply:
        """Parse a saved answer. Raises: ModelOutputInvalid, as `complete` does."""
        from openai.types.chat import ChatCompletion

        try:
            found = ChatCompletion.construct(**json.loads(answer))
        except (ValueError, TypeError, RecursionError) as error:
            raise ModelOutputInvalid(
                f"The stored answer is not JSON of OpenAI's protocol: {error}"
            ) from error
        return self._reply(found, max_tokens, sent)

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        self._caller.close()

    def _ask(self, body: Mapping[str, Any], arrived: Arrived | None, client: "OpenAI") -> object:
        # A server may send anything, and the client validates nothing: hence `object`.
        with shown_to(arrived):
            answer: object = client.chat.completions.create(model=self.model, **body)
        return answer

    def _spent(self, answer: object, sent: int) -> tuple[int, int]:
        """Tokens of question and answer, as the endpoint reports them; where it does not, as they
        are estimated. `sent`: the question's estimate."""
        usage = getattr(answer, "usage", None)
        text = _text(_message(answer))
        asked = _count(getattr(usage, "prompt_tokens", None))
        said = _count(getattr(usage, "completion_tokens", None))
        if not asked or (text and not said):
            _warn_of_estimates(self.model, self._caller.endpoint.base_url)
        return asked or sent, said or estimated_tokens(text)

    def _reply(self, answer: object, max_tokens: int, sent: int) -> Reply:
        """Parse an answer, any part of which may be missing or of the wrong type."""
        choices = getattr(answer, "choices", None)
        if not isinstance(choices, list) or not choices:
            raise ModelOutputInvalid(
                f"The answer of the model {self.model!r} has no choices: is "
                f"{self._caller.endpoint.base_url} an endpoint of OpenAI's protocol?"
            )
        message = _message(answer)
        text = _text(message)
        spent = dict(zip(("input_tokens", "output_tokens"), self._spent(answer, sent), strict=True))
        finish = getattr(choices[0], "finish_reason", None)
        if fault := _fault(text, finish, getattr(message, "refusal", None), max_tokens):
            raise AnswerUnusable(f"The model {self.model!r} {fault}", text=text, **spent)
        model = getattr(answer, "model", None)
        return Reply(text=text, model=model if isinstance(model, str) else self.model, **spent)


def _fault(text: str, finish: object, refusal: object, max_tokens: int) -> str:
    """What is wrong with an answer, with the remedy; '' if it is fine."""
    if finish == "length":
        return (
            f"was cut off at {max_tokens} tokens. Check whether the model repeats itself; if not, "
            "use another one, or, where it reads passages, shorter passages."
        )
    if finish == "content_filter":
        return "was stopped by its content filter. Use another model for this text."
    if refusal:
        return f"refused: {str(refusal)[:300]} Use another model for this text."
    if not text.strip():
        return "returned an empty answer. If this persists, use another model."
    if len(text) > _LONGEST_ANSWER:
        return f"returned {len(text)} characters, far too many. Use another model."
    return ""


def _message(answer: object) -> object:
    """Of the answer's first choice; None if there is none."""
    choices = getattr(answer, "choices", None)
    return getattr(choices[0], "message", None) if isinstance(choices, list) and choices else None


def _text(message: object) -> str:
    text = getattr(message, "content", None)
    return text if isinstance(text, str) else ""


def _count(tokens: object) -> int:
    """As many as are reported, perhaps as 500.0; 0 if nothing is, or nothing that can be
    believed."""
    if not isinstance(tokens, int | float) or not 0 <= tokens <= _MOST_TOKENS:
        return 0
    return int(tokens) if tokens == int(tokens) else 0


@cache
def _warn_of_estimates(model: str, base_url: str) -> None:
    """Once a process."""
    _log.warning(
        "the endpoint does not report tokens as its protocol demands: budgets, costs and limits "
        "go by estimates",
        model=model,
        endpoint=base_url,
    )
