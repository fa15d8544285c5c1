"""Validates queries from Python and the command line; HTTP requests are validated by their
schema."""

from collections.abc import Iterable

import numpy as np

from kg.errors import InputError
from kg.validation import is_unicode
from retrieval.question import LONGEST


def check_question(question: object, k: object) -> None:
    """Raises: InputError for a question that is not a string, is blank, too long or not valid
    Unicode, or for a k below 1."""
    _check_text(question)
    check_k(k)


def _check_text(question: object) -> str:
    if not isinstance(question, str):
        raise InputError(f"The question must be a string, not {question!r}.")
    if not question.strip():
        raise InputError("The question is empty.")
    if len(question) > LONGEST:
        raise InputError(
            f"The question has {len(question):,} characters; at most {LONGEST:,} are allowed. "
            "Shorten it, or ingest what it quotes as a document."
        )
    if not question.isascii() and not is_unicode(question):
        raise InputError(
            "The question contains half of a surrogate pair, which is not valid Unicode. Send it "
            "as UTF-8."
        )
    return question


def check_k(k: object) -> None:
    """Raises: InputError unless k is a whole number of at least 1."""
    if not isinstance(k, (int, np.integer)) or isinstance(k, bool):
        raise InputError(f"k must be a whole number of passages, 1 or more, not {k!r}.")
    if k < 1:
        raise InputError(f"k must be 1 or more, not {k}.")


def checked_questions(questions: Iterable[object], k: object) -> list[str]:
    """The questions, each checked. Raises: InputError, also for a single string in place of a
    list."""
    if not isinstance(questions, list) and not _is_list_like(questions):
        raise InputError(f"The questions must be a list of strings, not {questions!r}.")
    check_k(k)
    return [_check_text(question) for question in questions]


def checked_keys(passages: Iterable[object]) -> list[str]:
    """Ids of passages, or ids or sources of documents. Raises: InputError, also if there are
    none."""
    if not _is_list_like(passages):
        raise InputError(
            f"passages must be a list of ids or sources, not {passages!r}. For one passage, give "
            "a list with one item."
        )
    keys = [check_name("A passage", key) for key in passages]
    if not keys:
        raise InputError("passages is empty: name a passage, or leave it out for the k best.")
    return keys


def _is_list_like(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes))


def check_name(what: str, name: object) -> str:
    """A name or id, unchanged. Raises: InputError unless it is a string."""
    if not isinstance(name, str):
        raise InputError(f"{what} must be named by a string, not {name!r}.")
    return name
