"""Instructions: what some embedding models want before a text, by what the text is."""

import hashlib
from collections.abc import Mapping
from typing import Protocol, TypeAlias, runtime_checkable

from inference.embedder import Kind

Instructions: TypeAlias = Mapping[Kind, str]
"""A prefix for each kind of text that has one, for example `{"query": "query: "}`."""


@runtime_checkable
class Instructed(Protocol):
    """What an embedder also has if its vectors may depend on a text's kind."""

    @property
    def instructions(self) -> Instructions:
        """The prefixes, as they stand before the texts."""
        ...


def suffix(instructions: Instructions) -> str:
    """What a model id ends with: '' without instructions, else a colon and a hash of them."""
    used = sorted((kind, prefix) for kind, prefix in instructions.items() if prefix)
    if not used:
        return ""
    return ":" + hashlib.blake2b(repr(used).encode("utf-8"), digest_size=4).hexdigest()
