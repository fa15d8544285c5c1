"""Options that several commands share.

What is wrong with an argument by itself, whatever the settings and the data, is wrong usage.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, TypeAlias

import typer

from kg.errors import InputError
from retrieval.modes import MODES, check_mode


@contextmanager
def wrong_usage() -> Iterator[None]:
    """Raises: BadParameter in place of an InputError, so that the exit code is that of wrong
    usage."""
    try:
        yield
    except InputError as error:
        raise typer.BadParameter(str(error)) from error


def _named(name: str | None) -> str | None:
    """The name, unchanged. Raises: BadParameter if it is blank, as from an unset variable."""
    if name is not None and not name.strip():
        raise typer.BadParameter("the name is empty: give one, or leave out the option.")
    return name


def question(text: str | None) -> str | None:
    """The question, unchanged. Raises: BadParameter if it cannot be asked."""
    from retrieval.checks import check_question

    if text is not None:
        with wrong_usage():
            check_question(text, 1)
    return text


def _mode(name: str) -> str:
    with wrong_usage():
        check_mode(name)
    return name


def extractor(name: str | None) -> str | None:
    """The name, unchanged. Raises: BadParameter if there is no such extractor."""
    from server.settings.specs import resolve_extractor

    if name is not None:
        with wrong_usage():
            resolve_extractor(name, "")
    return name


def _embedder(name: str | None) -> str | None:
    from server.settings.specs import resolve_embedder

    if name is not None:
        with wrong_usage():
            resolve_embedder(name, "")
    return name


def _amount(text: str | None) -> str | None:
    """Whether the prices are known that a budget of money needs, the settings say later."""
    from kg.jobs import Prices
    from server.budgets import budget_of

    if text is not None:
        with wrong_usage():
            budget_of(text, Prices(input=1.0, output=1.0))
    return text


QuestionText: TypeAlias = Annotated[
    str,
    typer.Argument(metavar="QUESTION", callback=question, help="The question.", show_default=False),
]
CollectionName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--collection",
        "-c",
        metavar="NAME",
        callback=_named,
        help="The collection. Default: the setting `collection`.",
        show_default=False,
    ),
]
AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]
ModeName: TypeAlias = Annotated[
    str,
    typer.Option(
        "--mode", "-m", callback=_mode, help=f"How passages are ranked: {', '.join(MODES)}."
    ),
]
ExtractorName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--extractor",
        metavar="NAME",
        callback=extractor,
        help="The extractor of entities and facts: spacy[:MODEL], llm[:MODEL] or precomputed:FILE.",
        show_default=False,
    ),
]
EmbedderName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        metavar="NAME",
        callback=_embedder,
        help="The embedder: minilm, onnx:PATH, sentence-transformers:NAME or openai[:MODEL].",
        show_default=False,
    ),
]
PassageTokens: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--passage-tokens",
        metavar="N",
        min=0,
        help="The longest passage, in the embedder's tokens; 0 keeps documents whole.",
        show_default=False,
    ),
]
OverlapTokens: TypeAlias = Annotated[
    int | None,
    typer.Option(
        "--overlap-tokens",
        metavar="N",
        min=0,
        help="How much of the end of a passage the next one repeats, in tokens.",
        show_default=False,
    ),
]
BudgetAmount: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--budget",
        metavar="AMOUNT",
        callback=_amount,
        help="The most that a chat model may cost: money (2.50) or tokens (500000tokens, 500kt).",
        show_default=False,
    ),
]
