"""Records of which every answer has dozens."""

from dataclasses import dataclass, field
from typing import TypeVar, dataclass_transform

Kind = TypeVar("Kind")


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def record(kind: type[Kind]) -> type[Kind]:
    """A frozen dataclass, keyword-only and with slots, that only the type checker keeps frozen.

    Where the interpreter has to refuse a change, each field is set through a function call: making
    the records of an answer then takes more than twice as long.
    """
    return dataclass(kw_only=True, slots=True, unsafe_hash=True)(kind)
