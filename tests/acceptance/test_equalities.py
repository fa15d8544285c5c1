"""Three equalities: however documents came in, and whatever came between, the graph is the same."""

import random
import subprocess
import sys
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from indexer.extraction.port import Extractor
from indexer.extraction.spacy import SpacyExtractor
from indexer.worker import Worker
from kg.records import SourceDocument
from tests.acceptance.undertaking import documents, workshop
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.workshop import COLLECTION, Workshop

_ROOT = Path(__file__).parents[2]
_KILLS = 4


@pytest.fixture(params=["scripted", "spacy"])
def extractor(request: pytest.FixtureRequest) -> Extractor:
    return SpacyExtractor() if request.param == "spacy" else ScriptedExtractor()


def ingest(shop: Workshop, found: list[SourceDocument]) -> None:
    shop.pipeline.submit(COLLECTION, found)
    Worker(shop.pipeline).run_until_empty()


def checksums(shop: Workshop) -> dict[str, str]:
    manifest = shop.snapshots().open().manifest
    return {name: entry.sha256 for name, entry in manifest.files.items()}


def same(one: Workshop, other: Workshop) -> bool:
    return one.dump() == other.dump() and checksums(one) == checksums(other)


@pytest.fixture
def undisturbed(tmp_path: Path, extractor: Extractor) -> Workshop:
    shop = workshop(tmp_path / "undisturbed", extractor)
    ingest(shop, documents())
    return shop


def test_ingesting_two_and_deleting_one_equals_ingesting_the_other(
    tmp_path: Path, extractor: Extractor
) -> None:
    first, second = documents()[:30], documents()[30:]
    only, both = workshop(tmp_path / "only", extractor), workshop(tmp_path / "both", extractor)
    ingest(only, first)
    ingest(both, first)
    ingest(both, second)
    gone = set(both.store.fingerprints(COLLECTION)) - set(only.store.fingerprints(COLLECTION))
    assert both.pipeline.delete(COLLECTION, gone) == 30
    Worker(both.pipeline).run_until_empty()
    assert same(both, only)


def test_ingesting_in_ten_parts_equals_ingesting_at_once(
    tmp_path: Path, extractor: Extractor, undisturbed: Workshop
) -> None:
    parts = workshop(tmp_path / "parts", extractor)
    shuffled = documents()
    random.Random(7).shuffle(shuffled)
    for start in range(0, 60, 6):
        ingest(parts, shuffled[start : start + 6])
    assert same(parts, undisturbed)


def test_changing_documents_and_changing_them_back_leaves_no_trace(
    tmp_path: Path, extractor: Extractor, undisturbed: Workshop
) -> None:
    shop = workshop(tmp_path / "changed", extractor)
    ingest(shop, [replace(found, text=found.text + " Later Oslo fell.") for found in documents()])
    ingest(shop, documents())
    assert same(shop, undisturbed)


@dataclass
class Attempts:
    """Runs of the same undertaking, killed and begun again."""

    folder: Path
    saved: set[str] = field(default_factory=set)
    """Passages whose extraction was saved before the last kill."""
    paid_twice: set[str] = field(default_factory=set)

    def calls(self) -> list[str]:
        file = self.folder / "calls"
        return file.read_text(encoding="utf-8").splitlines() if file.exists() else []

    def run(self, kill_after_calls: int | None, delay: float = 0.0) -> None:
        before = len(self.calls())
        command = ["-m", "tests.acceptance.undertaking", self.folder, self.folder / "calls"]
        process = subprocess.Popen([sys.executable, *command], cwd=_ROOT)
        if kill_after_calls is None:
            assert process.wait(120) == 0
        else:
            while process.poll() is None and len(self.calls()) < kill_after_calls:
                time.sleep(0.002)
            time.sleep(delay)
            process.kill()
            process.wait()
        self.paid_twice |= self.saved & set(self.calls()[before:])
        if self.calls():
            store = workshop(self.folder).store
            self.saved |= set(store.saved_extractions(COLLECTION, "scripted", self.calls()))
            store.close()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_and_resumed_equals_undisturbed(tmp_path: Path, seed: int) -> None:
    undisturbed = workshop(tmp_path / "undisturbed")
    ingest(undisturbed, documents())
    passages = undisturbed.counts()["passages"]
    attempts, chance = Attempts(tmp_path / "killed"), random.Random(seed)
    attempts.folder.mkdir()
    for _ in range(_KILLS - 1):
        further = chance.randrange(1, 15)
        attempts.run(len(attempts.calls()) + further, delay=chance.uniform(0, 0.03))
    attempts.run(passages, delay=chance.uniform(0, 0.4))  # while it publishes
    attempts.run(None)
    assert same(workshop(attempts.folder), undisturbed)
    assert attempts.paid_twice == set()
    assert len(attempts.calls()) <= passages + _KILLS
