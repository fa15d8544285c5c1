"""What requests about documents send, and get."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints

from kg.jobs import Budget
from server.budgets import checked
from server.core import Core
from server.http.wording import NOT_BLANK


class DocumentIn(BaseModel):
    """A text to ingest."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "source": "notes/engram.md",
                    "title": "Engram",
                    "text": "Richard Semon coined the word engram in 1904.",
                    "metadata": {"language": "en"},
                    "observed_at": "1904-01-01T00:00:00Z",
                }
            ]
        },
    )

    source: Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=NOT_BLANK)] = (
        Field(
            default_factory=str,  # the default is "", which clients cannot send
            description="Identifies the document: a later text with the same source replaces it. "
            "Default: a hash of title and text.",
        )
    )
    title: Annotated[str, StringConstraints(max_length=1000)] = ""
    text: Annotated[str, StringConstraints(min_length=1, pattern=NOT_BLANK)]
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    observed_at: datetime | None = Field(
        default=None, description="When the text was written, or when what it says was true."
    )


class Handling(BaseModel):
    """Options of a job."""

    priority: int = Field(
        default=0, ge=-1000, le=1000, description="Jobs with a higher priority are processed first."
    )
    budget_tokens: int | None = Field(
        default=None, ge=0, le=10**15, description="The most tokens that a chat model may use."
    )
    budget_cost: float | None = Field(
        default=None,
        ge=0,
        le=10**9,
        description="The most that a chat model may cost, in the currency of the prices.",
    )

    def budget(self, core: Core) -> Budget:
        """Raises: PricesUnknown for money whose prices are unknown."""
        return checked(
            Budget(tokens=self.budget_tokens, cost=self.budget_cost), core.pipeline.prices
        )


class FailureOut(BaseModel):
    """A file that could not be read."""

    source: str = Field(examples=["scan.pdf"])
    reason: str = Field(examples=["'scan.pdf' has no text: it may be a scan."])


class SubmissionOut(BaseModel):
    """What happened to submitted documents."""

    job: str | None = Field(
        description="The job that indexes them; null if none of them is new or changed.",
        examples=["job-5b0f0c1d2e3f405162738495a6b7c8d9"],
    )
    submitted: int = Field(description="New or changed.", examples=[1])
    unchanged: int = Field(description="Already indexed, and unchanged.", examples=[0])
    under_way: int = Field(description="Already being indexed by an earlier job.", examples=[0])
    superseded: list[str] = Field(
        description="Sources that occur more than once: the last of each is used.", examples=[[]]
    )
    failures: list[FailureOut] = Field(description="Files that could not be read.", examples=[[]])


class EstimateOut(BaseModel):
    """An estimate of what documents would cost."""

    documents: int = Field(description="New or changed.", examples=[60])
    unchanged: int = Field(examples=[0])
    passages: int = Field(
        description="Distinct passages of the new and changed documents.", examples=[140]
    )
    to_read: int = Field(description="Passages that have no extraction yet.", examples=[140])
    input_tokens: int = Field(
        description="Tokens sent to the chat model; 0 if none is needed.", examples=[150_000]
    )
    output_tokens: int = Field(description="Tokens that it would write.", examples=[40_000])
    cost: float | None = Field(
        description="In the currency of the prices; null if a price is unknown.",
        examples=[0.05],
    )


class DocumentSummary(BaseModel):
    """A document without its text."""

    id: str = Field(examples=["doc-5b0f0c1d2e3f405162738495"])
    source: str = Field(examples=["notes/engram.md"])
    title: str = Field(examples=["Engram"])
    media_type: str = Field(examples=["text/plain"])
    metadata: Mapping[str, JsonValue] = Field(examples=[{"language": "en"}])
    observed_at: datetime | None
    characters: int = Field(description="The length of its text.", examples=[45])


class DocumentOut(DocumentSummary):
    """A document."""

    text: str


class DocumentPage(BaseModel):
    """A page of documents, ordered by id."""

    documents: list[DocumentSummary]
    next_cursor: str | None = Field(
        description="Pass it as `cursor` to get the next page; null on the last page.",
        examples=["doc-5b0f0c1d2e3f405162738495"],
    )
