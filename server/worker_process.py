"""A worker process: executes the steps that messages ask for, sweeps, and serves Prometheus
metrics.

It uses a pool of threads: extraction waits for models over HTTP, local models release the
interpreter lock while they compute, and threads share the models and the store's connections.
"""

import logging
import os
import signal
import socket
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from enum import Enum
from typing import TYPE_CHECKING, Any

import structlog

from indexer.flow.broker import Queue
from indexer.flow.flow import Flow
from indexer.flow.meter import Meter, NoMeter
from indexer.flow.sweeper import Sweeper
from indexer.flow.tools import Times, Tools
from kg.errors import SettingsInvalid, StoreError
from kg.fail_fast import failing_fast
from server import store_outage
from server.broker import CeleryBroker, make_app, open_broker, register, wait_for
from server.core import Core
from server.forced_exit import interrupt_after, interrupt_on, interruptible
from server.mirrors import swept

if TYPE_CHECKING:
    from celery import Celery

_STOP_SECONDS = 10.0
_PAUSE_SECONDS = 2.0
_MANY_THREADS = 16
"""From this many threads on, two of them may build snapshots at the same time."""
_TALKATIVE = ("celery.app.trace", "celery.worker.strategy", "httpx2")
_NOT_ACKNOWLEDGED = "Couldn't ack"
_log = structlog.get_logger(__name__)


class Ended(Enum):
    """How a worker's work ended."""

    ASKED = "somebody asked for it"
    CUT_SHORT = "somebody asked for it twice, or a model or the broker said nothing"
    UNASKED = "the broker's client gave up, as it may when a connection breaks at a bad moment"


def run_worker(
    core: Core, queues: Sequence[Queue], concurrency: int, *, times: Times | None = None
) -> Ended:
    """Wait for store and broker; then work until SIGTERM or SIGINT. Work in progress is finished,
    unless a second signal comes. When the core is closed, `conclude`.

    Raises: SettingsInvalid, DependencyMissing, StoreError.
    """
    settings = core.settings
    if not settings.broker_url:
        raise SettingsInvalid(
            "No broker is set, so there are no messages to process: set broker_url "
            "(environment: AMMON_BROKER_URL) to a Redis or a RabbitMQ. Without one, `ammon "
            "serve` and `ammon ingest` do the work themselves."
        )
    app = make_app(settings.broker_url)
    with ExitStack() as resources:
        ending = resources.enter_context(ExitStack())  # left last: it watches the others close
        builds = 2 if concurrency >= _MANY_THREADS else 1
        flow = _start(core, app, resources, times or Times(), builds)
        _log.info("worker started", queues=",".join(queues), concurrency=concurrency)

        def end() -> None:
            core.stopping.set()
            core.folders.hasten()
            ending.enter_context(store_outage.abandoned_on_outage(core.store))

        over = _consume(app, queues, concurrency, flow, end)
        if flow.tools.stop.is_set():
            ended = Ended.ASKED if over else Ended.CUT_SHORT
        else:
            ended = Ended.UNASKED
            _exit_on(signal.SIGTERM, signal.SIGINT)
    _log.info("worker stopped", reason=ended.value)
    return ended


def _start(core: Core, app: "Celery", resources: ExitStack, times: Times, builds: int) -> Flow:
    """Wait for store and broker; then start everything but the consumer of messages. `resources`
    end it. Raises: SettingsInvalid, DependencyMissing, StoreError."""
    broker = open_broker(core.settings.broker_url)
    resources.callback(broker.close)
    meter = _meter(core, broker, resources)  # first: they show a worker that still waits
    store_outage.wait_for(core.store, core.settings)
    wait_for(core.settings.broker_url)
    with failing_fast():
        core.folders.trouble()  # logged: others may publish what this worker extracts
    flow = Flow(
        Tools(pipeline=core.pipeline, broker=broker, meter=meter, times=times), builds=builds
    )
    register(app, flow.take)
    sweeper = Sweeper(flow)
    resources.callback(sweeper.join, _STOP_SECONDS)
    resources.callback(_close, flow)
    sweeper.start()
    resources.enter_context(swept(core))
    return flow


