"""Instructions: the prefixes that some embedding models expect, by the kind of text."""

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from inference.embedder import Kind

Instructions: TypeAlias = Mapping[Kind, str]
"""A prefix for each kind of text that has one, for example `{"query": "query: "}`."""


_TASK = "Instruct: Given a question, retrieve {} that best answer the question\nQuery: "
_ASKED: Instructions = {"query": _TASK.format("passages"), "query_to_fact": _TASK.format("facts")}
_FAMILIES: Sequence[tuple[str, Instructions]] = (
    (r"\be5\b.*\binstruct\b", _ASKED),
    (
        r"\be5\b",
        {
            **dict.fromkeys(("query", "query_to_fact"), "query: "),
            **dict.fromkeys(("passage", "sentence", "entity", "fact"), "passage: "),
        },
    ),
    (
        r"\bbge\b.*\ben\b",
        dict.fromkeys(
            ("query", "query_to_fact"),
            "Represent this sentence for searching relevant passages: ",
        ),
    ),
    (
        r"\bnomic\b.*\bembed\b.*\btext\b",
        {
            **dict.fromkeys(("query", "query_to_fact"), "search_query: "),
            **dict.fromkeys(("passage", "sentence", "entity", "fact"), "search_document: "),
        },
    ),
    (r"\bqwen3\b.*\bembedding\b", _ASKED),
)
"""Patterns of model names and the prefixes that these models expect; the first match is used."""


def wanted_by(model: str) -> Instructions:
    """The prefixes that a model expects, according to its name; {} if unknown."""
    name = re.sub(r"[^a-z0-9]+", " ", model.lower())
    for pattern, instructions in _FAMILIES:
        if re.search(pattern, name):
            return instructions
    return {}


def instructions_of(embedder: object) -> Instructions:
    """An embedder's `instructions`; {} if it has none, so that vectors do not depend on the
    kind."""
    found: Instructions = getattr(embedder, "instructions", {})
    return found


def suffix(instructions: Instructions) -> str:
    """The suffix of a model id: '' without instructions, else a colon and a hash of them."""
    used = sorted((kind, prefix) for kind, prefix in instructions.items() if prefix)
    if not used:
        return ""
    return ":" + hashlib.blake2b(repr(used).encode("utf-8"), digest_size=4).hexdigest()
