"""`ammon jobs`: jobs with their progress and cost."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from server.cli import options
from server.cli.context import opened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.jobs import Job
    from server.core import Core
    from server.reports.status import JobStatus

_SHOWN = 10
"""How many failures are shown; --json shows all."""

_NOTHING_FAILED = (
    "There was nothing to retry: no document failed. To process cancelled documents, run the "
    "command that created the job again (ammon ingest or ammon reindex)."
)

JobId: TypeAlias = Annotated[
    str, typer.Argument(metavar="JOB", help="Job id or a unique prefix.", show_default=False)
]
jobs = typer.Typer(
    help="Show jobs with their progress and cost; cancel or retry them.\n\n"
    "The beginning of a job's id is enough if no other job's id begins with it."
)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(jobs, name="jobs")


@jobs.callback(invoke_without_command=True)
def list_jobs(
    context: typer.Context,
    collection: options.CollectionName = None,
    limit: Annotated[
        int, typer.Option("--limit", min=1, max=1000, help="Maximum number of jobs.")
    ] = 20,
    as_json: options.AsJson = False,
) -> None:
    """List jobs, newest first; subcommands act on one of them."""
    from server.cli.output import console, print_json
    from server.reports.jobs import job_fields
    from server.reports.status import job_statuses

    if context.invoked_subcommand:
        return
    with opened(context) as core:
        if collection:
            core.store.collection(collection)
        found = job_statuses(core, core.queue.jobs(collection, limit=limit))
    if as_json:
        print_json({"jobs": [job_fields(status) for status in found]})
        return
    out = console()
    if not found:
        out.print("There are no jobs: ammon ingest PATH")
    for status in found:
        out.print(f"{status.job.id}  {status.job.collection}  {status.job.created_at:%F %T}")
        out.print(f"  {job_line(status)}")


@jobs.command(epilog="Example: ammon jobs show job-5b0f")
def show(context: typer.Context, job: JobId, as_json: options.AsJson = False) -> None:
    """Show one job, with its failed documents and quarantined passages, and the reasons."""
    from dataclasses import asdict

    from server.cli.output import console, print_error, print_json, print_warning, quarantine_lines
    from server.reports.jobs import job_fields
    from server.reports.status import job_failures, job_status, quarantine_of

    with opened(context) as core:
        status = job_status(core, core.queue.job(_id(core, job)))
        failed = job_failures(core, status.job.id)
        apart = quarantine_of(core, status.job)
    if as_json:
        told = [{"source": source, "reason": reason} for source, reason in failed]
        rows = [asdict(one) for one in apart]
        print_json({**job_fields(status), "failed": told, "quarantine": rows})
        return
    out = console()
    out.print(f"{status.job.id}  {status.job.collection}  {status.job.created_at:%F %T}")
    for line in job_lines(status):
        out.print(f"  {line}")
    for source, reason in failed[:_SHOWN]:
        print_error(f"{source}: {reason}")
    if len(failed) > _SHOWN:
        print_error(f"… and {len(failed) - _SHOWN:,} more (--json)")
    for line in quarantine_lines(apart):
        print_warning(line)


@jobs.command(epilog="Example: ammon jobs cancel job-5b0f")
def cancel(context: typer.Context, job: JobId, as_json: options.AsJson = False) -> None:
    """Cancel what is not done yet. What is in the graph stays, drafts included."""
    from server.cli.output import console, print_json
    from server.reports.jobs import job_fields
    from server.reports.status import job_status

    with opened(context) as core:
        before = core.queue.job(_id(core, job))
        over = not _goes_on(core, before)
        status = job_status(core, core.cancel(before.id))
        core.worker.wake()
    if as_json:
        print_json(job_fields(status))
        return
    console().print(job_line(status))
    if over:
        console().print("There was nothing to cancel: this job was over.")


@jobs.command(epilog="Example: ammon jobs retry job-5b0f --budget 5.00")
def retry(
    context: typer.Context,
    job: JobId,
    budget: options.BudgetAmount = None,
    as_json: options.AsJson = False,
) -> None:
    """Retry failed documents; with --budget, continue a job that has spent its budget.

    It waits for the job's end, also for documents that another command still adds to it. The
    budget includes what the job has spent already. Exit code 1 if documents failed again, or all
    passages are in quarantine.
    """
    from kg.jobs import TaskState
    from server.cli.output import console, print_json
    from server.cli.progress import shown_progress
    from server.job_end import run_to_its_end
    from server.reports.jobs import job_fields
    from server.reports.status import job_status

    with opened(context) as core:
        limit = None if budget is None else core.budget(budget)
        before = core.queue.job(_id(core, job))
        over = not (before.counts.get(TaskState.FAILED) or _goes_on(core, before))
        found = core.retry(before.id, limit)
        with shown_progress() as progress:
            ended = run_to_its_end(core, found.id, progress)
        status = job_status(core, ended)
    if as_json:
        print_json(job_fields(status))
    else:
        console().print(job_line(status))
        if over:
            console().print(_NOTHING_FAILED)
    raise typer.Exit(1 if _failed(status) or status.all_quarantined else 0)


@jobs.command(epilog="Example: ammon jobs prune --days 7")
def prune(
    context: typer.Context,
    days: Annotated[
        float | None,
        typer.Option(
            "--days", min=0, metavar="N", help="Default: the setting `job_retention_days`."
        ),
    ] = None,
    collection: options.CollectionName = None,
    as_json: options.AsJson = False,
) -> None:
    """Delete jobs without activity for N days, with the texts of their failed documents.

    What is in the graph stays, and so do unfinished jobs.
    """
    from server.cli.output import console, print_json
    from server.reports.jobs import prune as forget

    with opened(context) as core:
        after = core.settings.job_retention_days if days is None else days
        if days is None and not after:
            raise typer.BadParameter(
                "job_retention_days is 0, which keeps all jobs: give --days N."
            )
        number = forget(core, collection, after)
    if as_json:
        print_json({"forgotten": number})
    else:
        console().print("1 job deleted" if number == 1 else f"{number:,} jobs deleted")


def job_line(status: "JobStatus") -> str:
    """A job in one line."""
    return "; ".join(job_lines(status))


def job_lines(status: "JobStatus") -> "Iterator[str]":
    """Everything about a job, except its id and when it was submitted."""
    from server.budgets import format_budget, format_money, format_seconds
    from server.cli.output import counted

    job, progress = status.job, status.job.progress
    counts = ", ".join(f"{count} {state}" for state, count in job.counts.items())
    yield f"{status.state}, {status.percent:g} % of {job.total}: {counts or 'no documents'}"
    if status.waiting_because:
        yield f"waiting: {status.waiting_because}"
    for one in status.refused:
        yield str(one)
    if status.quarantined:
        share = "all of its passages failed: " if status.all_quarantined else ""
        number = counted(status.quarantined, "passage")
        yield f"{share}{number} in quarantine, found by text alone"
    if status.drafted:
        documents = counted(status.drafted, "unfinished or failed document")
        yield f"searchable from an earlier extraction: {documents}"
    if progress.passages:
        rate = f", {status.rate:.1f} a second" if status.rate and job.open else ""
        left = f", about {format_seconds(status.seconds_left)} left" if status.seconds_left else ""
        yield f"passages {progress.passages_done} of {progress.passages}{rate}{left}"
    if progress.input_tokens or progress.output_tokens:
        cost = f", for {format_money(progress.cost)}" if progress.cost else ""
        yield f"tokens {progress.input_tokens:,} in, {progress.output_tokens:,} out{cost}"
    if limit := format_budget(job.budget):
        yield f"budget {limit}"
    if job.priority:
        yield f"priority {job.priority}"


def _goes_on(core: "Core", job: "Job") -> bool:
    """Whether a job has unfinished documents, or its collection is being re-indexed by it."""
    settings = core.store.collection(job.collection).settings
    changing = settings.changing and settings.transition.job == job.id
    return bool(job.open or job.filling or changing)


def _failed(status: "JobStatus") -> bool:
    from kg.jobs import TaskState

    return status.job.counts.get(TaskState.FAILED, 0) > 0


def _id(core: "Core", beginning: str) -> str:
    """The id of the only job whose id begins so; otherwise the argument, which will not be
    found."""
    from contextlib import suppress

    from kg.errors import JobNotFound

    with suppress(JobNotFound):
        return core.queue.job(beginning).id
    found = [job.id for job in core.queue.jobs(limit=1000) if job.id.startswith(beginning)]
    return found[0] if len(found) == 1 else beginning
