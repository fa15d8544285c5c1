"""Whether the broker can be reached, and accepts the login."""

import time
from dataclasses import dataclass

import structlog

from kg.errors import SettingsInvalid
from server.broker.address import REMEDY, said, without_login

CONNECT_SECONDS = 2.0
"""How long a broker may take to accept a connection before it counts as unavailable."""
_LONGEST_PAUSE = 5.0
"""The longest pause between two attempts to reach it, in seconds."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Trouble:
    """What may pass while Ammon waits."""

    what: str
    reason: str
    remedy: str


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
            broker=without_login(broker_url),
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
            f"The Redis at broker_url refuses the login: {said(error)}. Put its password into "
            "AMMON_BROKER_URL, as redis://:PASSWORD@host:6379/0 or "
            "redis://USER:PASSWORD@host:6379/0."
        ) from error
    except (faults.ConnectionError, faults.TimeoutError) as error:
        return _unavailable(error)
    except faults.RedisError as error:
        if str(error).startswith("MISCONF"):
            return _Trouble(
                what="unable to save data",
                reason=said(error),
                remedy="give that Redis disk space and permission to write its files (see its log; "
                "INFO persistence shows when it has recovered)",
            )
        raise SettingsInvalid(
            f"The Redis at broker_url answers, but refuses the request: {said(error)}. Correct "
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
            f"The RabbitMQ at broker_url refuses the login: {said(error.reply_text or error)}. "
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
        reason=said(error) or type(error).__name__,
        remedy=REMEDY,
    )
