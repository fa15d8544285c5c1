"""Warming up before a fork: one question to each collection, through the whole HTTP stack.

This loads the models, opens the snapshots, and fills whatever the libraries between request and
answer create on first use: once, in memory that the forked processes share, and not once in each.
"""

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio
from starlette.types import ASGIApp, Message, Scope

from kg.errors import AmmonError, StoreUnavailable
from kg.fail_fast import failing_fast
from kg.records import Collection
from server.core import Core
from server.http.app import PREFIX
from server.settings.specs import is_forkable

_MOST = 32
"""How many collections are opened before the fork; others are opened by their first question."""
_QUESTION = {
    "question": "Who asked why, and when?",
    **dict.fromkeys(("bridges", "recognition", "rerank"), False),  # they may cost something
}
_HEADERS = ((b"host", b"localhost"), (b"content-type", b"application/json"))
_PATIENCE_SECONDS = 5.0

_log = logging.getLogger("server")


def warm_up(core: Core, app: ASGIApp) -> None:
    """Ask. `app` answers from `core`, whose workers have not started yet. Leaves no threads."""
    with _no_threads_left(), _without_access_log():
        anyio.run(_ask_all, app, [one.name for one in _open(core)])


def _open(core: Core) -> Iterator[Collection]:
    """The collections that can be asked and whose models survive a fork."""
    try:
        with failing_fast():
            found = core.store.collections()[:_MOST]
    except StoreUnavailable:  # already logged
        return
    for collection in found:
        if not is_forkable(collection.settings.embedder):
            continue
        try:
            if core.retriever(collection.name) is not None:
                core.retrievers.settle(collection)
                yield collection
        except AmmonError as error:  # the next question reports it, too
            _warn(collection.name, str(error))


async def _ask_all(app: ASGIApp, collections: Sequence[str]) -> None:
    for name in collections:
        await _ask(app, name)


async def _ask(app: ASGIApp, collection: str) -> None:
    answered: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": json.dumps(_QUESTION).encode()}

    async def send(message: Message) -> None:
        answered.append(message)

    await app(_request(f"{PREFIX}/collections/{collection}/query"), receive, send)
    if answered[0]["status"] != 200:
        body = b"".join(one.get("body", b"") for one in answered)
        _warn(collection, str(json.loads(body)["detail"]))


def _request(path: str) -> Scope:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": "POST",
        "root_path": "",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": _HEADERS,
        "client": None,
        "server": None,
    }


def _warn(collection: str, reason: str) -> None:
    _log.warning("the collection %s cannot be queried: %s", collection, reason)


@contextmanager
def _without_access_log() -> Iterator[None]:
    """No access log: no client sent these requests."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _no_threads_left() -> Iterator[None]:
    """Wait for the event loop's worker threads, which end soon, but for which it does not wait."""
    before = threading.enumerate()
    yield
    for thread in threading.enumerate():
        if thread not in before:
            thread.join(_PATIENCE_SECONDS)
