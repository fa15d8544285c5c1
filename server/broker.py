"""The broker (Redis or RabbitMQ), used through Celery: the app whose tasks are the indexing steps,
and the sender of messages.

Nothing here knows what a step does (see `indexer.flow`) or holds state, which is in the store.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

import structlog

from indexer.flow.broker import QUEUE_OF, QUEUES, STEPS, Queue, Step
from kg.errors import DependencyMissing, SettingsInvalid
from kg.records import JSON

if TYPE_CHECKING:
    from celery import Celery

CONNECT_SECONDS = 2.0
"""How long a broker may take to accept a connection before it counts as unavailable."""
ANSWER_SECONDS = 2
"""How long it may take to accept a message."""
SILENCE_SECONDS = 10
"""After so many seconds of silence from Redis, a consumer reconnects. (Redis answers at least once
a second, if only to say that there are no messages.)"""
VISIBILITY_SECONDS = 3600
"""Time after which Redis redelivers the message of a worker that died. Nothing depends on it:
abandoned work is found in the store and sent again long before."""
_LONGEST_PAUSE = 5.0
"""The longest pause between two attempts to reach it, in seconds."""
_SILENT_SECONDS = 2.0
"""How long a broker that did not answer is left alone."""
_SCHEMES = ("redis", "rediss", "amqp", "amqps")
_DATABASE = re.compile(r"/{0,2}[0-9]*")
"""The path of a Redis's address."""
_PREFIX = "ammon."
_REMEDY = "start it, or correct AMMON_BROKER_URL (redis:// for a Redis, amqp:// for a RabbitMQ)"

_Result = TypeVar("_Result")
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trouble:
    """What may pass while Ammon waits."""

    what: str
    reason: str
    remedy: str


def check(broker_url: str) -> None:
    """Check the address and the installed packages, without connecting.

    Raises: SettingsInvalid, DependencyMissing.
    """
    if urlsplit(broker_url).scheme not in _SCHEMES:
        raise SettingsInvalid(
            f"The setting broker_url must begin with one of {', '.join(_SCHEMES)}: give the "
            "address of a Redis (redis://host:6379/0) or a RabbitMQ "
            "(amqp://user:password@host//)."
        )
    try:
        _ = urlsplit(broker_url).port
    except ValueError as error:
        raise SettingsInvalid(
            f"The setting broker_url is not a valid address: {error}. Write redis://host:6379/0 "
            "or amqp://user:password@host:5672//."
        ) from error
    if broker_url.startswith("redis") and not _DATABASE.fullmatch(urlsplit(broker_url).path):
        named = urlsplit(broker_url).path[1:]
        if "@" in named:  # the end of a password
            raise SettingsInvalid(
                "The setting broker_url has a slash before its host: in a password, it is written "
                "%2F."
            )
        raise SettingsInvalid(
            f"The setting broker_url names {named!r} where a Redis has the number of a database: "
            "write redis://host:6379/0."
        )
    packages = ("celery", "redis") if broker_url.startswith("redis") else ("celery",)
    for package in packages:
        if find_spec(package) is None:
            raise DependencyMissing(package, "celery")


def check_password(broker_url: str) -> bool:
    """Check that the broker accepts the login; False if it is unavailable and may come back.

    Raises: SettingsInvalid, if waiting would not help.
    """
    return _ask(broker_url) is None


def wait_for(broker_url: str) -> None:
    """Wait until the broker serves requests, and log what is wrong. Raises: as `check_password`."""
    pause = 1.0
    while trouble := _ask(broker_url):
        _log.warning(
            f"broker {trouble.what}; waiting for it",
            broker=_without_login(broker_url),
            reason=trouble.reason,
            remedy=trouble.remedy,
        )
        time.sleep(pause)
        pause = min(2.0 * pause, _LONGEST_PAUSE)


def _ask(broker_url: str) -> _Trouble | None:
    return (_ask_redis if broker_url.startswith("redis") else _ask_rabbit)(broker_url)


def _ask_redis(broker_url: str) -> _Trouble | None:
    from redis import Redis
    from redis import exceptions as faults

    try:
        with Redis.from_url(
            broker_url, socket_connect_timeout=CONNECT_SECONDS, socket_timeout=CONNECT_SECONDS
        ) as redis:
            redis.ping()
    except faults.AuthenticationError as error:
        raise SettingsInvalid(
            f"The Redis at broker_url refuses the login: {_said(error)}. Put its password into "
            "AMMON_BROKER_URL, as redis://:PASSWORD@host:6379/0 or "
            "redis://USER:PASSWORD@host:6379/0."
        ) from error
    except (faults.ConnectionError, faults.TimeoutError) as error:
        return _unavailable(error)
    except faults.RedisError as error:
        if str(error).startswith("MISCONF"):
            return _Trouble(
                what="unable to save data",
                reason=_said(error),
                remedy="give that Redis disk space and permission to write its files (see its log; "
                "INFO persistence shows when it has recovered)",
            )
        raise SettingsInvalid(
            f"The Redis at broker_url answers, but refuses the request: {_said(error)}. Correct "
            "the user or the database number in AMMON_BROKER_URL, as "
            "redis://USER:PASSWORD@host:6379/0, or the permissions in that Redis."
        ) from error
    return None


def _ask_rabbit(broker_url: str) -> _Trouble | None:
    from amqp.exceptions import AccessRefused, AMQPError, NotAllowed
    from kombu import Connection
    from kombu.exceptions import KombuError

    try:
        with Connection(broker_url, connect_timeout=CONNECT_SECONDS) as connection:
            connection.connect()
    except (AccessRefused, NotAllowed) as error:
        raise SettingsInvalid(
            f"The RabbitMQ at broker_url refuses the login: {_said(error.reply_text or error)}. "
            "Put its user, password and virtual host into AMMON_BROKER_URL, as "
            "amqp://USER:PASSWORD@host:5672/VHOST (// for the virtual host /; the user guest "
            "may connect from the same machine only)."
        ) from error
    except (AMQPError, KombuError, OSError) as error:
        return _unavailable(error)
    return None


def _unavailable(error: Exception) -> _Trouble:
    return _Trouble(
        what="unavailable",
        reason=_said(error) or type(error).__name__,
        remedy=_REMEDY,
    )


def _without_login(url: str) -> str:
    """An address for people to read, without user, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def _said(words: object) -> str:
    """A broker's message, without the final full stop."""
    return str(words).strip().rstrip(".")


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
    @app.task(name=_PREFIX + step)
    def task(message: Mapping[str, Any]) -> None:
        take(step, message)


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
                _PREFIX + step,
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
                    broker=_without_login(str(self._app.conf.broker_url)),
                    reason=_said(error) or type(error).__name__,
                    remedy=_REMEDY,
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
