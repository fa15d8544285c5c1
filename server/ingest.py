"""Files into a collection, from the first to the snapshot: what `ammon ingest` does."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from indexer.loaders import Limits, LoadFailure, load
from indexer.pipeline import Submission
from indexer.progress import ReportProgress, StepProgress, ignore_progress
from kg import ids
from kg.records import SourceDocument
from server.core import Core
from server.settings import Settings
from server.status import job_failures

_ALL = 1_000_000_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A file or document that did not come in."""

    source: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestReport:
    """What became of the files, and what the collection holds now."""

    collection: str
    new: int
    changed: int
    unchanged: int
    failed: tuple[Failure, ...]
    skipped: tuple[Failure, ...]
    """Files in folders that are of no known kind."""
    superseded: tuple[str, ...]
    """Sources that came more than once: the last of each counts."""
    documents: int
    passages: int
    entities: int
    facts: int
    quarantined: int
    """Passages without a graph, because their extraction failed."""
    seconds: float


def limits_of(settings: Settings) -> Limits:
    """The loaders' limits that the settings give."""
    return Limits(
        max_file_bytes=settings.max_file_mb * 1_000_000,
        max_expanded_bytes=settings.max_expanded_mb * 1_000_000,
    )


def ingest(
    core: Core,
    collection: str,
    paths: Sequence[Path],
    progress: ReportProgress = ignore_progress,
) -> IngestReport:
    """Read files and folders, take in what is new or changed, and publish a snapshot.

    Raises: CollectionNotFound, StoreError, ModelError: what is done stays done.
    """
    started = time.monotonic()
    before = set(core.store.fingerprints(collection))
    reading = _Reading(progress)
    submission = core.pipeline.submit(collection, reading.documents(core.settings, paths))
    core.worker.run_until_empty(collection, progress)
    failed = list(reading.failed)
    if submission.job is not None:
        found = job_failures(core, submission.job.id, _ALL)
        failed += [Failure(source=source, reason=reason) for source, reason in found]
    new = _new(core, submission, before)
    with core.store.read(collection) as reader:
        counts = reader.counts()
    lost = len(failed) - len(reading.failed)
    return IngestReport(
        collection=collection,
        new=new,
        changed=submission.submitted - new - lost,
        unchanged=submission.unchanged,
        failed=tuple(failed),
        skipped=tuple(reading.skipped),
        superseded=submission.superseded,
        documents=counts["documents"],
        passages=counts["passages"],
        entities=counts["entities"],
        facts=counts["facts"],
        quarantined=counts["quarantined"],
        seconds=round(time.monotonic() - started, 3),
    )


class _Reading:
    """Passes documents on as they are read, and keeps what could not be read."""

    def __init__(self, progress: ReportProgress) -> None:
        self.failed: list[Failure] = []
        self.skipped: list[Failure] = []
        self._progress = progress

    def documents(self, settings: Settings, paths: Sequence[Path]) -> Iterator[SourceDocument]:
        done = 0
        for found in load(paths, limits=limits_of(settings)):
            if isinstance(found, LoadFailure):
                kept = self.skipped if found.skipped else self.failed
                kept.append(Failure(source=found.source, reason=found.reason))
                continue
            done += 1
            self._progress(StepProgress(step="read", done=done, total=0))
            yield found


def _new(core: Core, submission: Submission, before: set[str]) -> int:
    """How many of the submitted documents came in for the first time."""
    if submission.job is None:
        return 0
    failed = {
        ids.document_id(submission.job.collection, source)
        for source, _ in job_failures(core, submission.job.id, _ALL)
    }
    tasks = core.queue.tasks(submission.job.id, limit=_ALL)
    chosen = {task.document_id for task in tasks} - failed
    return len(chosen - before)
