"""Questions."""

from typing import Annotated, TypeAlias

from fastapi import APIRouter
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    StrictBool,
    StringConstraints,
)

from kg.errors import InputError
from retrieval.modes import MODES, check_mode
from retrieval.question import LONGEST
from retrieval.results import Retrieval
from server.aids import AidOptions
from server.http.dependencies import CollectionPath, TheCore
from server.http.problems import responses
from server.http.routers.receipt import ReceiptOut
from server.http.wording import NOT_BLANK
from server.reports.retrieval_json import retrieval_json

router = APIRouter(prefix="/collections/{name}", tags=["query"])


def _known(mode: str) -> str:
    try:
        check_mode(mode)
    except InputError as error:
        raise ValueError(str(error)) from error
    return mode


def _no_text(value: object) -> object:
    """3.0 is a whole number in JSON; "3" and true are not."""
    if isinstance(value, (bool, str)):
        raise ValueError("must be a whole number")
    return value


_Passages: TypeAlias = Annotated[int, BeforeValidator(_no_text)]
_QuestionText: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=LONGEST, pattern=NOT_BLANK)
]
_ModeName: TypeAlias = Annotated[
    str,
    AfterValidator(_known),
    Field(description="How passages are ranked.", json_schema_extra={"enum": list(MODES)}),
]


class QuestionIn(BaseModel):
    """A question."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"question": "Who taught the discoverer of place cells?", "k": 5}]
        },
    )

    question: _QuestionText
    mode: _ModeName = "ammon"
    k: _Passages = Field(default=10, ge=1, le=200, description="How many passages.")
    explain: StrictBool = Field(default=True, description="Whether to return an explanation.")
    receipts: StrictBool = Field(
        default=False,
        description="Whether to return a receipt for each passage: the parts of its score.",
    )
    bridges: StrictBool | None = Field(
        default=None,
        description="Whether a chat model splits the question into steps, which are searched for "
        "too. Default: the server's setting.",
    )
    recognition: StrictBool | None = Field(
        default=None,
        description="Whether a chat model moves the passages that help to the top. Default: the "
        "server's setting.",
    )
    rerank: StrictBool | None = Field(
        default=None,
        description="Whether the reranker re-orders the results. Default: the server's setting.",
    )


class QuestionsIn(BaseModel):
    """Several questions with the same options."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"questions": ["Who discovered place cells?"], "k": 5}]},
    )

    questions: list[_QuestionText] = Field(min_length=1, max_length=256)
    mode: _ModeName = "ammon"
    k: _Passages = Field(
        default=10, ge=1, le=200, description="Number of passages for each question."
    )
    explain: StrictBool = Field(default=False, description="Whether to return an explanation.")


def _none_if_empty(value: object) -> object:
    return None if value == "" else value


class CitationOut(BaseModel):
    """A place where a passage occurs."""

    document_id: str = Field(
        description="Id of the document.", examples=["doc-5b0f0c1d2e3f405162738495"]
    )
    source: str = Field(description="The document's source.", examples=["john-okeefe.md"])
    title: str = Field(description="The document's title.", examples=["John O'Keefe"])
    start: int = Field(description="Offset in the document's text.", examples=[0])
    end: int = Field(description="Offset after the last character.", examples=[412])
    page: int | None = Field(
        description="Counted from 1; null if the format has no pages.", examples=[None]
    )
    metadata: dict[str, JsonValue] = Field(description="The document's metadata.")
    observed_at: Annotated[str | None, BeforeValidator(_none_if_empty)] = Field(
        description="ISO 8601; null if the document has none.", examples=[None]
    )


class SpanOut(BaseModel):
    """A part of a passage's text."""

    start: int = Field(description="Offset in the passage's text.", examples=[0])
    end: int = Field(description="Offset after the last character.", examples=[39])


