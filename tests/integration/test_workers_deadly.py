"""A document that kills whoever extracts it costs three workers, and not the other documents."""

import pytest

from kg.jobs import TaskState
from kg.records import SourceDocument
from server.core import Core
from server.indexing_options import IndexingOptions
from server.reports.status import quarantine_of
from tests.doubles.plant import COLLECTION, Plant
from tests.doubles.waiting import until
from tests.doubles.worker_process import DEADLY

pytest.importorskip("celery", reason="the workers are missing: pip install -e '.[celery]'")
HARMLESS = [
    SourceDocument(source=f"{n}", title=f"Note {n}", text=f"Person{n} met Hebb.") for n in range(6)
]
DEADLY_ONE = SourceDocument(source="x", title="X", text="Hastur is unspeakable.")


def is_over(core: Core, job: str) -> bool:
    return core.queue.job(job).open == 0


def test_a_document_that_kills_its_worker_three_times_is_in_quarantine(plant: Plant) -> None:
    with plant.opened() as core:
        core.create_collection(COLLECTION, IndexingOptions(extractor=DEADLY))
        job = core.submit(COLLECTION, [*HARMLESS, DEADLY_ONE]).job
        assert job is not None
        plant.begin("embed,commit")
        for _ in range(3):
            place = plant.begin("extract", concurrency=1, hold=1.5)
            plant.workers[place].wait(60)
            assert not is_over(core, job.id)
        plant.begin("extract", concurrency=1, hold=1.5)
        until(lambda: is_over(core, job.id))
        assert core.queue.job(job.id).counts == {TaskState.EXTRACTED: 7}
        (found,) = quarantine_of(core, core.queue.job(job.id))
    assert found.source == "x"
    assert "The worker that was extracting it died 3 times" in found.reason
    assert all(worker.poll() is None for worker in (plant.workers[0], plant.workers[4]))
