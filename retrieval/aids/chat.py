"""Asking a chat model for an object of a given schema: one call, whose answer is cached."""

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from inference.chat import ChatModel, Message
from kg.errors import ModelOutputInvalid
from retrieval.results import Hit

_Form = TypeVar("_Form", bound=BaseModel)

_KEPT = 1024
_PASSAGE_CHARACTERS = 700
"""How much of each passage a chat model is shown."""


class ChatAid(Generic[_Form]):
    """A chat model with one instruction and one schema of answers. Safe for several threads."""

    def __init__(
        self, chat: ChatModel, instruction: str, form: type[_Form], max_tokens: int
    ) -> None:
        self._chat = chat
        self._instruction = instruction
        self._form = form
        self._max_tokens = max_tokens
        self._said: OrderedDict[str, _Form] = OrderedDict()
        self._lock = Lock()

    def ask(self, prompt: str) -> _Form:
        """The model's answer, from the cache if it was asked the same before. Raises: ModelError;
        ModelOutputInvalid for an answer that does not fit the schema.
        """
        with self._lock:
            if prompt in self._said:
                self._said.move_to_end(prompt)
                return self._said[prompt]
        reply = self._chat.complete(
            [
                Message(role="system", content=self._instruction),
                Message(role="user", content=prompt),
            ],
            json_schema=self._form.model_json_schema(),
            max_tokens=self._max_tokens,
        )
        said = self._read(reply.text)
        with self._lock:
            self._said[prompt] = said
            while len(self._said) > _KEPT:
                self._said.popitem(last=False)
        return said

    def _read(self, text: str) -> _Form:
        from json_repair import repair_json

        try:
            return self._form.model_validate(repair_json(text, return_objects=True))
        except (ValidationError, RecursionError) as error:
            raise ModelOutputInvalid(
                f"The model {self._chat.model!r} did not answer in the requested form: "
                f"{text[:200]!r}"
            ) from error


def shown(hits: Sequence[Hit]) -> str:
    """Passages as a chat model reads them, numbered from 1."""
    return "\n\n".join(
        f"[{number}] {hit.title}\n{hit.text[:_PASSAGE_CHARACTERS]}"
        for number, hit in enumerate(hits, start=1)
    )
