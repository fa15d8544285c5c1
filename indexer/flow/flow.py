"""All steps together: what a message asks for, done."""

import time
from collections.abc import Mapping
from typing import Any

import structlog

from indexer.flow.batches import Batch
from indexer.flow.dispatch import Dispatcher
from indexer.flow.embedding import Embedding
from indexer.flow.extract import Extracting
from indexer.flow.post import Step
from indexer.flow.publishing import Publishing
from indexer.flow.rest import Rest
from indexer.flow.tools import Tools
from kg.errors import AmmonError

FEW_WAITING = 16
"""Batches in the broker below which more documents are asked for."""
MAX_ATTEMPTS = 20
"""How often a document may be taken by processes that die. More than where one process does all:
here many others' documents are held by a process when one of them, or a machine, ends it."""

_log = structlog.get_logger(__name__)


class Flow:
    """Takes steps. Safe for several threads; one a process."""

    def __init__(self, tools: Tools) -> None:
        """Put the steps together."""
        rest = Rest(tools.queue)
        self.tools = tools
        self._embedding = Embedding(tools=tools)
        self._publishing = Publishing(tools=tools)
        self._extracting = Extracting(tools=tools, rest=rest)
        ingester = tools.pipeline.ingester(committed=self._embedding.ask, max_attempts=MAX_ATTEMPTS)
        self.dispatcher = Dispatcher(tools, ingester, rest)

    def take(self, step: Step, message: Mapping[str, Any]) -> None:
        """Take a step. What goes wrong is told, and left to whoever finds it undone."""
        began = time.monotonic()
        failed = False
        try:
            self._take(step, message)
        except (AmmonError, OSError) as error:
            failed = True
            _log.warning("step not finished", step=step, reason=str(error))
        except Exception:  # the outermost boundary of a message
            failed = True
            _log.exception("step not finished", step=step)
        self.tools.meter.step(step, time.monotonic() - began, failed=failed)

    def close(self) -> None:
        """Begin nothing new, and let others have what was taken."""
        self.tools.stop.set()
        self.dispatcher.give_back()

    def _take(self, step: Step, message: Mapping[str, Any]) -> None:
        match step:
            case "prepare":
                self.dispatcher.prepare()
            case "extract":
                self._extract(Batch.of(message))
            case "commit":
                self._commit(message["collection"], message["tasks"])
            case "embed":
                self._embedding.embed(message["collection"], message["texts"])
            case "publish":
                self._publishing.publish(message["collection"])

    def _extract(self, batch: Batch) -> None:
        post = self.tools.post
        whole = self._extracting.extract(batch)
        if whole:
            post.send("commit", {"collection": batch.collection, "tasks": list(whole)})
        elif (post.depth("extract") or 0) < FEW_WAITING:
            post.send("prepare", {})

    def _commit(self, collection: str, task_ids: list[str]) -> None:
        self.dispatcher.commit(task_ids)
        if not self.tools.queue.waiting(collection):
            self.tools.post.send("publish", {"collection": collection})
        self.dispatcher.prepare()
