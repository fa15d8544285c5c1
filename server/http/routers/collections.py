"""Collections: corpora with graphs of their own."""

from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import quote

from fastapi import APIRouter, Response, status
from pydantic import BaseModel, ConfigDict, Field

from kg.records import Collection, CollectionSettings
from server.http.dependencies import CollectionPath, TheCore
from server.http.problems import responses
from server.indexing_options import IndexingOptions
from server.reports.collection_status import collection_status

router = APIRouter(prefix="/collections", tags=["collections"])


class CollectionIn(BaseModel):
    """A collection to create."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"name": "papers", "extractor": "spacy"}]}
    )

    name: Annotated[str, Field(min_length=1, max_length=100)]
    extractor: Literal["spacy", "llm"] | None = Field(
        default=None,
        description="The extractor of entities and facts. Default: the server's setting.",
    )
    max_tokens: int | None = Field(
        default=None, ge=0, le=100_000, description="The longest passage; 0 keeps documents whole."
    )
    overlap_tokens: int | None = Field(
        default=None, ge=0, le=100_000, description="How many tokens the next passage repeats."
    )


class SettingsOut(BaseModel):
    """How a collection is indexed."""

    extractor: str = Field(description="What extracts entities and facts.", examples=["spacy"])
    embedder: str = Field(description="What embeds texts and questions.", examples=["minilm"])
    max_tokens: int = Field(
        description="The longest passage; 0 keeps documents whole.", examples=[256]
    )
    overlap_tokens: int = Field(
        description="How many tokens of a passage the next one repeats.", examples=[0]
    )


class CollectionOut(BaseModel):
    """A collection."""

    name: str = Field(examples=["papers"])
    revision: int = Field(description="Increases with every change.", examples=[12])
    settings: SettingsOut
    upcoming: SettingsOut | None = Field(
        description="The settings it is being re-indexed with; null if it is not being re-indexed."
    )


class StatsOut(BaseModel):
    """What a collection contains, and how much of it queries see."""

    name: str = Field(examples=["papers"])
    revision: int = Field(examples=[12])
    published_revision: int | None = Field(
        description="The revision that queries are answered from.", examples=[12]
    )
    current: bool = Field(description="Whether queries see all documents.")
    snapshot: str | None = Field(
        description="The current snapshot; null if none is published.",
        examples=["r0000000012-5b0f0c1d"],
    )
    damage: str = Field(
        description="Why queries to it are refused, with the remedy; '' if they are not.",
        examples=[""],
    )
    rebuilding: bool = Field(
        description="Whether another one is being built in its place.", examples=[False]
    )
    waiting: int = Field(description="Documents queued or being indexed.", examples=[0])
    waiting_because: str = Field(
        description="Why documents wait, for example because the model cannot be reached; '' "
        "while they are worked on.",
        examples=[""],
    )
    counts: Mapping[str, int] = Field(
        description="Documents, passages, entities, facts, mentions, supports, synonyms, and "
        "quarantined passages.",
        examples=[{"documents": 60, "passages": 140, "entities": 900, "facts": 700}],
    )


@router.post(
    "",
    status_code=status.HTTP_201_CREATED,
    summary="Create a collection",
    responses=responses(409),
)
def create_collection(wanted: CollectionIn, core: TheCore, response: Response) -> CollectionOut:
    """Create an empty collection. Its extractor, embedder and passage size are fixed now; `ammon
    reindex` changes them."""
    chosen = IndexingOptions(
        extractor=wanted.extractor,
        max_tokens=wanted.max_tokens,
        overlap_tokens=wanted.overlap_tokens,
    )
    made = core.create_collection(wanted.name, chosen)
    response.headers["Location"] = f"/api/v1/collections/{quote(made.name)}"
    return _out(made)


@router.get("", summary="List collections")
def list_collections(core: TheCore) -> list[CollectionOut]:
    """All collections, by name."""
    return [_out(found) for found in core.store.collections()]


@router.get("/{name}", summary="Read a collection", responses=responses(404))
def read_collection(name: CollectionPath, core: TheCore) -> CollectionOut:
    """A collection and how it is indexed."""
    return _out(core.store.collection(name))


@router.delete(
    "/{name}",
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a collection",
    responses=responses(404),
)
def delete_collection(name: CollectionPath, core: TheCore) -> None:
    """Delete a collection with its documents, its graph, its jobs and its snapshots."""
    core.delete_collection(name)


@router.get("/{name}/stats", summary="Count a collection's contents", responses=responses(404))
def read_stats(name: CollectionPath, core: TheCore) -> StatsOut:
    """What a collection contains, and whether queries see all of it."""
    found = collection_status(core, name)
    return StatsOut(
        name=name,
        revision=found.collection.revision,
        published_revision=found.published_revision,
        current=found.current,
        snapshot=found.snapshot,
        damage=found.damage,
        rebuilding=found.rebuilding,
        waiting=found.waiting,
        waiting_because=found.waiting_because,
        counts=found.counts,
    )


def _out(collection: Collection) -> CollectionOut:
    upcoming = collection.settings.upcoming
    return CollectionOut(
        name=collection.name,
        revision=collection.revision,
        settings=_settings(collection.settings),
        upcoming=_settings(upcoming) if upcoming else None,
    )


def _settings(settings: CollectionSettings) -> SettingsOut:
    return SettingsOut(
        extractor=settings.extractor,
        embedder=settings.embedder,
        max_tokens=settings.max_tokens,
        overlap_tokens=settings.overlap_tokens,
    )
