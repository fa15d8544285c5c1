"""The port to chat models."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from kg.errors import ModelOutputInvalid, ModelUnavailable


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A model's complete answer; a truncated or empty one is an error, not a reply."""

    text: str
    model: str
    input_tokens: int = 0
    """As the endpoint reports them or, if it does not, as estimated; so are those of the output."""
    output_tokens: int = 0


class AnswerUnusable(ModelOutputInvalid):
    """The model answered, at a cost, but its answer is empty, truncated or filtered."""

    def __init__(
        self, message: str, *, text: str = "", input_tokens: int = 0, output_tokens: int = 0
    ) -> None:
        super().__init__(message)
        self.text = text
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens


class RequestFailed(ModelUnavailable):
    """The endpoint was there and broke down at this request, each time: it may do so at others,
    too, or at this one alone."""


Arrived: TypeAlias = Callable[[bytes], None]
"""A callback that receives an answer's raw bytes before anything else is done with them."""


class CallWithdrawn(Exception):
    """Nobody wanted the answer any more when the call could have been sent: it was not."""


def _always() -> bool:
    return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """On what terms a call waits for its turn."""

    urgent: bool = False
    """Whether it goes before calls that are not, among those without a deadline."""
    wanted: Callable[[], bool] = field(default=_always, compare=False)
    """Asked now and then during the wait, and last when the call could be sent."""


ORDINARY = Claim()


class ChatModel(Protocol):
    """A chat model. Safe for several threads."""

    @property
    def model(self) -> str:
        """The model's name at its endpoint."""
        ...

    def complete(
        self,
        messages: Sequence[Message],
        *,
        json_schema: Mapping[str, Any] | None = None,
        max_tokens: int = 2048,
    ) -> Reply:
        """Ask for one answer at temperature 0, which should fit the JSON schema if one is given.

        Raises: ModelUnavailable after its retries (as RequestFailed, if the request itself may be
        what the endpoint breaks down at); ModelOutputInvalid if the answer is empty, cut
        off by its length, or filtered (then as AnswerUnusable, with what it cost).
        """
        ...


class KeepableChatModel(ChatModel, Protocol):
    """A chat model whose raw answers can be saved, and parsed later, perhaps by another process."""

    def complete(
        self,
        messages: Sequence[Message],
        *,
        json_schema: Mapping[str, Any] | None = None,
        max_tokens: int = 2048,
        arrived: Arrived | None = None,
        claim: Claim = ORDINARY,
    ) -> Reply:
        """As `ChatModel.complete`; `arrived` is called with each raw answer of the endpoint, in
        order. Raises also: CallWithdrawn."""
        ...

    def read(self, answer: bytes, *, max_tokens: int = 2048, sent: int = 0) -> Reply:
        """Parse a raw answer. `sent`: the estimated tokens of its question, which count if the
        answer does not tell. Raises: ModelOutputInvalid, as `complete` does."""
        ...
