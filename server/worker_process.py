"""A worker: takes steps as messages ask for them, sweeps, and tells Prometheus how it does.

Its pool is one of threads: extraction waits for models over HTTP, local models let go of the
interpreter while they compute, and threads share one copy of them and of the store's connections.
"""

import logging
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING

import structlog

from indexer.flow.flow import Flow
from indexer.flow.meter import Meter, NoMeter
from indexer.flow.post import Queue
from indexer.flow.sweeper import Sweeper
from indexer.flow.tools import Times, Tools
from kg.errors import SettingsInvalid, StoreError
from server.broker import CeleryPost, make_app, register
from server.core import Core

if TYPE_CHECKING:
    from celery import Celery

_STOP_SECONDS = 10.0
_TALKATIVE = ("celery.app.trace", "celery.worker.strategy", "httpx2")
_log = structlog.get_logger(__name__)


def run_worker(
    core: Core, queues: Sequence[Queue], concurrency: int, *, times: Times | None = None
) -> int:
    """Work until SIGTERM or SIGINT; return the exit code.

    What was begun is finished; a second signal ends it at once, and others do it again.
    Raises: SettingsInvalid, DependencyMissing.
    """
    settings = core.settings
    if not settings.broker_url:
        raise SettingsInvalid(
            "No broker is set, so there are no messages to work on: set broker_url (environment: "
            "AMMON_BROKER_URL) to a Redis or a RabbitMQ. Without one, `ammon serve` and `ammon "
            "ingest` do the work themselves."
        )
    app = make_app(settings.broker_url)
    with ExitStack() as resources:
        post = CeleryPost(app)
        resources.callback(post.close)
        meter = _meter(core, post, resources)
        flow = Flow(Tools(pipeline=core.pipeline, post=post, meter=meter, times=times or Times()))
        register(app, flow.take)
        sweeper = Sweeper(flow)
        resources.callback(sweeper.join, _STOP_SECONDS)
        resources.callback(_close, flow)
        sweeper.start()
        _log.info("worker begins", queues=",".join(queues), concurrency=concurrency)
        code = _consume(app, queues, concurrency, flow.tools.stop.set)
    _log.info("worker ended")
    return code


def _consume(
    app: "Celery", queues: Sequence[Queue], concurrency: int, stop: Callable[[], None]
) -> int:
    from celery import signals

    def keep_logging(**_: object) -> None:
        """Celery sets up no logging of its own where somebody listens to this signal."""
        for name in _TALKATIVE:  # a line or more for each message
            logging.getLogger(name).setLevel(logging.WARNING)

    def stopping(**_: object) -> None:
        stop()

    signals.setup_logging.connect(keep_logging)
    signals.worker_shutting_down.connect(stopping)
    worker = app.Worker(
        hostname=f"{'-'.join(queues)}-{os.getpid()}@{socket.gethostname()}",
        queues=list(queues),
        concurrency=concurrency,
        pool="threads",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        task_events=True,
    )
    worker.start()
    return int(worker.exitcode or 0)


def _meter(core: Core, post: CeleryPost, resources: ExitStack) -> Meter:
    if not core.settings.metrics_port:
        return NoMeter()
    from server.metrics import PrometheusMeter

    meter = PrometheusMeter()
    meter.watch(
        post, lambda: {c.name: core.queue.waiting(c.name) for c in core.store.collections()}
    )
    resources.callback(meter.serve(core.settings.metrics_host, core.settings.metrics_port))
    return meter


def _close(flow: Flow) -> None:
    with suppress(StoreError):  # then leases run out
        flow.close()
