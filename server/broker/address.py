"""The broker's address: whether it can be one, and how it is told to people."""

import re
from importlib.util import find_spec
from urllib.parse import urlsplit

from kg.errors import DependencyMissing, SettingsInvalid

REMEDY = "start it, or correct AMMON_BROKER_URL (redis:// for a Redis, amqp:// for a RabbitMQ)"
_SCHEMES = ("redis", "rediss", "amqp", "amqps")
_DATABASE = re.compile(r"/{0,2}[0-9]*")
"""The path of a Redis's address."""


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


def without_login(url: str) -> str:
    """An address for people to read, without user, password and options."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def said(words: object) -> str:
    """A broker's message, without the final full stop."""
    return str(words).strip().rstrip(".")
