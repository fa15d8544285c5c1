"""The port to chat models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """A model's whole answer; a cut-off or empty one is an error, not a reply."""

    text: str
    model: str
    input_tokens: int = 0
    output_tokens: int = 0


class ChatModel(Protocol):
    """A language model that answers messages. Safe for several threads."""

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
        """Ask for one answer at temperature 0; with a JSON schema if one is given.

        Raises: ModelUnavailable after its retries; ModelOutputInvalid if the answer is empty, cut
        off by its length, or filtered.
        """
        ...
