"""Host and Origin checks, against DNS rebinding and cross-site requests.

A web page can have its own host name resolve to 127.0.0.1, or post a form there. A server that
listens on loopback for one person must not answer such a page.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from server.http.problems import problem
from server.settings import Settings

_ANY = "*"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_READING = frozenset({"GET", "HEAD", "OPTIONS"})


def is_loopback(host: str) -> bool:
    """Whether an address can be reached only from this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


class Hosts:
    """Refuses requests with a foreign Host, and changes with a foreign Origin.

    A server on a loopback address answers to the names of loopback and those in the setting
    `allowed_hosts`. On any other address it answers to all names, unless the setting lists some.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        chosen = {name.lower() for name in settings.allowed_hosts}
        named = {_name(f"//{name}") for name in chosen}
        self._names = (_LOOPBACK | {settings.host.lower()} | named) - {""}
        self._any = _ANY in chosen or not (chosen or is_loopback(settings.host))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        asked, origin = headers.get("host", ""), headers.get("origin")
        host = _name(f"//{asked}")
        if not self._any and host not in self._names:
            detail = (
                f"The host {asked!r} is not allowed: use 127.0.0.1 or localhost, or add the host "
                "to the setting allowed_hosts."
            )
            await problem(400, "host-refused", detail, scope["path"])(scope, receive, send)
        elif (
            origin is not None
            and scope["method"] not in _READING
            and _name(origin) not in self._names | ({host} - {""})
        ):
            detail = (
                f"Pages from {origin!r} may not make changes: to allow it, add the host to the "
                "setting allowed_hosts."
            )
            await problem(403, "origin-refused", detail, scope["path"])(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _name(url: str) -> str:
    """The host's name in an address, without its port; '' if there is none."""
    try:
        return (urlsplit(url).hostname or "").rstrip(".")
    except ValueError:
        return ""