class HitOut(BaseModel):
    """A passage that was found."""

    rank: int = Field(description="1 for the best.", examples=[1])
    score: float = Field(
        description="Comparable within one answer only. Descending to four decimals, unless a chat "
        "model or a reranker changed the order.",
        examples=[0.173],
    )
    passage_id: str = Field(examples=["psg-5b0f0c1d2e3f405162738495"])
    title: str = Field(description="The title of its document.", examples=["John O'Keefe"])
    heading: str = Field(description="The headings that it is under, or ''.", examples=[""])
    text: str = Field(description="The passage.")
    citations: list[CitationOut] = Field(
        description="All places where its text occurs, also under other titles; its own first."
    )
    similarity: float | None = Field(
        description="How well the passage fits the question by itself, -1 to 1: half its own "
        "cosine with the question and half its best sentence's. Unlike the score, it can be "
        "compared between questions (with the same embedder). Null in mode bm25.",
        examples=[0.61],
    )
    sentence: SpanOut | None = Field(
        description="Where in the text the sentence nearest to the question is. Null in mode bm25."
    )
    receipt: ReceiptOut | None = Field(
        default=None, description="Why the passage is there, if receipts were requested."
    )


class UsedEntityOut(BaseModel):
    """An entity that the question was linked to, or that the walk went through."""

    name: str = Field(examples=["John O'Keefe"])
    role: str = Field(description="'question', 'seed' or 'bridge'.", examples=["bridge"])
    weight: float = Field(
        description="0 to 1, comparable among entities of the same role.", examples=[0.4]
    )


class UsedFactOut(BaseModel):
    """A fact that supports the result."""

    subject: str = Field(examples=["John O'Keefe"])
    relation: str = Field(examples=["discovered"])
    object: str = Field(examples=["place cells"])
    score: float = Field(description="How well it fits the question.", examples=[0.8])
    passage_ids: list[str] = Field(description="The passages found that state it.")


class ExplanationOut(BaseModel):
    """What led to a result."""

    entities: list[UsedEntityOut] = Field(description="By role, the heaviest first.")
    facts: list[UsedFactOut] = Field(description="The best first.")
    clauses: list[str] = Field(
        description="The clauses that the question was split into; empty if it was not split."
    )


class AnswerOut(BaseModel):
    """The passages that together answer a question."""

    question: str
    collection: str = Field(examples=["papers"])
    revision: int = Field(description="The revision that was searched.", examples=[12])
    mode: str = Field(examples=["ammon"])
    hits: list[HitOut] = Field(description="The best first.")
    explanation: ExplanationOut | None = Field(description="Null unless it was requested.")
    notes: list[str] = Field(description="Remarks on this result, for people.")
    timings: dict[str, float] = Field(
        description="In milliseconds.", examples=[{"embedding": 9.5, "retrieval": 3.1}]
    )


class AnswersOut(BaseModel):
    """An answer for each question, in the order of the questions."""

    answers: list[AnswerOut]


@router.post("/query", summary="Ask a question", responses=responses(404))
def ask(name: CollectionPath, asked: QuestionIn, core: TheCore) -> AnswerOut:
    """Find the passages that together answer a question.

    A collection without a snapshot returns no passages and a note.
    """
    aids = AidOptions(bridges=asked.bridges, recognition=asked.recognition, rerank=asked.rerank)
    found = core.query(
        name, asked.question, mode=asked.mode, k=asked.k, receipts=asked.receipts, aids=aids
    )
    return _out(found, explain=asked.explain)


@router.post("/query:batch", summary="Ask several questions", responses=responses(404))
def ask_many(name: CollectionPath, asked: QuestionsIn, core: TheCore) -> AnswersOut:
    """Find the passages for each of several questions.

    The questions are embedded together, which is faster for all of them, not for the first. All
    answers are from one revision. Neither a chat model nor a reranker is used.
    """
    found = core.query_many(name, asked.questions, mode=asked.mode, k=asked.k)
    return AnswersOut(answers=[_out(one, explain=asked.explain) for one in found])


def _out(found: Retrieval, *, explain: bool) -> AnswerOut:
    body = retrieval_json(found)
    return AnswerOut.model_validate(body if explain else {**body, "explanation": None})
