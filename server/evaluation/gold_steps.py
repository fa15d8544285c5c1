"""A stand-in for a chat model that knows a data set's own steps: an upper bound for what
`--bridges` can add."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from inference.chat import Message, Reply
from kg.errors import InputError, ModelOutputInvalid
from server.evaluation.dataset import Dataset, Query

_EARLIER = re.compile(r"#(\d+)")
_RELATION = " >> "


class GoldSteps:
    """Answers a question of the data set with its sub-questions, earlier answers filled in."""

    model = "gold"

    def __init__(self, dataset: Dataset) -> None:
        """Raises: InputError if the data set has no steps (`hops` in its queries.jsonl)."""
        self._steps = {query.question: _steps(query) for query in dataset.queries if query.hops}
        if not self._steps:
            raise InputError(
                f"The data set {dataset.name!r} has no steps ('hops') for its questions."
            )

    def complete(
        self,
        messages: Sequence[Message],
        *,
        json_schema: Mapping[str, Any] | None = None,  # noqa: ARG002 - the port's signature
        max_tokens: int = 2048,  # noqa: ARG002
    ) -> Reply:
        """See `inference.chat.ChatModel`; the question is the first line of the last message."""
        question = messages[-1].content.split("\n", 1)[0].removeprefix("Question: ")
        if question not in self._steps:
            raise ModelOutputInvalid(f"The data set has no steps for {question!r}.")
        return Reply(text=json.dumps(self._steps[question]), model=self.model)


def _steps(query: Query) -> dict[str, list[str]]:
    answers = [hop.answer for hop in query.hops]

    def fill(match: re.Match[str]) -> str:
        number = int(match.group(1))
        return answers[number - 1] if 0 < number <= len(answers) else match.group()

    filled = [_EARLIER.sub(fill, hop.question).replace(_RELATION, " ") for hop in query.hops]
    return {"sub_questions": filled, "bridges": answers[:-1]}
