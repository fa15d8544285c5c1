"""What a model answered waits for a store that is away for a moment."""

import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from indexer.ingestion.processed import Processed
from indexer.retries import with_retries
from kg.errors import StoreClosed, StoreUnavailable
from kg.memory import MemoryStore
from kg.records import Extraction
from kg.sqlite import SQLiteStore
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.workshop import COLLECTION, Workshop, note


class _Shaky(MemoryStore):
    """Away for the first few times that something is to be saved."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def save_extractions(self, collection: str, extractions: Sequence[Extraction]) -> None:
        if self.times:
            self.times -= 1
            raise StoreUnavailable("The store cannot be reached.")
        super().save_extractions(collection, extractions)


def test_an_answer_is_saved_once_the_store_is_back(tmp_path: Path) -> None:
    model = ScriptedExtractor(paid=True)
    shop = Workshop(folder=tmp_path, store=_Shaky(3), extractor=model)
    shop.pipeline.submit(COLLECTION, [note("a", "Milner tested.")])
    assert shop.pipeline.process(shop.lease()) == Processed(done=1)
    assert len(model.calls) == 1


def test_patience_ends() -> None:
    def fail() -> None:
        raise StoreUnavailable("The store cannot be reached.")

    start = time.monotonic()
    with pytest.raises(StoreUnavailable):
        with_retries(fail, seconds=0.5)
    assert 0.1 < time.monotonic() - start < 10


def test_nobody_waits_for_a_store_that_was_closed(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "ammon.sqlite")
    store.close()
    start = time.monotonic()
    with pytest.raises(StoreClosed):
        with_retries(store.collections)
    assert time.monotonic() - start < 5
