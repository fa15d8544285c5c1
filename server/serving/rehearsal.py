"""What a server does before it forks: it answers a question over each collection, as its processes
will over HTTP.

So models are loaded, snapshots are open, and what the libraries between a request and its answer
make when they are first used is made: once, in memory that the processes share, in place of once in
each of them.
"""

import json
import logging
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio
from starlette.types import ASGIApp, Message, Scope

from kg.errors import AmmonError, StoreUnavailable
from kg.haste import hurried
from kg.records import Collection
from server.core import Core
from server.http.app import PREFIX
from server.settings.specs import is_forkable

_MOST = 32
"""Collections that are opened before a fork; others as soon as they are asked for."""
_QUESTION = {
    "question": "Who asked why, and when?",
    **dict.fromkeys(("bridges", "recognition", "rerank"), False),  # they may cost something
}
_HEADERS = ((b"host", b"localhost"), (b"content-type", b"application/json"))
_PATIENCE_SECONDS = 5.0

_log = logging.getLogger("server")


def rehearse(core: Core, app: ASGIApp) -> None:
    """Ask. `app` answers from `core`, which is not at work yet. No thread is left of it."""
    with _no_threads_left(), _without_lines_of_requests():
        anyio.run(_ask_all, app, [one.name for one in _open(core)])


def _open(core: Core) -> Iterator[Collection]:
    """The collections that can be asked and whose models survive a fork."""
    try:
        with hurried():
            found = core.store.collections()[:_MOST]
    except StoreUnavailable:  # which was told already
        return
    for collection in found:
        if not is_forkable(collection.settings.embedder):
            continue
        try:
            if core.retriever(collection.name) is not None:
                core.retrievers.settle(collection)
                yield collection
        except AmmonError as error:  # whoever asks will be told
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
def _without_lines_of_requests() -> Iterator[None]:
    """Nobody sent these."""
    before = logging.root.manager.disable
    logging.disable(max(before, logging.INFO))
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _no_threads_left() -> Iterator[None]:
    """An event loop does not wait for those that worked for it: they are about to end."""
    before = threading.enumerate()
    yield
    for thread in threading.enumerate():
        if thread not in before:
            thread.join(_PATIENCE_SECONDS)
