"""`ammon rebuild` and `ammon reindex`: what is derived, made again."""

import typer

from server.cli import options
from server.cli.context import opened


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command(epilog="Example: ammon rebuild --collection research")(rebuild)
    app.command(epilog="Example: ammon reindex --extractor llm:gpt-4o-mini -c research")(reindex)


def rebuild(
    context: typer.Context,
    collection: options.CollectionName = None,
    as_json: options.AsJson = False,
) -> None:
    """Publish a fresh snapshot if the present one is damaged or older than the graph."""
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
        console().print(f"The snapshot {current} of {name!r} is whole and up to date.")


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
    """Index a collection in another way: with another extractor, embedder or size of passages.

    As it is, it does again what an extractor of an older version did. What a model was paid for
    before is used again. Until it is done, questions are answered from what was there before.
    """
    from dataclasses import asdict

    from kg.jobs import TaskState
    from server.cli.output import console, counted, print_json, print_warning
    from server.cli.progress import shown_progress
    from server.status import collection_status, job_failures
    from server.wanted import Wanted

    wanted = Wanted(
        extractor=extractor,
        embedder=embedder,
        max_tokens=passage_tokens,
        overlap_tokens=overlap_tokens,
    )
    with opened(context) as core:
        name = collection or core.settings.collection
        job = core.reindex(name, wanted, budget=core.budget(budget)).job
        with shown_progress() as progress:
            core.worker.run_until_empty(name, progress)
        failed = job_failures(core, job.id) if job else []
        status = collection_status(core, name)
        counts = core.queue.job(job.id).counts if job else {}
        kept = core.pipeline.left_behind(name)
    settings, done = status.collection.settings, counts.get(TaskState.EXTRACTED, 0)
    cancelled = counts.get(TaskState.CANCELLED, 0)  # some may be, for a newer text of theirs
    called_off = bool(job and cancelled and settings.next_job != job.id)
    summary = {
        "collection": name,
        "settings": asdict(settings),
        "documents": done,
        "cancelled": cancelled,
        "kept": kept,
        "failed": [{"source": source, "reason": reason} for source, reason in failed],
        "snapshot": status.snapshot,
    }
    if as_json:
        print_json(summary)
    elif called_off:
        stays = "another change is under way" if settings.upcoming else "all stays as it was"
        print_warning(
            f"Indexing {name!r} anew was cancelled: {stays}. "
            f"{counted(cancelled, 'document')} had not been read."
        )
    else:
        console().print(
            f"Indexed {counted(done, 'document')} of {name!r} anew, {len(failed)} failed."
        )
        if job and failed and settings.upcoming:
            print_warning(
                "The graph stays as it is until these come too "
                f"(ammon jobs retry {job.id}), or are deleted."
            )
        elif kept:
            print_warning(
                f"{counted(kept, 'passage')} could not be read anew: what was found in them before "
                "stays. The same command tries again."
            )
    raise typer.Exit(1 if failed or called_off else 0)
