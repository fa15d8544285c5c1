"""What is wrong with a request, in words: with one of its fields, or with a body that cannot be
read."""

import json
from collections.abc import Mapping
from typing import Any

NOT_BLANK = r"\S"
"""The pattern of texts that must not be blank."""

_WHOLE, _NUMBER = "must be a whole number", "must be a number"
_DATE = "must be a date in ISO 8601, such as 1904-01-01 or 1904-01-01T00:00:00Z"
_OBJECT = "must be a JSON object"
_BLANK = "must not be blank"
_WORDS: Mapping[str, str] = {
    "missing": "is missing: it is required",
    "extra_forbidden": "is not known here: remove it, or correct its name",
    "string_type": "must be a string",
    "string_unicode": "contains half of a surrogate pair, which is not valid Unicode: send whole "
    "characters",
    "string_too_long": "has {length:,} characters, and at most {max_length:,} are allowed: shorten "
    "it",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "int_type": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing": _WHOLE,
    "int_parsing_size": "is too large a number",
    "finite_number": _WHOLE,
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "greater_than_equal": "must be {ge:,.0f} or more",
    "less_than_equal": "must be {le:,.0f} or less",
    "bool_type": "must be true or false",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "datetime_type": _DATE,
    "datetime_parsing": _DATE,
    "datetime_from_date_parsing": _DATE,
    "list_type": "must be a JSON list",
    "too_long": "has {actual_length:,} items, and at most {max_length:,} are allowed: send the "
    "rest in another request",
    "dict_type": _OBJECT,
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "recursion_depth_exceeded": "is nested too deeply: send fewer levels of lists and objects",
    "value_error": "{error}",
}
"""Pydantic's types of errors -> our words, formatted with the error's context."""
_LONGEST_PLACE, _LONGEST_VALUE = 200, 40
"""How much is quoted, in characters: a client may send names and values of any length."""


def place_of(found: Mapping[str, Any]) -> str:
    """Which part of a request one of pydantic's errors is about: body.question, query.limit, …"""
    parts = found["loc"][:1] if found["type"] == "json_invalid" else found["loc"]
    return _cut(".".join(str(part) for part in parts), _LONGEST_PLACE)


def message_of(found: Mapping[str, Any]) -> str:
    """One of pydantic's errors: what is wrong with that part, and what to send instead."""
    kind, context, value = found["type"], found.get("ctx", {}), found.get("input")
    match kind, context:
        case "json_invalid", {"error": reason}:
            return f"not valid JSON: {reason} (at character {int(found['loc'][-1]) + 1})"
        case ("string_pattern_mismatch", {"pattern": r"\S"}) | (
            "string_too_short",
            {"min_length": 1},
        ):
            return _BLANK
        case "too_short", {"min_length": 1}:
            return "must not be empty"
        case "missing", _ if tuple(found["loc"]) == ("body",):
            return "is missing: send JSON"
        case "value_error", {"error": error} if "UploadFile" in str(error):
            return "must be a file, sent with its name (curl: -F files=@notes.md)"
    if kind not in _WORDS:
        return str(found["msg"])
    length = len(value) if isinstance(value, str) else 0
    said = _WORDS[kind].format(**context, length=length)
    return said + _instead_of(value) if said.startswith("must be ") else said


def unreadable(cause: BaseException) -> str:
    """Why a body could not be read, and what to send instead."""
    if isinstance(cause, UnicodeDecodeError):
        return (
            f"The body is not UTF-8 (at byte {cause.start + 1:,}): send JSON that is encoded as "
            "UTF-8."
        )
    if isinstance(cause, RecursionError):
        return "The body's JSON is nested too deeply: send fewer levels of lists and objects."
    if "integer string conversion" in str(cause):  # Python's limit, against slow parsing
        return "The body's JSON has a number of too many digits: send a shorter one."
    return "The body cannot be read: check that it is what its content type says."


def _instead_of(value: object) -> str:
    """', not "3"', as in the request; '' for a list or an object, which may be large."""
    if value is None or isinstance(value, (str, int, float)):
        return f", not {_cut(json.dumps(value), _LONGEST_VALUE)}"
    return ""


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
