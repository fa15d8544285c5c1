"""FastAPI dependencies of the endpoints."""

from typing import Annotated, TypeAlias

from fastapi import Depends, Path, Request

from server.core import Core


def _core(request: Request) -> Core:
    core: Core = request.app.state.core
    return core


TheCore: TypeAlias = Annotated[Core, Depends(_core)]
"""The opened data folder."""

CollectionPath: TypeAlias = Annotated[
    str, Path(description="The collection's name.", examples=["papers"], max_length=100)
]
DocumentPath: TypeAlias = Annotated[
    str,
    Path(
        description="The document's id.", examples=["doc-5b0f0c1d2e3f405162738495"], max_length=100
    ),
]
JobPath: TypeAlias = Annotated[
    str, Path(description="The job's id.", examples=["job-5b0f0c1d2e3f4051"], max_length=100)
]
