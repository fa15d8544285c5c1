"""`ammon query`: a question, and the passages that answer it together."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from server.cli import options
from server.cli.context import opened
from server.cli.questions import QuestionLines, errors_on_a_line

if TYPE_CHECKING:
    from server.aids import AidOptions
    from server.core import Core

_Question: TypeAlias = Annotated[
    str | None,
    typer.Argument(
        metavar="QUESTION", callback=options.question, help="The question.", show_default=False
    ),
]
_Questions: TypeAlias = Annotated[
    typer.FileText | None,
    typer.Option(
        encoding="utf-8-sig",
        metavar="FILE",
        help="Ask each line of a file instead, '-' for standard input; with --json, an object a "
        "line. A line that cannot be asked gives an error with its number, and exit code 1.",
        show_default=False,
    ),
]


def _some(k: int) -> int:
    """The number, unchanged. Raises: BadParameter if it is below 1."""
    from retrieval.checks import check_k

    with options.wrong_usage():
        check_k(k)
    return k


_K: TypeAlias = Annotated[
    int, typer.Option("--k", "-k", callback=_some, help="Number of passages; any number.")
]
_Explain: TypeAlias = Annotated[
    bool,
    typer.Option("--explain", help="Show whole passages, and all that led to them with weights."),
]
_Bridges: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--bridges/--no-bridges",
        help="Let a chat model split the question into steps, which are searched for too "
        "(default: the setting).",
        show_default=False,
    ),
]
_Recognition: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--recognition/--no-recognition",
        help="Let a chat model move the passages that help to the top (default: the setting).",
        show_default=False,
    ),
]
_Rerank: TypeAlias = Annotated[
    bool | None,
    typer.Option(
        "--rerank/--no-rerank",
        help="Re-order the results with the reranker (default: the setting).",
        show_default=False,
    ),
]
_Neo4jLink: TypeAlias = Annotated[
    bool, typer.Option("--neo4j-link", help="Print a link that shows the answer in Neo4j Browser.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog='Example: ammon query "Where did the teacher of Eric Kandel study?" -k 5 --explain'
    )(query)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Options:
    """How questions are asked, and how answers are printed."""

    collection: str
    mode: str
    k: int
    aids: "AidOptions"
    explain: bool
    neo4j_link: bool
    as_json: bool


def query(
    context: typer.Context,
    question: _Question = None,
    questions: _Questions = None,
    collection: options.CollectionName = None,
    mode: options.ModeName = "ammon",
    k: _K = 5,
    explain: _Explain = False,
    bridges: _Bridges = None,
    recognition: _Recognition = None,
    rerank: _Rerank = None,
    neo4j_link: _Neo4jLink = False,
    as_json: options.AsJson = False,
) -> None:
    """Ask a question: shows the best passages, what led to them, and what to try next."""
    from server.aids import AidOptions
    from server.cli.output import print_line
    from server.reports.browser_link import check_neo4j

    if (question is None) == (questions is None):
        raise typer.BadParameter("Give either a QUESTION or a file with --questions.")
    asked = [question or ""] if questions is None else QuestionLines(questions, as_json)
    with errors_on_a_line() if as_json and questions else nullcontext(), opened(context) as core:
        if neo4j_link:
            check_neo4j(core.settings)
        options = _Options(
            collection=collection or core.settings.collection,
            mode=mode,
            k=k,
            aids=AidOptions(bridges=bridges, recognition=recognition, rerank=rerank),
            explain=explain,
            neo4j_link=neo4j_link,
            as_json=as_json,
        )
        for number, one in enumerate(asked):
            if questions is not None and not as_json:
                print_line(f"{chr(10) * min(number, 1)}Question: {one}\n")
            _answer(core, one, options, line=questions is not None)
    if isinstance(asked, QuestionLines) and asked.refused:
        raise typer.Exit(1)


def _answer(core: "Core", question: str, options: _Options, *, line: bool) -> None:
    from server.cli.answer import print_answer
    from server.cli.output import print_json, print_line, print_warning
    from server.reports.browser_link import browser_link
    from server.reports.retrieval_json import retrieval_json
    from server.reports.up_to_date import sees_all

    name = options.collection
    found = core.query(name, question, mode=options.mode, k=options.k, aids=options.aids)
    link = browser_link(core.settings, found) if options.neo4j_link and found.hits else None
    present = core.store.collection(name)
    behind = found.revision != present.revision and not sees_all(core, present)
    if options.as_json:
        print_json(
            retrieval_json(found) | ({"neo4j_link": link} if options.neo4j_link else {}), line=line
        )
        return
    if behind and present.settings.transition.swapping and found.hits:
        print_warning(f"{name!r} is being re-indexed: this answer is from its old index.")
    elif behind and found.hits:
        print_warning(
            f"The newest documents are not searchable yet: ammon rebuild --collection {name!r}"
        )
    embedder = "" if behind else present.settings.embedder
    print_answer(found, k=options.k, explain=options.explain, embedder=embedder)
    if link:
        print_line(f"\nIn Neo4j Browser: {link}")
