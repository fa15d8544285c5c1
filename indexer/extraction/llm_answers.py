"""Reading a chat model's answers: JSON that may be wrapped, slightly broken, or rubbish.

An answer is read as it is; or else the first whole JSON object in it, mended where only small
things are wrong (quotes, commas). An object that never closes was cut off: it is refused, since to
close it would be to lose silently what was to come.
"""

import json
import re
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from inference.texts import encodable
from kg.errors import ModelOutputInvalid

_MOST = 500
"""Entities or triples of one passage; more are a model that runs in circles."""
_LONGEST = 300
"""Characters of a name or relation; what is longer is no name."""
_DEEPEST = 20

_STRING_OR_BRACKET = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\Z)|[{}\[\]]', re.DOTALL)
"""A string ends at its quote or, where that is missing, with the text."""

_Answer = TypeVar("_Answer", bound=BaseModel)


def _clean(value: object) -> object:
    """One line of text that can be stored, without control characters."""
    if not isinstance(value, str):
        return value
    spaced = " ".join(encodable(value).split())
    return "".join(character for character in spaced if character.isprintable())


def _as_entity(value: object) -> object:
    """Models without a schema list plain names."""
    return {"name": value} if isinstance(value, str) else value


def _as_triple(value: object) -> object:
    """Models without a schema list lists of three."""
    if isinstance(value, list) and len(value) == 3:
        return dict(zip(("subject", "relation", "object"), value, strict=True))
    return value


_Text = Annotated[str, BeforeValidator(_clean)]
_CONFIG = ConfigDict(frozen=True, coerce_numbers_to_str=True)


class EntityAnswer(BaseModel):
    """An entity as a model gives it."""

    model_config = _CONFIG
    name: _Text
    type: _Text = ""


class TripleAnswer(BaseModel):
    """A triple as a model gives it."""

    model_config = _CONFIG
    subject: _Text
    relation: _Text
    object: _Text


class EntitiesAnswer(BaseModel):
    """The whole answer to the first question."""

    entities: list[Annotated[EntityAnswer, BeforeValidator(_as_entity)]] = Field(max_length=_MOST)

    @property
    def is_empty(self) -> bool:
        """Whether it names nothing."""
        return not any(is_name(row.name) for row in self.entities)


class TriplesAnswer(BaseModel):
    """The whole answer to the second question."""

    triples: list[Annotated[TripleAnswer, BeforeValidator(_as_triple)]] = Field(max_length=_MOST)

    @property
    def is_empty(self) -> bool:
        """Whether it states nothing."""
        return not any(
            is_name(row.subject) and is_name(row.relation) and is_name(row.object)
            for row in self.triples
        )


def read(text: str, form: type[_Answer]) -> _Answer:
    """Read an answer. Raises: ModelOutputInvalid, in words that the model can act on."""
    try:
        return form.model_validate(_parse(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the answer"
        raise ModelOutputInvalid(
            f"The JSON does not fit the schema: {place}: {first['msg']}."
        ) from error


def is_name(text: str) -> bool:
    """Whether a text can name something: neither empty nor a paragraph."""
    return 0 < len(text) <= _LONGEST


def _parse(text: str) -> Any:
    if not text.strip():
        raise ModelOutputInvalid("The answer is empty; a JSON object is required.")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        found = _first_object(text)
    try:
        return json.loads(found)
    except ValueError:
        return _mend(found)


def _mend(text: str) -> Any:
    import json_repair

    try:
        return json_repair.loads(text)
    except (ValueError, RecursionError) as error:
        raise ModelOutputInvalid(f"The answer is not valid JSON: {error}.") from error


def _first_object(text: str) -> str:
    """The first JSON object in a text, from its opening to its closing brace."""
    start = text.find("{")
    if start < 0:
        raise ModelOutputInvalid("The answer contains no JSON object.")
    depth = 0
    for token in _STRING_OR_BRACKET.finditer(text, start):
        if token[0] in ("{", "["):
            depth += 1
        elif token[0] in ("}", "]"):
            depth -= 1
        if depth > _DEEPEST:
            raise ModelOutputInvalid(f"The JSON is nested deeper than {_DEEPEST} levels.")
        if depth == 0:
            return text[start : token.end()]
    raise ModelOutputInvalid("The JSON is cut off before its end.")
