"""Reading a data set: a folder with a corpus, questions, and their gold passages.

corpus.jsonl    {"id", "title", "text"} a line: each is one passage; or, in its place,
documents/      files of any format that Ammon reads; an id is a path below this folder
queries.jsonl   {"id", "question", "gold": [ids], "answers"?: [str],
                "hops"?: [{"question", "answer"}]} a line
openie.jsonl    {"id", "entities": [str], "triples": [[str, str, str]]} a line; optional
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, ValidationInfo, field_validator

from kg.errors import DocumentUnreadable, InputError
from kg.records import SourceDocument
from retrieval.question import LONGEST

_Model = TypeVar("_Model", bound=BaseModel)


class Hop(BaseModel):
    """A step of a question; `#1` in it stands for the answer of the first."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    question: str
    answer: str = ""


class Query(BaseModel):
    """A question, its gold passages and its answers."""

    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    id: str
    question: str
    gold: list[str]
    answers: list[str] = []
    hops: list[Hop] = []

    @field_validator("question")
    @classmethod
    def _says_something(cls, question: str, info: ValidationInfo) -> str:
        if not question.strip():
            raise ValueError(f"blank in {info.data.get('id', '')!r}. Write a question.")
        if len(question) > LONGEST:
            raise ValueError(
                f"{len(question):,} characters; at most {LONGEST:,} are allowed. Shorten it."
            )
        return question


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", coerce_numbers_to_str=True)

    id: str
    title: str = ""
    text: str

    @field_validator("text")
    @classmethod
    def _says_something(cls, text: str, info: ValidationInfo) -> str:
        if not text.strip():
            raise ValueError(
                f"blank in {info.data.get('id', '')!r}. Give it a text, or remove the line."
            )
        return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Dataset:
    """A corpus and its questions."""

    name: str
    documents: tuple[SourceDocument, ...]
    """Their ids are in `source`."""
    queries: tuple[Query, ...]
    whole: bool
    """Whether every document is one passage."""
    openie: Path | None
    """Precomputed extractions, if there are any."""
    variant: tuple[str, ...] = ()
    """How it differs from the contents of its folder (see `server.evaluation.variants`)."""
    parents: Mapping[str, str] = field(default_factory=dict)
    """Piece -> the document that it was cut from, which is ranked in its place."""


def read_dataset(folder: Path) -> Dataset:
    """Read a data set's folder. Raises: InputError naming the file and line at fault."""
    corpus, questions = folder / "corpus.jsonl", folder / "queries.jsonl"
    if not folder.is_dir():
        what = "is not a folder" if folder.exists() else "does not exist"
        raise InputError(
            f"{folder} {what}: name a folder with corpus.jsonl (or documents/) and queries.jsonl, "
            "or make one from a published data set with: ammon eval --convert"
        )
    if not questions.is_file():
        raise InputError(
            f"{folder} is not a data set folder: it has no queries.jsonl. Make one from a "
            "published data set with: ammon eval --convert"
        )
    whole = corpus.is_file()
    documents = tuple(_corpus(corpus) if whole else _files(folder / "documents"))
    queries = tuple(parsed(Query, questions))
    known, seen = {document.source for document in documents}, set[str]()
    for query in queries:
        if query.id in seen:
            raise InputError(
                f"{questions}: the id {query.id!r} occurs twice. Give each question its own id."
            )
        seen.add(query.id)
        missing = sorted(set(query.gold) - known)
        if missing:
            raise InputError(
                f"{questions}: question {query.id!r} has gold passages that are not in the "
                f"corpus: {', '.join(missing[:3])}"
            )
    openie = folder.resolve() / "openie.jsonl"
    return Dataset(
        name=folder.resolve().name,
        documents=documents,
        queries=queries,
        whole=whole,
        openie=openie if openie.is_file() else None,
    )


def _corpus(path: Path) -> Iterator[SourceDocument]:
    seen: set[str] = set()
    for row in parsed(_Row, path):
        if row.id in seen:
            raise InputError(
                f"{path}: the id {row.id!r} occurs twice. Give each passage its own id."
            )
        seen.add(row.id)
        yield SourceDocument(source=row.id, title=row.title, text=row.text)


def _files(folder: Path) -> Iterator[SourceDocument]:
    from indexer.loaders import LoadFailure, load

    if not folder.is_dir():
        raise InputError(
            f"{folder.parent} is not a data set folder: it has neither corpus.jsonl nor documents/."
        )
    for loaded in load([folder]):
        if not isinstance(loaded, LoadFailure):
            yield loaded
        elif not loaded.skipped:
            raise DocumentUnreadable(f"{loaded.source}: {loaded.reason}")


def parsed(model: type[_Model], path: Path) -> Iterator[_Model]:
    """The lines of a file of JSON Lines. Raises: InputError naming the line at fault."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            line = line.removeprefix(b"\xef\xbb\xbf")
            if line.strip():
                try:
                    yield model.model_validate_json(line)
                except ValidationError as error:
                    problem = error.errors()[0]
                    where = ".".join(map(str, problem["loc"])) or "the line"
                    said = problem["msg"].removeprefix("Value error, ")
                    raise InputError(f"{path}:{number}: {where}: {said}") from error
