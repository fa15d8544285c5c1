"""Health, for monitoring."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

from kg.call_in_thread import call_in_thread
from kg.errors import StoreError
from kg.fail_fast import failing_fast
from server.core import Core
from server.http.problems import problem, responses
from server.workforce import Resting

router = APIRouter(prefix="/health", tags=["health"])

_SECONDS = 2.0
"""How long the checks may take, all at once: probes have short timeouts."""
_Result = TypeVar("_Result")


class _Check(Generic[_Result]):
    """A check in a thread of its own, so that a busy server still reports that it is ready. There
    is one at a time: who asks meanwhile waits for the same, so that probes of a storage that hangs
    pile up neither threads nor requests to it."""

    def __init__(self, check: Callable[[Core], _Result]) -> None:
        self._check = check
        self._under_way: tuple[Core, Future[_Result]] | None = None

    async def within(self, core: Core, silent: _Result) -> _Result:
        """What is found, or `silent` if that takes too long. To be called from one event loop."""
        under_way = self._under_way
        if under_way is None or under_way[0] is not core or under_way[1].done():
            found = call_in_thread(lambda: self._check(core), name="readiness")
            under_way = self._under_way = core, found
        awaited = asyncio.wrap_future(under_way[1])
        await asyncio.wait([awaited], timeout=_SECONDS)
        return awaited.result() if awaited.done() else silent


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
        _near_check.within(core, ([silent], False)),
        _far_check.within(core, [far_silent]),
    )
    if warnings and not has_copies:
        reasons = reasons or warnings
    if reasons:
        return problem(503, "not-ready", " ".join(reasons), request.url.path)
    return ReadyOut(status="ok", warnings=list(warnings))


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


_near_check = _Check(_near)
_far_check = _Check(_far_trouble)
