"""Ingesting files, from reading them to publishing a snapshot: what `ammon ingest` does."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from indexer.intake.estimate import Estimate
from indexer.intake.submission import Submission
from indexer.loaders import Limits, LoadFailure, load
from indexer.progress import ReportProgress, StepProgress, ignore_progress
from kg.errors import DocumentUnreadable
from kg.jobs import CALLED_OFF, UNLIMITED, Budget, Job, Progress, TaskState
from kg.records import SourceDocument
from server.budgets import known_cost
from server.core import Core
from server.indexing_options import IndexingOptions
from server.reports.quarantine import Quarantined, quarantine
from server.reports.status import job_failures
from server.settings import Settings

_PART = 1_000_000
_OTHER_JOBS = 1000
"""How many of the newest jobs are searched for documents that they took over."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A file or document that could not be indexed."""

    source: str
    reason: str


@dataclass(frozen=True, kw_only=True, slots=True)
class IngestReport:
    """What happened to the files, and what the collection contains now."""

    collection: str
    new: int
    changed: int
    unchanged: int
    under_way: int
    """Documents that a job of another command or server is indexing; they are waited for, too."""
    cancelled: int
    """Documents whose tasks were cancelled and that no other job is indexing."""
    cut_short: bool
    """Whether the job was cancelled before all files were read: the rest was not queued."""
    failed: tuple[Failure, ...]
    replaced: tuple[str, ...]
    """Sources of changed documents, whose new text replaced the old one."""
    skipped: tuple[Failure, ...]
    """Files in folders whose format is not supported."""
    empty: tuple[str, ...]
    """Sources of empty files in folders, which were skipped too."""
    superseded: tuple[str, ...]
    """Sources that occurred more than once: only the last document of each counts."""
    documents: int
    passages: int
    entities: int
    facts: int
    quarantined: int
    """Passages without a graph, because their extraction failed."""
    quarantine: tuple[Quarantined, ...]
    """The quarantined passages of the whole collection, and why."""
    all_quarantined: bool
    """Whether these files' documents were indexed, but the extraction of all their passages
    failed."""
    input_tokens: int
    """That a chat model was sent for these files, and"""
    output_tokens: int
    """answered;"""
    cost: float | None
    """what that cost, in the currency of the prices; None if they are unknown."""
    seconds: float


def limits_of(settings: Settings) -> Limits:
    """The loaders' limits, from the settings."""
    return Limits(
        max_file_bytes=settings.max_file_mb * 1_000_000,
        max_expanded_bytes=settings.max_expanded_mb * 1_000_000,
    )


def check_text(settings: Settings, source: str, text: str) -> None:
    """Check a text against the size limit of files. Raises: DocumentUnreadable."""
    limit = limits_of(settings).max_file_bytes
    size = sum(  # in parts, so as not to hold the encoded text in memory as well
        len(text[start : start + _PART].encode(errors="surrogatepass"))
        for start in range(0, len(text), _PART)
    )
    if size > limit:
        raise DocumentUnreadable(
            f"{source!r} has {size:,} bytes; at most {limit:,} are allowed (the setting "
            "max_file_mb)."
        )


