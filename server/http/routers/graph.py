"""Reading the graph."""

from dataclasses import asdict
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from kg.errors import EntityNotFound
from server.http.dependencies import CollectionPath, TheCore
from server.http.problems import responses
from server.reports.neighbourhood import neighbourhood

router = APIRouter(prefix="/collections/{name}/graph", tags=["graph"])


class NodeOut(BaseModel):
    """An entity or a passage."""

    id: str = Field(examples=["ent-5b0f0c1d2e3f405162738495"])
    kind: Literal["entity", "passage"]
    label: str = Field(
        description="An entity's name; a passage's title, or its beginning.",
        examples=["Brenda Milner"],
    )
    type: str = Field(description="An entity's type, or ''.", examples=["PERSON"])
    distance: int = Field(description="Steps from the requested entity.", examples=[0])


class EdgeOut(BaseModel):
    """A fact, a synonym or a mention."""

    source: str = Field(description="Id of a node.", examples=["ent-5b0f0c1d2e3f405162738495"])
    target: str = Field(description="Id of a node.", examples=["ent-0c1d2e3f4051627384955b0f"])
    kind: Literal["fact", "synonym", "mention"]
    label: str = Field(description="A fact's relation, or ''.", examples=["studied"])
    weight: float = Field(
        description="A fact's number of passages, a synonym's cosine, 1 for a mention.",
        examples=[2.0],
    )


class NeighbourhoodOut(BaseModel):
    """The part of the graph around one entity, with all edges between its nodes."""

    centre: str = Field(description="The entity's id.", examples=["ent-5b0f0c1d2e3f405162738495"])
    revision: int = Field(description="The revision that was read.", examples=[12])
    nodes: list[NodeOut] = Field(description="Ordered by distance, the centre first.")
    edges: list[EdgeOut] = Field(description="All edges between these nodes.")
    truncated: bool = Field(description="Whether there are more nodes than `limit`.")


@router.get("/neighbourhood", summary="Read an entity's neighbourhood", responses=responses(404))
def read_neighbourhood(
    name: CollectionPath,
    core: TheCore,
    entity: Annotated[
        str,
        Query(
            description="The entity's name, in any spelling.",
            min_length=1,
            examples=["Brenda Milner"],
        ),
    ],
    depth: Annotated[int, Query(ge=1, le=3, description="Number of steps.")] = 1,
    limit: Annotated[int, Query(ge=1, le=1000, description="Maximum number of nodes.")] = 100,
) -> NeighbourhoodOut:
    """An entity's neighbourhood: its facts, its synonyms, and the passages that name it."""
    snapshot = core.snapshot(name)
    if snapshot is None:
        raise EntityNotFound(f"{name!r} has no entities yet. {core.why_empty(name)}")
    return NeighbourhoodOut.model_validate(
        asdict(neighbourhood(snapshot, entity, depth=depth, limit=limit))
    )
