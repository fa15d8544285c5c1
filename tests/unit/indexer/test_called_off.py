"""Work that takes long ends when nobody wants it any more."""

from pathlib import Path

import pytest

from indexer import reading
from indexer.processed import Processed
from kg.records import CollectionSettings, Passage
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.workshop import COLLECTION, Workshop, note

SETTINGS = CollectionSettings(extractor="scripted", embedder="hash-64", max_tokens=64)


@pytest.fixture(autouse=True)
def looks_always(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LOOK_SECONDS", 0.0)


def test_a_long_document_is_not_cut_to_its_end_for_a_cancelled_job(tmp_path: Path) -> None:
    shop = Workshop(folder=tmp_path, settings=SETTINGS)
    receipt = shop.pipeline.submit(COLLECTION, [note("a", "word " * 40_000)])
    tasks = shop.lease()
    assert receipt.job is not None
    shop.pipeline.cancel(receipt.job.id)
    assert shop.pipeline.process(tasks) == Processed()
    assert isinstance(shop.extractor, ScriptedExtractor)
    assert shop.extractor.calls == []


def test_the_passages_of_a_cancelled_job_are_not_read_to_the_last(tmp_path: Path) -> None:
    def cancel(_: Passage) -> str:
        (job,) = shop.queue.jobs(COLLECTION)
        shop.pipeline.cancel(job.id)
        return ""

    extractor = ScriptedExtractor(cancel)
    shop = Workshop(folder=tmp_path, settings=SETTINGS, extractor=extractor)
    text = " ".join(f"Word{n} is one." for n in range(400))
    shop.pipeline.submit(COLLECTION, [note("a", text)])
    assert shop.pipeline.process(shop.lease()) == Processed()
    assert len(extractor.calls) == 1
    assert shop.sources() == []
