"""Figures for each question: written to a file, and compared with those of another run.

A line is `{"id", "question", "mode", "embedder", "recall@1", …, "ndcg@10", "mrr",
"ranks": {gold id: place or null}}`; figures are in percent.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from kg.errors import InputError
from retrieval.metrics import NAMES, Scores
from retrieval.significance import Difference, paired_bootstrap
from server.evaluation.run import Report


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")
    __pydantic_extra__: dict[str, float]

    id: str
    question: str = ""
    mode: str = ""
    embedder: str = ""
    ranks: dict[str, int | None]


def check_writable(path: Path) -> None:
    """Fail before hours of measuring, not after. An existing file is not changed. Raises:
    InputError if the file cannot be written."""
    try:
        path.open("a", encoding="utf-8").close()
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error}.") from error


def write_scores(path: Path, report: Report, questions: Mapping[str, str]) -> None:
    """Write one line for each question; `questions`: id -> text.

    Raises: InputError if the file cannot be written.
    """
    try:
        with path.open("w", encoding="utf-8") as file:
            for one in report.scores:
                about = {
                    "id": one.id,
                    "question": questions[one.id],
                    "mode": report.mode,
                    "embedder": report.embedder,
                }
                values = {name: one.values[name] for name in NAMES}
                row = {**about, **values, "ranks": dict(one.ranks)}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
    except OSError as error:
        raise InputError(f"Cannot write {path}: {error}.") from error


def read_scores(path: Path) -> list[Scores]:
    """Read what `write_scores` wrote. Raises: InputError naming the file and line at fault."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error}.") from error
    return [
        _read(line, f"{path}:{number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]


def compare(ours: Sequence[Scores], theirs: Sequence[Scores]) -> Mapping[str, Difference]:
    """For each figure, the difference of ours minus theirs over the same questions.

    Raises: InputError if the two runs have not the same questions in the same order.
    """
    if [one.id for one in ours] != [one.id for one in theirs]:
        raise InputError(
            "The two runs cannot be compared: their questions differ, or are in another order. "
            "Compare runs of one data set, or of its variants."
        )
    return {
        name: paired_bootstrap(
            [one.values[name] for one in ours], [one.values[name] for one in theirs]
        )
        for name in NAMES
    }


def _read(line: bytes, place: str) -> Scores:
    try:
        row = _Row.model_validate_json(line)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"])) or "the line"
        raise InputError(f"{place}: {where}: {problem['msg']}") from error
    missing = [name for name in NAMES if name not in row.__pydantic_extra__]
    if missing:
        raise InputError(
            f"{place} lacks {', '.join(missing)}. Make the file with: ammon eval … --per-question"
        )
    return Scores(id=row.id, values=row.__pydantic_extra__, ranks=row.ranks)
