"""Health, for monitoring."""

import asyncio
import os
from collections.abc import Callable
from typing import TypeVar

import anyio
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from kg.errors import StoreError
from kg.fail_fast import failing_fast
from server.core import Core
from server.http.problems import problem, responses
from server.workforce import Resting

router = APIRouter(prefix="/health", tags=["health"])

_limiter = anyio.CapacityLimiter(2)
"""Separate threads, so that a busy server still reports that it is ready."""
_far_limiter = anyio.CapacityLimiter(2)
_SECONDS = 2.0
"""How long the checks may take, all at once: probes have short timeouts."""
_Result = TypeVar("_Result")


class HealthOut(BaseModel):
    """All is well."""

    status: str = Field(examples=["ok"])


class ReadyOut(HealthOut):
    """It can answer questions."""

    warnings: list[str] = Field(
        description="What does not work all the same: snapshots at a URL that cannot be reached, "
        "while copies of them answer.",
        examples=[[]],
    )


@router.get("/live", summary="Is the process alive?")
async def live() -> HealthOut:
    """Answered as long as the process answers anything."""
    return HealthOut(status="ok")


@router.get("/ready", summary="Can it work?", response_model=ReadyOut, responses=responses(503))
async def ready(request: Request) -> ReadyOut | JSONResponse:
    """Whether store, data folder and snapshots can be used. While the storage of snapshots cannot
    be reached, it is ready if it has copies of some, and warns."""
    core: Core = request.app.state.core
    objects, url = core.folders.objects, core.settings.snapshot_url
    silent = f"Store and data folder did not answer within {_SECONDS:g} s: try again."
    far_silent = (objects and objects.trouble) or f"{url} did not answer within {_SECONDS:g} s."
    (reasons, has_copies), warnings = await asyncio.gather(
        _within(_limiter, lambda: _near(core), ([silent], False)),
        _within(_far_limiter, lambda: _far_trouble(core), [far_silent]),
    )
    if warnings and not has_copies:
        reasons = reasons or warnings
    if reasons:
        return problem(503, "not-ready", " ".join(reasons), request.url.path)
    return ReadyOut(status="ok", warnings=list(warnings))


async def _within(
    limiter: anyio.CapacityLimiter, check: Callable[[], _Result], silent: _Result
) -> _Result:
    """What a check found, or `silent` if that takes too long."""
    with anyio.move_on_after(_SECONDS):
        return await anyio.to_thread.run_sync(check, limiter=limiter, abandon_on_cancel=True)
    return silent


def _far_trouble(core: Core) -> list[str]:
    """Why the snapshots at a URL cannot be read."""
    with failing_fast():
        trouble = core.folders.trouble()
    return [trouble] if trouble else []


def _near(core: Core) -> tuple[list[str], bool]:
    """Why the server is not ready, whatever the snapshots' storage says; and whether it has copies
    of snapshots there."""
    reasons = _reasons(core)
    return reasons, not reasons and core.folders.has_copies()


def _reasons(core: Core) -> list[str]:
    """Why store or data folder cannot be used."""
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
