"""The request format of an endpoint: servers of the same protocol differ in the details."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from inference.chat import Message

_FORMAT_WORDS = ("response_format", "json_schema", "json_object", "json schema", "structured")


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """What an endpoint accepts, as far as known: starts with the best format and adapts on
    refusal."""

    format: Literal["json_schema", "json_object", "text"] = "json_schema"
    limit: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    temperature: bool = True

    def adapted(self, refusal: str) -> "Dialect | None":
        """The dialect to try after a refusal; None if the refusal names nothing that can be
        changed."""
        said = refusal.casefold()
        if self.limit == "max_tokens" and "max_completion_tokens" in said:
            return replace(self, limit="max_completion_tokens")
        if self.temperature and "temperature" in said:
            return replace(self, temperature=False)
        if self.format != "text" and any(word in said for word in _FORMAT_WORDS):
            return replace(self, format="json_object" if self.format == "json_schema" else "text")
        return None

    def request(
        self,
        messages: Sequence[Message],
        *,
        json_schema: Mapping[str, Any] | None,
        max_tokens: int,
    ) -> dict[str, Any]:
        """The request's body, without the model."""
        body: dict[str, Any] = {
            "messages": [{"role": turn.role, "content": turn.content} for turn in messages],
            self.limit: max_tokens,
        }
        if self.temperature:
            body["temperature"] = 0
        if json_schema is None:
            return body
        if self.format == "json_schema":
            form = {"name": "answer", "strict": True, "schema": dict(json_schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": form}
            return body
        if self.format == "json_object":
            body["response_format"] = {"type": "json_object"}
        # The prompt can omit the schema only if the server enforces it.
        body["messages"][-1]["content"] += (
            "\n\nAnswer with one JSON object that fits this JSON schema, and with nothing else:\n"
            + json.dumps(json_schema, ensure_ascii=False)
        )
        return body
