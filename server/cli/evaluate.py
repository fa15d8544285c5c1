"""`ammon eval`: how good retrieval is, on data with gold passages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.cli import options
from server.cli.context import load_settings

if TYPE_CHECKING:
    from server.evaluation import Report


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "eval",
        epilog="Examples: ammon eval bench/sample --mode hipporag2 · "
        "ammon eval musique/ --convert musique musique_ans_v1.0_dev.jsonl",
    )(evaluate)


def evaluate(
    dataset: Annotated[
        Path,
        typer.Argument(
            metavar="DATASET_FOLDER",
            help="A folder with corpus.jsonl (or documents/) and queries.jsonl.",
            show_default=False,
        ),
    ],
    mode: Annotated[
        str, typer.Option("--mode", "-m", help="ammon, hipporag2, hipporag, dense or bm25.")
    ] = "ammon",
    extractor: Annotated[
        str,
        typer.Option(
            help="spacy[:MODEL], llm[:MODEL], precomputed (the folder's openie.jsonl) or "
            "precomputed:FILE."
        ),
    ] = "spacy",
    convert: Annotated[
        tuple[str, Path] | None,
        typer.Option(
            metavar="KIND FILE",
            help="First make the folder from a public data set's own file: musique, hotpotqa or "
            "2wiki.",
            show_default=False,
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="With --convert: only the first so many questions."),
    ] = None,
    as_json: options.AsJson = False,
) -> None:
    """Ingest a data set into a collection of its own (once), ask its questions, score the answers.

    Recall, nDCG and MRR in percent; times in milliseconds; the folder's format is in docs.
    """
    from dataclasses import asdict

    from server.cli.output import print_error, print_json
    from server.cli.progress import shown_progress
    from server.evaluation import evaluate as measure
    from server.evaluation import read_dataset
    from server.evaluation.convert import convert as make_folder

    settings = load_settings().settings
    if convert is not None:
        passages, questions = make_folder(*convert, dataset, limit=limit)
        if not as_json:
            typer.echo(f"{dataset}: {passages} passages, {questions} questions", err=True)
    elif limit is not None:
        print_error("--limit goes with --convert.")
        raise typer.Exit(2)
    with shown_progress() as progress:
        report = measure(
            read_dataset(dataset), settings, mode=mode, extractor=extractor, progress=progress
        )
    if as_json:
        print_json(asdict(report))
    else:
        _print(report)


def _print(report: "Report") -> None:
    from rich.table import Table

    from server.cli.output import console

    out = console()
    out.print(
        f"{report.dataset}: {report.questions} questions over {report.passages} passages, "
        f"mode {report.mode}, extractor {report.extractor}"
    )
    table = Table(box=None, pad_edge=False)
    rows = [
        *((f"recall@{k}", f"{value:.1f} %") for k, value in report.recall.items()),
        *((f"all gold in {k}", f"{value:.1f} %") for k, value in report.all_gold.items()),
        ("nDCG@10", f"{report.ndcg_at_10:.1f} %"),
        ("MRR", f"{report.mrr:.1f} %"),
        ("indexing", f"{report.index_seconds:.1f} s"),
        ("embedding a question", _times(report.embedding_ms)),
        ("all else", _times(report.question_ms)),
        ("peak memory", f"{report.peak_rss_mb:.0f} MB"),
    ]
    table.add_column("figure")
    table.add_column("value", justify="right")
    for row in rows:
        table.add_row(*row)
    out.print(table)


def _times(milliseconds: dict[str, float]) -> str:
    return f"{milliseconds['p50']:.1f} ms (p95 {milliseconds['p95']:.1f})"
