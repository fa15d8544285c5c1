"""All steps together: what a message asks for, done."""

import math
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

import structlog

from indexer.flow.batches import Batch
from indexer.flow.broker import Step
from indexer.flow.budgeting import Budgeting
from indexer.flow.dispatch import Dispatcher
from indexer.flow.embedding import Embedding
from indexer.flow.extract import Extracting
from indexer.flow.pauses import Pauses
from indexer.flow.publishing import Publishing
from indexer.flow.recovery import Recovery
from indexer.flow.refusing import Refusing
from indexer.flow.routing import UrgentQueue
from indexer.flow.tools import Tools
from inference.embedder import Kind
from kg.errors import AmmonError, StoreError
from kg.records import Collection
from kg.store import Change

FEW_WAITING = 16
"""Batches in the broker below which more documents are asked for."""
MAX_ATTEMPTS = 20
"""How often a document may be taken by processes that die. More than where one process does all:
here many others' documents are held by a process when one of them, or a machine, ends it."""
_JOIN_SECONDS = 4.0

_log = structlog.get_logger(__name__)


class Flow:
    """Takes steps. Safe for several threads; one a process."""

    def __init__(self, tools: Tools, *, builds: int = 1) -> None:
        """Put the steps together; so many snapshots are built at once."""
        self._pauses = pauses = Pauses(tools.queue, tools.name)
        self.refusing = Refusing(tools, pauses)
        ingester = tools.pipeline.ingester(
            committed=self._ask_to_embed,
            max_attempts=MAX_ATTEMPTS,
            stopping=tools.stop.is_set,
        )
        self.tools = tools
        self._embedding = Embedding(tools=tools, embedder=ingester.embedder)
        self._publishing = Publishing(tools=tools, pauses=pauses, builds=builds)
        self._extracting = Extracting(
            tools=tools,
            extractor=ingester.extractor,
            budgeting=Budgeting(tools=tools, prices=ingester.prices),
            pauses=pauses,
            urgent_queue=UrgentQueue(tools.broker),
        )
        self.dispatcher = Dispatcher(tools, ingester, pauses)
        self.recovery = Recovery(tools=tools, extractor=ingester.extractor)
        self._asked: dict[str, float] = {}
        """Collection -> when a snapshot was asked for that nobody else would ask for."""
        self._under_way = 0
        self._lock = Lock()

    @property
    def busy(self) -> bool:
        """Whether a step is under way."""
        with self._lock:
            return self._under_way > 0 or self._publishing.busy

    def take(self, step: Step, message: Mapping[str, Any]) -> None:
        """Take a step. What goes wrong is told, and left to whoever finds it undone."""
        began = time.monotonic()
        failed = False
        self._count(1)
        try:
            self._take(step, message)
        except (AmmonError, OSError) as error:
            failed = True
            self.tools.heed(error)
            _log.warning("step not finished", step=step, reason=str(error))
        except Exception:  # the outermost boundary of a message
            failed = True
            _log.exception("step not finished", step=step)
        finally:
            self._count(-1)
        self.tools.meter.step(step, time.monotonic() - began, failed=failed)

    def publish_stale(self) -> None:
        """Ask for snapshots of what is not published; while documents keep coming, not too often.
        What nobody foresaw at one collection keeps no other from it.

        Raises: AmmonError, OSError.
        """
        for collection in self.tools.store.collections():
            try:
                self._publish_stale(collection)
            except (AmmonError, OSError):
                raise
            except Exception:  # the outermost boundary of a collection
                _log.exception("could not ask for a snapshot", collection=collection.name)

    def _publish_stale(self, collection: Collection) -> None:
        name, now = collection.name, time.monotonic()
        recent = now - self._asked.get(name, -math.inf) < self.tools.times.publish
        if recent and self.tools.queue.busy(name):
            return
        if self._is_stale(collection):
            self._asked[name] = now
            self.tools.broker.send("publish", {"collection": name})

    def _is_stale(self, collection: Collection) -> bool:
        """Whether its snapshot is; if that cannot be found out here, others are told why."""
        try:
            is_stale = self.tools.pipeline.publisher.stale(collection)
        except (AmmonError, OSError) as error:
            if not self.tools.tells_of(error):
                raise
            self._pauses.begin(collection.name, "publish", error)
            return False
        if not is_stale:  # as when another worker published it
            self._pauses.end(collection.name, "publish")
        return is_stale

    def close(self) -> None:
        """Begin nothing new, and let others have what was taken."""
        self.tools.stop.set()
        self.refusing.join(_JOIN_SECONDS)
        self.dispatcher.give_back()
        self._publishing.join()
        self._pauses.close()

    def _count(self, more: int) -> None:
        with self._lock:
            self._under_way += more

    def _ask_to_embed(self, collection: str, change: Change) -> None:
        self._embedding.ask(collection, change)

    def _take(self, step: Step, message: Mapping[str, Any]) -> None:
        if self.refusing.refuses(step, message):
            self.refusing.hand_back(step, message)
            return
        match step:
            case "prepare":
                self._prepare()
            case "extract" | "urgent" if self.tools.begins:
                self._extract(step, message)
            case "commit":
                self._commit(message["collection"], message["tasks"])
            case "embed":
                self._embed(message["collection"], message["texts"])
            case "publish":
                self._publishing.publish_in_background(message["collection"])

    def _embed(self, collection: str, texts: Mapping[Kind, Sequence[str]]) -> None:
        try:
            self._embedding.embed(collection, texts)
        except (AmmonError, OSError) as error:
            if self.tools.tells_of(error):
                with suppress(StoreError):
                    self._pauses.begin(collection, "embed", error)
            raise
        self._pauses.end(collection, "embed")

    def _extract(self, step: Step, message: Mapping[str, Any]) -> None:
        broker, batch = self.tools.broker, Batch.of(message)
        self.dispatcher.router.note(batch.job)
        found = self._extracting.extract(batch, urgent=step == "urgent")
        if found.rest is not None:
            broker.send(step, found.rest.fields())
        if found.whole:
            broker.send("commit", {"collection": batch.collection, "tasks": list(found.whole)})
        elif self.refusing.refuses(step, message):
            self.refusing.hand_back(step, message)
        elif (broker.depth("extract") or 0) < FEW_WAITING:
            broker.send("prepare", {})

    def _commit(self, collection: str, task_ids: list[str]) -> None:
        self.dispatcher.commit(task_ids)
        if not self.tools.queue.busy(collection):
            self.tools.broker.send("publish", {"collection": collection})
        self._prepare()

    def _prepare(self) -> None:
        drafted = self.dispatcher.prepare().drafted
        # Drafts are to be seen soon; and something may have been deleted.
        if drafted or not self.tools.queue.busy():
            self.publish_stale()
