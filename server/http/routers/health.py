"""Health, for monitoring."""

import os

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from kg.errors import StoreError
from server.core import Core
from server.http.problems import problem, responses
from server.workforce import Resting

router = APIRouter(prefix="/health", tags=["health"])

_limiter = anyio.CapacityLimiter(2)
"""Separate threads, so that a busy server still reports that it is ready."""
_SECONDS = 2.0
"""How long the checks may take: probes have short timeouts."""


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
    reasons = [f"Store and data folder did not answer within {_SECONDS:g} s: try again."]
    with anyio.move_on_after(_SECONDS):
        reasons = await anyio.to_thread.run_sync(
            _reasons, core, limiter=_limiter, abandon_on_cancel=True
        )
    if reasons:
        return problem(503, "not-ready", " ".join(reasons), request.url.path)
    return HealthOut(status="ok")


def _reasons(core: Core) -> list[str]:
    """Why the server is not ready."""
    reasons = []
    try:
        core.store.probe()
    except StoreError as error:
        reasons.append(str(error))
    folder = core.settings.data_dir
    # A folder that does not exist yet is created with the first write.
    present = next(one for one in (folder, *folder.parents) if one.exists())
    answers_only = isinstance(core.worker, Resting)
    if not answers_only and not os.access(present, os.W_OK):
        reasons.append(f"{folder} is not writable.")
    return reasons
