"""A pipeline over a store, with a scripted extractor and a hashing embedder, for tests."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from indexer.extraction.port import Extractor
from indexer.pipeline import Pipeline
from indexer.worker import Worker
from kg.dump import dump_hash
from kg.errors import CollectionExists
from kg.jobs import UNKNOWN, Prices, Task
from kg.memory import MemoryStore
from kg.neo4j import Neo4jStore
from kg.queue import JobQueue
from kg.records import CollectionSettings, SourceDocument
from kg.snapshot import Snapshot, SnapshotFolder
from kg.sqlite import SQLiteStore
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.hash_embedder import HashEmbedder

COLLECTION = "books"
SETTINGS = CollectionSettings(extractor="scripted", embedder="hash-64", max_tokens=0)


def note(source: str, text: str) -> SourceDocument:
    """A short document."""
    return SourceDocument(source=source, title=f"Note {source}", text=text)


@dataclass(kw_only=True)
class Workshop:
    """One collection, empty unless the store has it, and all that it takes to fill it."""

    folder: Path
    store: MemoryStore | SQLiteStore | Neo4jStore = field(default_factory=MemoryStore)
    extractor: Extractor = field(default_factory=ScriptedExtractor)
    extractors: dict[str, Extractor] = field(default_factory=dict)
    """By the name that a collection's settings give; any other is `extractor`."""
    settings: CollectionSettings = SETTINGS
    first_tier: str = ""
    prices: Prices = UNKNOWN
    retention_seconds: float = 0.0

    def __post_init__(self) -> None:
        with suppress(CollectionExists):
            self.store.create_collection(COLLECTION, self.settings)
        self.queue: JobQueue = self.store
        self.pipeline = Pipeline(
            store=self.store,
            queue=self.queue,
            extractor=lambda settings: self.extractors.get(settings.extractor, self.extractor),
            embedder=lambda settings: HashEmbedder(int(settings.embedder.removeprefix("hash-"))),
            folder=lambda found: self.snapshots(found.settings.embedder),
            max_attempts=3,
            first_tier=self.first_tier,
            prices=self.prices,
            retention_seconds=self.retention_seconds,
        )

    def snapshots(self, embedder: str = "hash-64") -> SnapshotFolder:
        """Where snapshots made with an embedder are."""
        return SnapshotFolder(self.folder / embedder)

    def snapshot(self, embedder: str = "hash-64") -> Snapshot:
        """The published snapshot."""
        return Snapshot.read(self.snapshots(embedder).open())

    def worker(self, *, threads: int = 1, lease_seconds: float = 60.0) -> Worker:
        """A worker that looks often."""
        return Worker(
            self.pipeline,
            threads=threads,
            lease_seconds=lease_seconds,
            poll_seconds=0.02,
            publish_seconds=0.05,
        )

    def lease(self, limit: int = 100) -> Sequence[Task]:
        """Take tasks as a worker does."""
        return self.queue.lease(worker="test", limit=limit, seconds=60)

    def ingest(self, *documents: SourceDocument) -> None:
        """Bring documents all the way into the graph."""
        self.pipeline.submit(COLLECTION, documents)
        self.pipeline.process(self.lease())

    def sources(self) -> list[str]:
        """Sources of the documents in the graph."""
        with self.store.read(COLLECTION) as reader:
            return sorted(document.source for document in reader.documents())

    def texts(self) -> list[str]:
        """Texts of the documents in the graph."""
        with self.store.read(COLLECTION) as reader:
            return sorted(document.text for document in reader.documents())

    def counts(self) -> dict[str, int]:
        """The graph's counts."""
        with self.store.read(COLLECTION) as reader:
            return dict(reader.counts())

    def dump(self) -> str:
        """A hash of the whole graph."""
        with self.store.read(COLLECTION) as reader:
            return dump_hash(reader)
