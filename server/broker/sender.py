"""The sender of messages."""

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import structlog

from indexer.flow.broker import QUEUE_OF, Queue, Step
from kg.records import JSON
from server.broker.address import REMEDY, said, without_login
from server.broker.app import ANSWER_SECONDS, PREFIX, make_app

if TYPE_CHECKING:
    from celery import Celery

_SILENT_SECONDS = 2.0
"""How long a broker that did not answer is left alone."""

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


def open_broker(broker_url: str) -> "CeleryBroker":
    """The broker, through connections of its own. Raises: SettingsInvalid, DependencyMissing."""
    return CeleryBroker(make_app(broker_url, sends_only=True))


class CeleryBroker:
    """`indexer.flow.broker.Broker` through Celery. Safe for several threads."""

    def __init__(self, app: "Celery") -> None:
        """Send through this app."""
        from kombu.exceptions import KombuError

        self._app = app
        self._away = False
        self._silent_until = 0.0
        known: Any = app.connection_for_write().connection_errors
        self._errors: tuple[type[Exception], ...] = (KombuError, OSError, *known)

    def send(self, step: Step, message: Mapping[str, JSON]) -> bool:
        def send() -> bool:
            self._app.send_task(
                PREFIX + step,
                args=[dict(message)],
                queue=QUEUE_OF[step],
                argsrepr=_told(message),
                retry=True,  # once: the connection may predate the broker's last restart
                retry_policy={"max_retries": 1, "interval_start": 0, "interval_step": 0},
            )
            return True

        return self._try(send) is not None

    def depth(self, queue: Queue) -> int | None:
        return self._try(lambda: self._depth(queue))

    def close(self) -> None:
        """Close the connections."""
        self._app.close()

    def _depth(self, queue: Queue) -> int:
        with self._app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, interval_start=0)
            channel: Any = connection.default_channel
            try:
                found = channel.queue_declare(queue=queue, passive=True)
            except connection.channel_errors:  # the queue does not exist before its first message
                return 0
            return int(found.message_count)

    def _try(self, action: Callable[[], _Result]) -> _Result | None:
        """The action's result; None if the broker is unavailable, which is logged once. A broker
        that timed out is left alone for a while: otherwise each of many messages would wait for a
        timeout."""
        began = time.monotonic()
        if began < self._silent_until:
            return None
        try:
            result = action()
        except self._errors as error:
            now = time.monotonic()
            if now - began >= ANSWER_SECONDS:
                self._silent_until = now + _SILENT_SECONDS
            if not self._away:
                _log.warning(
                    "broker unavailable; its work waits in the store",
                    broker=without_login(str(self._app.conf.broker_url)),
                    reason=said(error) or type(error).__name__,
                    remedy=REMEDY,
                )
            self._away = True
            return None
        if self._away:
            _log.info("broker available again")
        self._away = False
        return result


def _told(message: Mapping[str, JSON]) -> str:
    """What Flower shows of a message, without document texts."""
    tasks = message.get("tasks")
    count = f", {len(tasks)} documents" if isinstance(tasks, list | dict) else ""
    return f"{message.get('collection', '')}{count}"