def _exit_on(*signals: signal.Signals) -> None:
    """From now on these signals end this process; a handler of Celery's without a consumer would
    swallow them, and the process would restart itself."""

    def leave(*_: object) -> None:
        sys.exit(0)

    for number in signals:
        signal.signal(number, leave)


def conclude(ended: Ended) -> None:
    """If nobody asked for the end, replace this process with a fresh one of the same command. If
    the end was cut short, exit at once, whatever threads are doing, without disconnecting from the
    broker.
    """
    if ended is Ended.UNASKED:
        time.sleep(_PAUSE_SECONDS)
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - no shell is wanted
    if ended is Ended.CUT_SHORT:
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)


def _consume(
    app: "Celery", queues: Sequence[Queue], concurrency: int, flow: Flow, end: Callable[[], object]
) -> bool:
    """Process messages until asked to stop, when the flow is stopped and `end` is called, or until
    the broker's client gives up. Returns False if the client was interrupted."""
    from amqp.exceptions import PreconditionFailed
    from celery import signals
    from celery.exceptions import SecurityWarning

    def keep_logging(**_: object) -> None:
        """Celery does not set up its own logging if this signal has a receiver."""
        for name in _TALKATIVE:  # they log at least a line per message
            logging.getLogger(name).setLevel(logging.WARNING)
        logging.getLogger("celery.worker.request").addFilter(_calmly)
        logging.getLogger("py.warnings").addFilter(_unless_known)

    leaving = ExitStack()

    def stopping(**_: object) -> None:
        flow.tools.stop.set()  # first: from the next line on a signal may interrupt
        interrupt_on(signal.SIGTERM, signal.SIGINT)
        end()
        leaving.enter_context(interrupt_after(lambda: flow.busy))

    signals.setup_logging.connect(keep_logging)
    signals.worker_shutting_down.connect(stopping)
    # Of a superuser it says, in five lines, that messages might be executed: they are JSON.
    warnings.filterwarnings("ignore", category=SecurityWarning)
    worker: Any = app.Worker(
        hostname=f"{'-'.join(queues)}-{os.getpid()}@{socket.gethostname()}",
        queues=list(queues),
        concurrency=concurrency,
        pool="threads",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        task_events=True,
    )
    # A RabbitMQ closes the channel of whoever keeps a message for longer than its
    # `consumer_timeout`. Celery would take nothing more, and end after its steps: here it only
    # connects again, and what was delivered twice is found held.
    worker.consumer.connection_errors += (PreconditionFailed,)
    with leaving:
        return interruptible(worker.start)


def _unless_known(record: logging.LogRecord) -> bool:
    """Drops a warning of Celery's about a setting that is intended (`make_app`), at each lost
    connection."""
    return "CPendingDeprecationWarning" not in record.getMessage()


def _calmly(record: logging.LogRecord) -> bool:
    """A step that outlives its message's connection cannot acknowledge the message. That is
    harmless: the message is delivered again, and finds nothing to do."""
    if str(record.msg).startswith(_NOT_ACKNOWLEDGED):
        record.levelno, record.levelname = logging.INFO, "INFO"
        record.exc_info = None
    return True


def _meter(core: Core, broker: CeleryBroker, resources: ExitStack) -> Meter:
    if not core.settings.metrics_port:
        return NoMeter()
    from server.metrics import PrometheusMeter

    meter = PrometheusMeter()
    meter.watch(broker, lambda: _waiting(core))
    resources.callback(meter.serve(core.settings.metrics_host, core.settings.metrics_port))
    return meter


def _waiting(core: Core) -> dict[str, int]:
    """The number of waiting documents by collection; fails fast if the store is unavailable."""
    with failing_fast():
        return {one.name: core.queue.waiting(one.name) for one in core.store.collections()}


def _close(flow: Flow) -> None:
    with suppress(StoreError):  # its leases will expire
        flow.close()
