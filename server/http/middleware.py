"""Middleware for every request: a request id, a log line, the outermost error boundary, a size
limit.

A client waits for each request, so an unavailable store must fail fast (`kg.fail_fast`).
"""

import re
import time
import uuid
from contextlib import suppress

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kg.fail_fast import failing_fast
from server.http.problems import problem

REQUEST_ID = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_log = structlog.get_logger("server.http")


class Requests:
    """Gives each request an id (the client's, if it sent one), which appears in all log lines and
    in the response; logs the request; answers unexpected errors without revealing internals."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = Headers(scope=scope).get(REQUEST_ID, "")
        request_id = sent if _ID.fullmatch(sent) else uuid.uuid4().hex
        started, status = time.perf_counter(), 0

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                MutableHeaders(scope=message)[REQUEST_ID] = request_id
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id), failing_fast():
            try:
                await self._app(scope, receive, send_with_id)
            except Exception:  # the outermost boundary
                _log.exception("unexpected error", path=scope["path"])
                if status:
                    raise  # the response has begun: all that is left is to cut the connection
                detail = f"Unexpected error. See the server's log for {request_id}."
                answer = problem(500, "unexpected", detail, scope["path"])
                await answer(scope, receive, send_with_id)
            _log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round(1000 * (time.perf_counter() - started), 1),
            )


class BodyTooLarge(Exception):
    """A request's body is larger than the limit."""


class BodyLimit:
    """Refuses bodies larger than the limit, whatever their Content-Length says."""

    def __init__(self, app: ASGIApp, limit: int) -> None:
        self._app = app
        self._limit = limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        declared = Headers(scope=scope).get("content-length", "")
        exceeded = declared.isdecimal() and int(declared) > self._limit
        seen = 0

        async def counted() -> Message:
            nonlocal seen, exceeded
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self._limit:
                exceeded = True
                raise BodyTooLarge
            return message

        async def unless_exceeded(message: Message) -> None:
            if not exceeded:  # whatever the app makes of the interrupted body
                await send(message)

        if not exceeded:
            with suppress(BodyTooLarge):
                await self._app(scope, counted, unless_exceeded)
        if exceeded:
            detail = f"The request is larger than {self._limit:,} bytes: split it."
            await problem(413, "body-too-large", detail, scope["path"])(scope, receive, send)
