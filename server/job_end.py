"""Waiting for the end of one job, whoever adds documents to it and whoever works on them."""

import time

from indexer.progress import ReportProgress, StepProgress, ignore_progress
from kg.jobs import Job
from server.core import Core

_POLL_SECONDS = 0.5


def run_to_its_end(core: Core, job_id: str, progress: ReportProgress = ignore_progress) -> Job:
    """Process, or have workers process, everything in the queue of a job's collection, and publish
    it, until the job has no unfinished documents and nobody adds any.

    Raises: JobNotFound; StoreError, ModelError: finished work is kept.
    """
    while True:
        core.worker.run_until_empty(core.queue.job(job_id).collection, progress)
        job = core.queue.job(job_id)
        if not (job.open or job.filling):
            return job
        while job.filling and not job.open:
            progress(StepProgress(step="filled elsewhere", done=job.total, total=0))
            time.sleep(_POLL_SECONDS)
            job = core.queue.job(job_id)
