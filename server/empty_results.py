"""Why a question finds nothing, and what to do about it."""

from dataclasses import dataclass, replace

from kg.errors import StoreUnavailable
from kg.lock import is_locked
from kg.queue import TaskQueue
from kg.store import GraphStore
from retrieval.results import Explanation, Retrieval
from retrieval.retriever import NO_PASSAGES
from server.folders import Folders
from server.settings import Settings
from server.workforce import Workforce

BEING_INDEXED = "The documents of this collection are being indexed: try again in a moment."
WAITING = "The documents of this collection are queued: try again in a moment."
START_ONE = (
    "If neither `ammon ingest` nor `ammon serve` is running, start one: it continues the work."
)
START_WORKERS = "If no `ammon worker` is running, start one: it continues the work."
"""If there is a broker."""


@dataclass(frozen=True, kw_only=True, slots=True)
class EmptyResults:
    """Explains results without hits, by what is in the store and its queue."""

    settings: Settings
    store: GraphStore
    queue: TaskQueue
    worker: Workforce
    folders: Folders

    def retrieval(self, collection: str, question: str, mode: str) -> Retrieval:
        """The empty result of a collection without a snapshot. Raises: CollectionNotFound."""
        return Retrieval(
            question=question,
            collection=collection,
            revision=0,
            mode=mode,
            hits=(),
            explanation=Explanation(notes=(self.why(collection),)),
        )

    def explained(self, collection: str, found: Retrieval) -> Retrieval:
        """The result, with the reason added if its snapshot has no passages.

        Raises: CollectionNotFound.
        """
        if NO_PASSAGES not in found.explanation.notes:
            return found
        try:
            why = self.why(collection)
        except StoreUnavailable:  # the general reason has to suffice
            return found
        return replace(found, explanation=Explanation(notes=(why,)))

    def why(self, collection: str) -> str:
        """Why nothing is found in it, and what to do. Raises: CollectionNotFound."""
        # The queue before the graph: a document that moves on meanwhile is then not missed.
        if self.queue.waiting(collection):
            if self.worker.running and not self.settings.broker_url:
                return BEING_INDEXED
            return f"{WAITING} {START_WORKERS if self.settings.broker_url else START_ONE}"
        with self.store.peek(collection) as reader:
            if not list(reader.documents(limit=1)):
                return NO_PASSAGES
        folder = self.folders.snapshots(self.store.collection(collection))
        if self.worker.running or is_locked(folder.lock):
            return BEING_INDEXED
        return (
            "The documents of this collection have not been published, so nothing is found: "
            f"ammon rebuild --collection {collection!r}"
        )
