"""The HTTP server: one process, or several that share what they have loaded."""

import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import structlog
import uvicorn
from fastapi import FastAPI

from server.core import Core
from server.http.app import create_app
from server.remote_worker import RemoteWorker
from server.serving.bell import Bell
from server.serving.processes import Processes
from server.serving.warm_up import warm_up
from server.settings import Settings
from server.workforce import Resting

_GRACE_SECONDS = 30
_WAITING = 2048
"""The backlog: connections that the system queues until a process accepts them."""


def serve(core: Core, listening: socket.socket, ready: Callable[[], None] = lambda: None) -> bool:
    """Serve this socket until SIGTERM or SIGINT; the core is closed in any case.

    With several processes, the first also indexes; this one answers nothing and supervises them.
    `ready` is called once everything is loaded and requests are answered. Returns False if it ended
    without being asked to.
    """
    if core.settings.processes == 1:
        try:
            _answer(_configured(create_app(core.settings, lambda _: core)), listening, ready)
        finally:
            core.close()
        return True
    one = _OneOfSeveral(core)
    try:
        config = _warmed_up(core, create_app(core.settings, one.open))
    finally:
        core.close()  # what does not survive a fork
    ready()

    def work(number: int) -> None:
        structlog.contextvars.bind_contextvars(process=number)
        one.number = number
        _answer(config, listening)

    return Processes(core.settings.processes, work).run(core.retrievers.hand_over)


class _OneOfSeveral:
    """What each process creates for itself."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._bell = Bell()
        self.number = 0

    def open(self, settings: Settings) -> Core:
        """Open the core. Only the first process indexes; the others wake it."""
        core = self._core.reopen()
        if self.number == 0:
            self._bell.answer(core.worker.wake)
            return core
        if settings.broker_url or isinstance(core.worker, Resting):
            return core
        return replace(core, worker=RemoteWorker(core.pipeline, lambda: self._bell))


def _warmed_up(core: Core, app: FastAPI) -> uvicorn.Config:
    config = _configured(app)
    config.load()
    app.state.core = core
    warm_up(core, config.loaded_app)
    del app.state.core
    return config


def _configured(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=_GRACE_SECONDS,
        backlog=1,
    )


def _answer(
    config: uvicorn.Config, listening: socket.socket, ready: Callable[[], None] = lambda: None
) -> None:
    with suppress(KeyboardInterrupt):
        _Server(config, ready).run([listening])


class _Server(uvicorn.Server):
    """Accepts one waiting connection at a time, and leaves the others to other processes.

    The event loop accepts as many at once as its backlog allows, so that is set to 1; the socket
    gets its real backlog afterwards.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        for one in sockets or []:
            one.listen(_WAITING)
        if self.started:
            self._ready()
