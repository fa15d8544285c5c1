"""`ammon rebuild` and `ammon reindex`: making derived data anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from server.cli import options
from server.cli.context import opened

if TYPE_CHECKING:
    from server.reports.collection_status import CollectionStatus


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: ammon rebuild --collection research")(rebuild)
    app.command(epilog="Example: ammon reindex --extractor llm:gpt-4o-mini -c research")(reindex)


def rebuild(
    context: typer.Context,
    collection: options.CollectionName = None,
    as_json: options.AsJson = False,
) -> None:
    """Publish a new snapshot if the current one is damaged, older than the graph, or read by
    another version's rules."""
    from server.cli.output import console, print_json
    from server.cli.progress import shown_progress

    with opened(context) as core:
        name = collection or core.settings.collection
        with shown_progress() as progress:
            published = core.rebuild(name, progress)
        current = core.snapshot_folder(name).current()
    if as_json:
        print_json({"collection": name, "snapshot": current, "rebuilt": published is not None})
    elif published:
        console().print(f"Published the snapshot {published} of {name!r}.")
    else:
        console().print(f"The snapshot {current} of {name!r} is intact and up to date.")


def reindex(
    context: typer.Context,
    collection: options.CollectionName = None,
    extractor: options.ExtractorName = None,
    embedder: options.EmbedderName = None,
    passage_tokens: options.PassageTokens = None,
    overlap_tokens: options.OverlapTokens = None,
    budget: options.BudgetAmount = None,
    as_json: options.AsJson = False,
) -> None:
    """Re-index a collection with another extractor, embedder or passage size.

    Without options, documents that an older version of the extractor read are extracted again.
    Answers that a model was paid for are reused. Until it is done, questions are answered from the
    old index.
    """
    from kg.jobs import TaskState
    from server.cli.progress import shown_progress
    from server.indexing_options import IndexingOptions
    from server.reports.collection_status import collection_status
    from server.reports.status import job_failures

    options = IndexingOptions(
        extractor=extractor,
        embedder=embedder,
        max_tokens=passage_tokens,
        overlap_tokens=overlap_tokens,
    )
    with opened(context) as core:
        name = collection or core.settings.collection
        job = core.reindex(name, options, budget=core.budget(budget)).job
        with shown_progress() as progress:
            core.worker.run_until_empty(name, progress)
        counts = core.queue.job(job.id).counts if job else {}
        outcome = _Outcome(
            status=collection_status(core, name),
            job=job.id if job else None,
            done=counts.get(TaskState.EXTRACTED, 0),
            cancelled=counts.get(TaskState.CANCELLED, 0),
            kept=core.pipeline.left_behind(name),
            failed=job_failures(core, job.id, job.total) if job else [],
        )
    if as_json:
        _print_as_json(outcome)
    else:
        _tell(outcome)
    raise typer.Exit(1 if outcome.failed or outcome.called_off else 0)


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """The outcome of re-indexing a collection."""

    status: "CollectionStatus"
    job: str | None
    """None if there was nothing to do."""
    done: int
    cancelled: int
    """Documents that were cancelled."""
    kept: int
    """Passages that could not be extracted again."""
    failed: Sequence[tuple[str, str]]
    """Source and reason of each document."""

    @property
    def unchanged(self) -> int:
        """Documents of the collection that this job had nothing to do for: they were indexed in
        this way already, or another job did that."""
        documents = self.status.counts["documents"]
        return max(documents - self.done - self.cancelled - len(self.failed), 0)

    @property
    def called_off(self) -> bool:
        """Whether the whole job was cancelled."""
        settings = self.status.collection.settings
        return bool(self.job and self.cancelled and settings.transition.job != self.job)


def _print_as_json(outcome: _Outcome) -> None:
    from kg.codec import settings_fields
    from server.cli.output import print_json

    collection = outcome.status.collection
    print_json(
        {
            "collection": collection.name,
            "settings": settings_fields(collection.settings),
            "documents": outcome.done,
            "unchanged": outcome.unchanged,
            "cancelled": outcome.cancelled,
            "kept": outcome.kept,
            "failed": [{"source": source, "reason": reason} for source, reason in outcome.failed],
            "snapshot": outcome.status.snapshot,
        }
    )


def _tell(outcome: _Outcome) -> None:
    from server.cli.output import console, counted, print_warning

    name, settings = outcome.status.collection.name, outcome.status.collection.settings
    if outcome.called_off:
        stays = "another re-indexing is in progress" if settings.upcoming else "nothing has changed"
        print_warning(
            f"Re-indexing {name!r} was cancelled: {stays}. "
            f"{counted(outcome.cancelled, 'document')} had not been processed."
        )
        return
    others = f"; {outcome.unchanged} were indexed so already" if outcome.unchanged else ""
    console().print(
        f"Re-indexed {counted(outcome.done, 'document')} of {name!r}, {len(outcome.failed)} failed"
        f"{others}."
    )
    if outcome.job and outcome.failed and settings.upcoming:
        print_warning(
            "The old index stays in use until these documents succeed (ammon jobs retry "
            f"{outcome.job}) or are deleted."
        )
    elif outcome.kept:
        print_warning(
            f"{counted(outcome.kept, 'passage')} could not be extracted again and keep their old "
            "extraction. Run the same command to retry."
        )
