"""`ammon eval`: how good retrieval is, on data with gold passages."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from server.cli import options
from server.cli.context import load_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from retrieval.significance import Difference
    from server.evaluation import Dataset, Report

_Folder: TypeAlias = Annotated[
    Path,
    typer.Argument(
        metavar="DATASET_FOLDER",
        help="A folder with corpus.jsonl (or documents/) and queries.jsonl.",
        show_default=False,
    ),
]


def _extractor(name: str) -> str:
    if name != "precomputed":  # which alone means the folder's own file
        options.extractor(name)
    return name


_Extractor: TypeAlias = Annotated[
    str,
    typer.Option(
        callback=_extractor,
        help="spacy[:MODEL], llm[:MODEL], precomputed (the folder's openie.jsonl) or "
        "precomputed:FILE.",
    ),
]
_With: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--with",
        metavar="FOLDER",
        help="Variant: add this data set's corpus, without its questions. May be repeated.",
        show_default=False,
    ),
]
_Untitled: TypeAlias = Annotated[
    bool, typer.Option("--untitled", help="Variant: remove the documents' titles.")
]
_Lower: TypeAlias = Annotated[
    bool, typer.Option("--lower", help="Variant: lower-case questions, titles and texts.")
]
_Pieces: TypeAlias = Annotated[
    int | None,
    typer.Option(
        metavar="N",
        min=1,
        help="Variant: cut documents into passages of N sentences; a document ranks where its "
        "best passage does.",
        show_default=False,
    ),
]
_PerQuestion: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Write each question with its figures and the ranks of its gold passages, as JSONL.",
        show_default=False,
    ),
]
_Against: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        help="Compare with an earlier run's --per-question file: mean differences with 95 % "
        "intervals, by a paired bootstrap over the questions.",
        show_default=False,
    ),
]
_Bridges: TypeAlias = Annotated[
    bool, typer.Option("--bridges", help="Let a chat model split each question into steps.")
]
_GoldSteps: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--gold-steps",
        help="The same with the data set's own steps ('hops'): the most that bridges can add.",
    ),
]
_Recognition: TypeAlias = Annotated[
    bool,
    typer.Option("--recognition", help="Let a chat model move the passages that help to the top."),
]
_Rerank: TypeAlias = Annotated[
    bool, typer.Option("--rerank", help="Use the reranker from the settings.")
]
_Convert: TypeAlias = Annotated[
    tuple[str, Path] | None,
    typer.Option(
        metavar="KIND FILE",
        help="First make the folder from a public data set's file: musique, hotpotqa or 2wiki.",
        show_default=False,
    ),
]
_Limit: TypeAlias = Annotated[
    int | None,
    typer.Option(min=1, help="With --convert: only the first N questions."),
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        "eval",
        epilog="Examples: ammon eval bench/sample --mode hipporag2 · "
        "ammon eval musique/ --convert musique musique_ans_v1.0_dev.jsonl · "
        "ammon eval musique/ --mode dense --per-question dense.jsonl && "
        "ammon eval musique/ --against dense.jsonl",
    )(evaluate)


def evaluate(
    dataset: _Folder,
    mode: options.ModeName = "ammon",
    extractor: _Extractor = "spacy",
    joined: _With = None,
    untitled: _Untitled = False,
    lower: _Lower = False,
    pieces: _Pieces = None,
    per_question: _PerQuestion = None,
    against: _Against = None,
    bridges: _Bridges = False,
    gold_steps: _GoldSteps = False,
    recognition: _Recognition = False,
    rerank: _Rerank = False,
    convert: _Convert = None,
    limit: _Limit = None,
    as_json: options.AsJson = False,
) -> None:
    """Ingest a data set into its own collection (once), ask its questions, and score the answers.

    Recall, nDCG and MRR in percent; times in milliseconds. docs/retrieval.md describes the
    folder's format.
    """
    from server.aids import AidOptions
    from server.cli.progress import shown_progress
    from server.evaluation import (
        check_writable,
        compare,
        read_dataset,
        read_scores,
        write_scores,
    )
    from server.evaluation import evaluate as measure

    settings = load_settings().settings
    _convert(dataset, convert, limit, quiet=as_json)
    theirs = read_scores(against) if against else None
    chosen = _varied(read_dataset(dataset), joined or [], untitled, lower, pieces)
    if per_question:
        check_writable(per_question)
    with shown_progress() as progress:
        report = measure(
            chosen,
            settings,
            mode=mode,
            extractor=extractor,
            aids=AidOptions(bridges=bridges or gold_steps, recognition=recognition, rerank=rerank),
            gold_steps=gold_steps,
            progress=progress,
        )
    if per_question:
        write_scores(per_question, report, {one.id: one.question for one in chosen.queries})
    differences = compare(report.scores, theirs) if theirs is not None else {}
    if as_json:
        _print_json(report, differences)
    else:
        _print(report)
        _print_differences(differences, against)


def _convert(
    folder: Path, convert: tuple[str, Path] | None, limit: int | None, *, quiet: bool
) -> None:
    from kg.errors import InputError
    from server.evaluation.convert import convert as make_folder

    if convert is None:
        if limit is None:
            return
        raise typer.BadParameter("--limit needs --convert.")
    for file in (folder / "corpus.jsonl", folder / "queries.jsonl"):
        if file.exists():
            raise InputError(
                f"{str(file)!r} exists and is not overwritten: name another folder, or leave out "
                "--convert to use the existing one."
            )
    passages, questions = make_folder(*convert, folder, limit=limit)
    if not quiet:
        typer.echo(f"{folder}: {passages} passages, {questions} questions", err=True)


def _varied(
    dataset: "Dataset", others: list[Path], untitled: bool, lower: bool, pieces: int | None
) -> "Dataset":
    from server.evaluation import read_dataset, variants

    if others:
        dataset = variants.joined(dataset, [read_dataset(folder) for folder in others])
    if untitled:
        dataset = variants.untitled(dataset)
    if lower:
        dataset = variants.lower(dataset)
    if pieces:
        dataset = variants.in_pieces(dataset, pieces)
    return dataset


def _print_json(report: "Report", differences: "Mapping[str, Difference]") -> None:
    from dataclasses import asdict

    from server.cli.output import print_json

    value = asdict(report)
    del value["scores"]  # question by question: that is what --per-question writes
    if differences:
        value["differences"] = {name: asdict(found) for name, found in differences.items()}
    print_json(value)


def _print(report: "Report") -> None:
    from rich.table import Table

    from server.cli.output import console, counted

    out = console()
    variant = f" ({report.variant})" if report.variant else ""
    out.print(
        f"{report.dataset}{variant}: {report.questions} questions over {report.passages} passages, "
        f"mode {report.mode}, extractor {report.extractor}"
    )
    if report.without_gold:
        have = counted(report.without_gold, "question")
        out.print(f"(and {have} without gold passages, not in the figures)")
    table = Table(box=None, pad_edge=False)
    rows = [
        *(
            (name, f"{mean:.1f} %", _interval(report.intervals[name]))
            for name, mean in _means(report).items()
        ),
        ("indexing", f"{report.index_seconds:.1f} s", ""),
        ("embedding a question", _times(report.embedding_ms), ""),
        ("everything else", _times(report.question_ms), ""),
        ("peak memory", f"{report.peak_rss_mb:.0f} MB", ""),
    ]
    if report.failed_aids:
        rows.append(("aids that failed", str(report.failed_aids), ""))
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("95 % interval", justify="right")
    for row in rows:
        table.add_row(*row)
    out.print(table)


def _print_differences(differences: "Mapping[str, Difference]", against: Path | None) -> None:
    from rich.table import Table

    from server.cli.output import console

    if not differences:
        return
    table = Table(box=None, pad_edge=False)
    table.add_column(f"against {against}")
    table.add_column("difference", justify="right")
    table.add_column("95 % interval", justify="right")
    table.add_column("")
    for name, found in differences.items():
        certain = "" if found.certain else "may be chance"
        interval = ""
        if found.low is not None and found.high is not None:
            interval = f"{_signed(found.low)} … {_signed(found.high)}"
        table.add_row(name, _signed(found.mean), interval, certain)
    console().print(table)


def _means(report: "Report") -> dict[str, float]:
    """The figures of a report by their names."""
    return {
        **{f"recall@{k}": value for k, value in report.recall.items()},
        **{f"all_gold@{k}": value for k, value in report.all_gold.items()},
        "ndcg@10": report.ndcg_at_10,
        "mrr": report.mrr,
    }


def _interval(interval: tuple[float, float] | None) -> str:
    return f"{interval[0]:.1f} … {interval[1]:.1f}" if interval else ""


def _signed(difference: float) -> str:
    """'+1.2', '-0.3', and '+0.0' for what rounds to nothing from either side."""
    return f"{round(difference, 1) + 0.0:+.1f}"


def _times(milliseconds: dict[str, float]) -> str:
    return f"{milliseconds['p50']:.1f} ms (p95 {milliseconds['p95']:.1f})"
