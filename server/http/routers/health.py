"""Health, for whoever watches over the server."""

import os

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from kg.errors import StoreError
from server.core import Core
from server.http.problems import problem, responses

router = APIRouter(prefix="/health", tags=["health"])

_limiter = anyio.CapacityLimiter(2)
"""Threads of their own: a busy server is ready all the same."""


class HealthOut(BaseModel):
    """All is well."""

    status: str = Field(examples=["ok"])


@router.get("/live", summary="Is the process alive?")
async def live() -> HealthOut:
    """Answered as long as the process answers anything."""
    return HealthOut(status="ok")


@router.get("/ready", summary="Can it work?", response_model=HealthOut, responses=responses(503))
async def ready(request: Request) -> HealthOut | JSONResponse:
    """Whether store and data folder can be used."""
    core: Core = request.app.state.core
    reasons = await anyio.to_thread.run_sync(_reasons, core, limiter=_limiter)
    if reasons:
        return problem(503, "not-ready", " ".join(reasons), request.url.path)
    return HealthOut(status="ok")


def _reasons(core: Core) -> list[str]:
    """Why it is not ready."""
    reasons = []
    try:
        core.store.collections()
    except StoreError as error:
        reasons.append(str(error))
    if not os.access(core.settings.data_dir, os.W_OK):
        reasons.append(f"{core.settings.data_dir} cannot be written.")
    return reasons
