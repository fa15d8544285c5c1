"""`ammon query`: a question, and the passages that answer it together."""

from typing import Annotated, TypeAlias

import typer

from server.cli import options
from server.cli.context import opened

_K: TypeAlias = Annotated[
    int, typer.Option("--k", "-k", min=1, help="Number of passages; any number.")
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


def query(
    context: typer.Context,
    question: options.QuestionText,
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
    from server.aids import WantedAids
    from server.cli.answer import print_answer
    from server.cli.output import print_json, print_line, print_warning
    from server.reports.browser_link import browser_link, check_neo4j
    from server.reports.told import told

    with opened(context) as core:
        if neo4j_link:
            check_neo4j(core.settings)
        name = collection or core.settings.collection
        aids = WantedAids(bridges=bridges, recognition=recognition, rerank=rerank)
        found = core.query(name, question, mode=mode, k=k, aids=aids)
        link = browser_link(core.settings, found) if neo4j_link and found.hits else None
        present = core.store.collection(name)
        behind = found.revision != present.revision and not core.sees_all(present)
    if as_json:
        print_json(told(found) | ({"neo4j_link": link} if neo4j_link else {}))
    else:
        if behind and present.settings.transition.swapping and found.hits:
            print_warning(f"{name!r} is being re-indexed: this answer is from its old index.")
        elif behind and found.hits:
            print_warning(
                f"The newest documents are not searchable yet: ammon rebuild --collection {name!r}"
            )
        embedder = "" if behind else present.settings.embedder
        print_answer(found, k=k, explain=explain, embedder=embedder)
        if link:
            print_line(f"\nIn Neo4j Browser: {link}")
