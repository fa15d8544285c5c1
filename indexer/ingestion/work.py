"""A batch of documents on its way into the graph: what it is made of, and what is known of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from indexer.identity import identify, is_ahead
from indexer.ingestion.chunking import chunk
from inference.embedder import Embedder
from kg.jobs import Progress, Task
from kg.records import CollectionSettings, Extraction, Passage, SourceDocument
from kg.store import DocumentGraph

BATCH_CHARS = 2_000_000
"""How much text one transaction takes in, unless a single document is longer."""


@dataclass(kw_only=True, slots=True)
class Work:
    """A batch on its way."""

    graphs: dict[str, DocumentGraph] = field(default_factory=dict)
    """Task id -> what its document is made of."""
    failures: dict[str, str] = field(default_factory=dict)
    """Task id -> why it fails."""
    passages: dict[str, Passage] = field(default_factory=dict)
    found: dict[str, Extraction] = field(default_factory=dict)
    """Passage id -> what is known of it."""

    def add(self, task_id: str, graph: DocumentGraph) -> None:
        """Take in what a task's document is made of."""
        self.graphs[task_id] = graph
        self.passages.update((passage.id, passage) for passage in graph.passages)

    def whole(self) -> dict[str, DocumentGraph]:
        """Task id -> document, of those whose passages all have extractions."""
        missing = self.missing()
        return {task: graph for task, graph in self.graphs.items() if task not in missing}

    def missing(self) -> dict[str, tuple[Passage, ...]]:
        """Task id -> the passages without extraction, of documents that have such."""
        lacking = {
            task: tuple(passage for passage in graph.passages if passage.id not in self.found)
            for task, graph in self.graphs.items()
        }
        return {task: passages for task, passages in lacking.items() if passages}

    def tasks_of(self) -> dict[str, list[str]]:
        """Passage id -> the tasks whose documents have it."""
        tasks: dict[str, list[str]] = {}
        for task, graph in self.graphs.items():
            for passage in graph.passages:
                tasks.setdefault(passage.id, []).append(task)
        return tasks

    def progress(self) -> dict[str, Progress]:
        """Task id -> how many passages its document has, and how many are extracted."""
        missing = self.missing()
        return {
            task: Progress(
                passages=len(graph.passages),
                passages_done=len(graph.passages) - len(missing.get(task, ())),
            )
            for task, graph in self.graphs.items()
        }


def used_by(graphs: Iterable[DocumentGraph], found: Mapping[str, Extraction]) -> list[Extraction]:
    """The extractions of these documents' passages, by passage id."""
    ids = {passage.id for graph in graphs for passage in graph.passages}
    return [found[id_] for id_ in sorted(ids)]


def graph_of(
    collection: str,
    document: SourceDocument,
    settings: CollectionSettings,
    embedder: Embedder,
    wanted: Callable[[], bool] = lambda: True,
) -> DocumentGraph:
    """The document as these settings have it, with its passages.

    Raises: DocumentUnreadable; CalledOff for a very long one that is not `wanted` any more.
    """
    return chunk(
        collection,
        identify(collection, document, settings),
        count_tokens=embedder.count_tokens,
        max_tokens=min(settings.max_tokens, embedder.max_tokens),  # 0: documents stay whole
        overlap_tokens=settings.overlap_tokens,
        wanted=wanted,
    )


def reads_ahead(task: Task) -> bool:
    """Whether the task's document is only to be extracted (see `indexer.changeover`)."""
    return task.document is not None and is_ahead(task.document.fingerprint)


def batches(tasks: Sequence[Task]) -> Iterator[list[Task]]:
    """Tasks of one collection each, all drafted or none, all to be committed or none, of limited
    size, in their order."""
    alike: dict[tuple[str, bool, bool], list[Task]] = {}
    for task in tasks:
        alike.setdefault((task.collection, task.drafted, reads_ahead(task)), []).append(task)
    for group in alike.values():
        batch: list[Task] = []
        chars = 0
        for task in group:
            size = len(task.document.text) if task.document else 0
            if batch and chars + size > BATCH_CHARS:
                yield batch
                batch, chars = [], 0
            batch.append(task)
            chars += size
        yield batch