def ingest(
    core: Core,
    collection: str,
    paths: Sequence[Path],
    progress: ReportProgress = ignore_progress,
    *,
    prefix: str = "",
    priority: int = 0,
    budget: Budget = UNLIMITED,
) -> IngestReport:
    """Read files and folders, index what is new or changed, and publish a snapshot.

    `prefix` is prepended to every source, to tell apart files of the same name from different
    places; `budget` limits what a chat model may cost. Raises: CollectionNotFound, WaitsOtherwise;
    StoreError, ModelError, in which case finished work is kept.
    """
    started = time.monotonic()
    reading = _Reading(progress, prefix)
    documents = reading.documents(core.settings, paths)
    began_at = core.store.collection(collection).revision
    submission = core.pipeline.submit(collection, documents, priority=priority, budget=budget)
    core.worker.run_until_empty(collection, progress)
    spent, failed = _outcome(core, submission)
    came = _came(core, submission)
    cancelled, elsewhere = _cancelled(core, submission, began_at)
    replaced = tuple(source for key, source in came.items() if key in submission.replaced)
    with core.store.peek(collection) as reader:
        counts = reader.counts()
    bad = quarantine(core, collection)
    return IngestReport(
        collection=collection,
        new=len(came) - len(replaced),
        changed=len(replaced),
        unchanged=submission.unchanged,
        under_way=submission.under_way + elsewhere,
        cancelled=cancelled,
        cut_short=submission.cut_short,
        failed=(*reading.failed, *failed),
        replaced=replaced,
        skipped=tuple(reading.skipped),
        empty=tuple(reading.empty),
        superseded=submission.superseded,
        documents=counts["documents"],
        passages=counts["passages"],
        entities=counts["entities"],
        facts=counts["facts"],
        quarantined=counts["quarantined"],
        quarantine=bad,
        all_quarantined=0 < spent.passages <= _quarantined_of(bad, came),
        input_tokens=spent.input_tokens,
        output_tokens=spent.output_tokens,
        cost=known_cost(spent),
        seconds=round(time.monotonic() - started, 3),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class FilesEstimate:
    """An estimate of what ingesting files would cost."""

    collection: str
    estimate: Estimate
    failed: tuple[Failure, ...]
    skipped: tuple[Failure, ...]


def estimate(
    core: Core,
    collection: str,
    paths: Sequence[Path],
    options: IndexingOptions,
    progress: ReportProgress = ignore_progress,
    *,
    prefix: str = "",
) -> FilesEstimate:
    """Read files and folders and estimate what `ingest` of them would cost; nothing is changed."""
    reading = _Reading(progress, prefix)
    found = core.estimate(collection, reading.documents(core.settings, paths), options, progress)
    return FilesEstimate(
        collection=collection,
        estimate=found,
        failed=tuple(reading.failed),
        skipped=tuple(reading.skipped),
    )


class _Reading:
    """Yields documents as they are read, and collects the failures."""

    def __init__(self, progress: ReportProgress, prefix: str) -> None:
        self.failed: list[Failure] = []
        self.skipped: list[Failure] = []
        self.empty: list[str] = []
        self._progress = progress
        self._prefix = prefix

    def documents(self, settings: Settings, paths: Sequence[Path]) -> Iterator[SourceDocument]:
        done = 0
        for found in load(paths, limits=limits_of(settings)):
            if isinstance(found, LoadFailure):
                self._note(found)
                continue
            done += 1
            self._progress(StepProgress(step="read", done=done, total=0))
            yield replace(found, source=self._prefix + found.source)

    def _note(self, failure: LoadFailure) -> None:
        if failure.empty:
            self.empty.append(failure.source)
            return
        kept = self.skipped if failure.skipped else self.failed
        kept.append(Failure(source=failure.source, reason=failure.reason))


def _outcome(core: Core, submission: Submission) -> tuple[Progress, list[Failure]]:
    """What was spent on the submitted documents, and those that failed."""
    if submission.job is None:
        return Progress(), []
    job = core.queue.job(submission.job.id)
    found = job_failures(core, job.id, job.total)
    return job.progress, [Failure(source=source, reason=reason) for source, reason in found]


def _quarantined_of(bad: Sequence[Quarantined], came: Mapping[str, str]) -> int:
    """How many passages of these documents are in quarantine."""
    sources = set(came.values())
    return len({(one.source, one.passage) for one in bad if one.source in sources})


def _came(core: Core, submission: Submission) -> dict[str, str]:
    """The submitted documents that are in the graph now: id -> source, in order of submission."""
    if submission.job is None:
        return {}
    tasks = core.queue.tasks(
        submission.job.id, state=TaskState.EXTRACTED, limit=submission.job.total
    )
    return {task.document_id: task.source for task in tasks}


def _cancelled(core: Core, submission: Submission, began_at: int) -> tuple[int, int]:
    """How many submitted documents were cancelled for good, and how many are another job's, such as
    newer texts of them. `began_at`: the collection's revision before they were submitted."""
    if submission.job is None:
        return 0, 0
    job = core.queue.job(submission.job.id)
    if not any(job.counts.get(state) for state in CALLED_OFF):
        return 0, 0
    missing = _ids(core, job, called_off=True)
    gone = set(missing)
    for other in core.queue.jobs(job.collection, unfinished_at=began_at, limit=_OTHER_JOBS):
        if gone and other.id != job.id:
            gone -= _ids(core, other, called_off=False)
    return len(gone), len(missing) - len(gone)


def _ids(core: Core, job: Job, *, called_off: bool) -> set[str]:
    """Ids of a job's documents whose tasks were, or were not, cancelled or superseded."""
    tasks = core.queue.tasks(job.id, limit=job.total)
    return {one.document_id for one in tasks if (one.state in CALLED_OFF) == called_off}
