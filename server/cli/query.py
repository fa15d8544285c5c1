"""`ammon query`: a question, and the passages that answer it together."""

from typing import Annotated

import typer

from server.cli import options
from server.cli.context import opened


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog='Example: ammon query "Where did the teacher of Eric Kandel study?" -k 5 --explain'
    )(query)


def query(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question.", show_default=False)],
    collection: options.CollectionName = None,
    mode: options.ModeName = "ammon",
    k: Annotated[int, typer.Option("--k", "-k", min=1, help="How many passages.")] = 5,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show all that led there, with its weight.")
    ] = False,
    bridges: Annotated[
        bool | None,
        typer.Option(
            "--bridges/--no-bridges",
            help="Whether a chat model names the question's steps, which are searched for too "
            "(unless given: the setting).",
            show_default=False,
        ),
    ] = None,
    recognition: Annotated[
        bool | None,
        typer.Option(
            "--recognition/--no-recognition",
            help="Whether a chat model puts first what helps (likewise).",
            show_default=False,
        ),
    ] = None,
    rerank: Annotated[
        bool | None,
        typer.Option(
            "--rerank/--no-rerank",
            help="Whether the reranker has a say (likewise).",
            show_default=False,
        ),
    ] = None,
    neo4j_link: Annotated[
        bool, typer.Option("--neo4j-link", help="Print where Neo4j Browser shows what was found.")
    ] = False,
    as_json: options.AsJson = False,
) -> None:
    """Ask a question: passages in order, what led to them, and what to try next."""
    from dataclasses import asdict

    from server.aids import WantedAids
    from server.browser_link import browser_link, check_neo4j
    from server.cli.answer import print_answer
    from server.cli.output import print_json, print_line, print_warning

    with opened(context) as core:
        if neo4j_link:
            check_neo4j(core.settings)
        name = collection or core.settings.collection
        aids = WantedAids(bridges=bridges, recognition=recognition, rerank=rerank)
        found = core.query(name, question, mode=mode, k=k, aids=aids)
        link = browser_link(core.settings, found) if neo4j_link and found.hits else None
        behind = found.revision != core.store.collection(name).revision
    if as_json:
        print_json(asdict(found) | ({"neo4j_link": link} if neo4j_link else {}))
    else:
        if behind and found.hits:
            print_warning(
                f"The newest documents are not seen yet: ammon rebuild --collection {name!r}"
            )
        print_answer(found, k=k, explain=explain)
        if link:
            print_line(f"\nIn Neo4j Browser: {link}")
