"""Options that several commands share."""

from typing import Annotated, TypeAlias

import typer

from retrieval.modes import MODES


def _named(name: str | None) -> str | None:
    """The name, unchanged. Raises: BadParameter if it is blank, as from an unset variable."""
    if name is not None and not name.strip():
        raise typer.BadParameter("the name is empty: give one, or leave out the option.")
    return name


QuestionText: TypeAlias = Annotated[
    str, typer.Argument(metavar="QUESTION", help="The question.", show_default=False)
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
    str, typer.Option("--mode", "-m", help=f"How passages are ranked: {', '.join(MODES)}.")
]
ExtractorName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--extractor",
        metavar="NAME",
        help="The extractor of entities and facts: spacy[:MODEL], llm[:MODEL] or precomputed:FILE.",
        show_default=False,
    ),
]
EmbedderName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--embedder",
        metavar="NAME",
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
        help="The most that a chat model may cost: money (2.50) or tokens (500000tokens, 500kt).",
        show_default=False,
    ),
]
