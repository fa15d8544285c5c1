"""The Celery app whose tasks are the indexing steps."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from indexer.flow.broker import QUEUES, STEPS, Step
from server.broker.address import check
from server.broker.reach import CONNECT_SECONDS

if TYPE_CHECKING:
    from celery import Celery

PREFIX = "ammon."
"""How the names of the tasks begin."""
ANSWER_SECONDS = 2
"""How long it may take to accept a message."""
SILENCE_SECONDS = 10
"""After so many seconds of silence from Redis, a consumer reconnects. (Redis answers at least once
a second, if only to say that there are no messages.)"""
VISIBILITY_SECONDS = 3600
"""Time after which Redis redelivers the message of a worker that died. Nothing depends on it:
abandoned work is found in the store and sent again long before."""


def make_app(broker_url: str, *, sends_only: bool = False) -> "Celery":
    """The Celery app: four queues; messages are JSON, and are acknowledged when they have been
    processed.

    `sends_only`: the app consumes no messages, so it soon takes a silent broker for unavailable.
    Raises: SettingsInvalid, DependencyMissing.
    """
    check(broker_url)
    from celery import Celery
    from kombu import Queue as KombuQueue

    app = Celery("ammon", broker=broker_url, set_as_current=False)
    app.conf.update(
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_queues=[KombuQueue(name) for name in QUEUES],
        task_default_queue="commit",
        task_create_missing_queues=False,
        task_send_sent_event=True,
        worker_send_task_events=True,  # for Flower
        worker_prefetch_multiplier=1,
        # After a reconnection Celery would raise it again step by step, from the threads that ran
        # the steps. They would read from a connection that the consumer reads from, and both would
        # wait for ever for a frame that the other one has.
        worker_enable_prefetch_count_reduction=False,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        worker_cancel_long_running_tasks_on_connection_loss=False,
        broker_connection_timeout=CONNECT_SECONDS,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_heartbeat=10,
        broker_transport_options=_transport(broker_url, sends_only=sends_only),
    )
    return app


def _transport(broker_url: str, *, sends_only: bool) -> dict[str, Any]:
    if not broker_url.startswith("redis"):
        # A consumer may wait long for a message; heartbeats show whether the broker is alive.
        answer = ANSWER_SECONDS if sends_only else None
        return {"read_timeout": answer, "write_timeout": answer}
    return {
        "socket_timeout": ANSWER_SECONDS if sends_only else SILENCE_SECONDS,
        "visibility_timeout": VISIBILITY_SECONDS,
        "socket_connect_timeout": CONNECT_SECONDS,
        "socket_keepalive": True,
        "health_check_interval": 10,
    }


def register(app: "Celery", take: Callable[[Step, Mapping[str, Any]], None]) -> None:
    """Make each step a task of the app."""
    for step in STEPS:
        _register(app, step, take)


def _register(app: "Celery", step: Step, take: Callable[[Step, Mapping[str, Any]], None]) -> None:
    @app.task(name=PREFIX + step)
    def task(message: Mapping[str, Any]) -> None:
        take(step, message)
