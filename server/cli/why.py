"""`ammon why`: why a passage ranks where it does, and where it would rank without something."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from server.cli import options
from server.cli.context import opened

if TYPE_CHECKING:
    from retrieval.counterfactual import Counterfactual
    from retrieval.receipt import Receipt
    from retrieval.retriever import Retriever
    from server.core import Core

_LAST = 1_000_000
"""The lowest rank that can be asked for."""


def _rank_or_key(text: str | None) -> str | None:
    """A rank, or what names a passage. Raises: BadParameter for a number that is no rank."""
    if text is None or not text.isdecimal():
        return text
    if len(text) > len(str(_LAST)) or not 1 <= int(text) <= _LAST:
        raise typer.BadParameter(
            f"{text} is not a rank: give a number from 1 (the best passage) to {_LAST:,}."
        )
    return text


_Passage: TypeAlias = Annotated[
    str,
    typer.Argument(
        callback=_rank_or_key,
        help="A rank, a passage's id, or a document's id or source. A number is always a rank: a "
        "document whose source is a number is named by its id.",
    ),
]
_Answer: TypeAlias = Annotated[
    bool, typer.Option("--answer", help="Explain all passages down to that rank.")
]
_Picture: TypeAlias = Annotated[
    Path | None,
    typer.Option("--picture", metavar="FILE.svg", help="Draw the explanation as SVG."),
]
_WithoutEntity: TypeAlias = Annotated[
    str | None, typer.Option(metavar="NAME", help="Show its rank without a name.")
]
_WithoutPassage: TypeAlias = Annotated[
    str | None,
    typer.Option(
        metavar="PASSAGE",
        callback=_rank_or_key,
        help="… without another passage or document, named in the same way.",
    ),
]
_WithoutFact: TypeAlias = Annotated[
    str | None,
    typer.Option(metavar="FACT", help="… without a fact: 'subject — relation — object'."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: ammon why "
        '"Who taught the founder of the Montreal Neurological Institute?" 2 '
        '--picture why.svg --without-entity "Wilder Penfield"'
    )(why)


def why(
    context: typer.Context,
    question: options.QuestionText,
    passage: _Passage = "1",
    collection: options.CollectionName = None,
    mode: options.ModeName = "ammon",
    answer: _Answer = False,
    picture: _Picture = None,
    without_entity: _WithoutEntity = None,
    without_passage: _WithoutPassage = None,
    without_fact: _WithoutFact = None,
    as_json: options.AsJson = False,
) -> None:
    """Explain why a passage was found: each part of its score, with the sentences behind it."""
    from dataclasses import asdict

    from server.cli.output import print_json

    left_out = _left_out(
        without_entity=without_entity, without_passage=without_passage, without_fact=without_fact
    )
    if picture is not None and picture.suffix.lower() != ".svg":
        raise typer.BadParameter(f"{picture} must end in .svg: pictures are SVG files.")
    with opened(context) as core:
        retriever = _asked(core, collection or core.settings.collection, question)
        receipts = _receipts(retriever, question, passage, mode=mode, answer=answer)
        changed = None
        if left_out:
            if without_passage and without_passage.isdecimal():
                ranked = _receipts(retriever, question, without_passage, mode=mode, answer=False)
                left_out["without_passage"] = ranked[0].passage_id
            last = receipts[-1].passage_id
            changed = retriever.counterfactual(question, last, mode=mode, **left_out)
    if picture is not None:
        _draw(question, receipts, picture)
    if as_json:
        body: dict[str, Any] = {"question": question, "mode": mode}
        body["receipts"] = [asdict(receipt) for receipt in receipts]
        body["counterfactual"] = None if changed is None else asdict(changed)
        print_json(body)
        return
    _print(receipts, changed, picture)


def _left_out(**named: str | None) -> dict[str, str]:
    """What to leave out. Raises: BadParameter if it is blank, as from an unset variable, or if it
    is more than one thing."""
    given = {option: value for option, value in named.items() if value is not None}
    flags = [f"--{option.replace('_', '-')}" for option in given]
    for flag, value in zip(flags, given.values(), strict=True):
        if not value.strip():
            raise typer.BadParameter(
                f"{flag} is empty: name what to leave out, or remove the option."
            )
    if len(flags) > 1:
        raise typer.BadParameter(
            f"{' and '.join(flags)} were given, and only one of them can be: ask for each by "
            "itself."
        )
    return given


def _asked(core: "Core", collection: str, question: str) -> "Retriever":
    """Raises: InputError if no passages are found; it gives the same reason as `query`."""
    from kg.errors import InputError

    retriever = core.retriever(collection)
    if retriever is None or not len(retriever.snapshot.passages.id):
        (found,) = core.query_many(collection, [question])
        raise InputError(" ".join(found.explanation.notes))
    return retriever


def _receipts(
    retriever: "Retriever", question: str, key: str, *, mode: str, answer: bool
) -> "tuple[Receipt, ...]":
    """The receipts of one passage, or of all passages down to that rank."""
    from kg.errors import InputError

    if not key.isdecimal():
        found = retriever.receipts(question, mode=mode, passages=[key])
        return retriever.receipts(question, mode=mode, k=found[0].rank) if answer else found
    rank = int(key)
    found = retriever.receipts(question, mode=mode, k=rank)
    if len(found) < rank:
        raise InputError(f"There is no passage at rank {rank}: only {len(found)} are ranked.")
    return found if answer else found[-1:]


def _draw(question: str, receipts: "tuple[Receipt, ...]", file: Path) -> None:
    from kg.errors import InputError
    from retrieval.picture import picture

    try:
        file.write_text(picture(question, receipts), encoding="utf-8")
    except OSError as error:
        raise InputError(f"The picture cannot be written to {str(file)!r}: {error}.") from error


def _print(
    receipts: "tuple[Receipt, ...]", changed: "Counterfactual | None", picture: Path | None
) -> None:
    from rich.text import Text

    from server.cli.counterfactual import counterfactual_lines
    from server.cli.output import console, printable
    from server.cli.receipt import receipt_lines

    out = console()
    for receipt in receipts:
        heading, *parts = receipt_lines(receipt)
        out.print(Text(printable(heading), style="bold"))
        for part in parts:
            out.print(Text(f"  {printable(part)}"))
    for line in counterfactual_lines(changed) if changed is not None else ():
        out.print(Text(printable(line)))
    if picture is not None:
        out.print(Text(f"Drawn: {picture}", style="dim"))
