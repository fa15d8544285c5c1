"""In whichever store a corpus is, it is the same graph, snapshot and ranking."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from indexer.extraction.spacy import SpacyExtractor
from indexer.worker import Worker
from kg.neo4j import Neo4jStore
from kg.records import Extraction, Passage, SourceDocument
from kg.sqlite import SQLiteStore
from retrieval.modes import MODES
from retrieval.retriever import Retriever
from server.evaluation import read_dataset
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop
from tests.servers.neo4j import Neo4jServer

_SAMPLE = Path(__file__).parents[2] / "bench" / "sample"


@dataclass
class KeptExtractor:
    """spaCy's extractor, asked once for each passage however many stores want it."""

    spacy: SpacyExtractor = field(default_factory=SpacyExtractor)
    found: dict[str, Extraction] = field(default_factory=dict)
    paid: bool = False

    @property
    def fingerprint(self) -> str:
        return self.spacy.fingerprint

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction]:
        new = [passage for passage in passages if passage.id not in self.found]
        self.found.update((one.passage_id, one) for one in self.spacy.extract(new))
        return (self.found[passage.id] for passage in passages)


def ingest(shop: Workshop, found: Sequence[SourceDocument]) -> None:
    shop.pipeline.submit(COLLECTION, found)
    Worker(shop.pipeline).run_until_empty()


def checksums(shop: Workshop) -> dict[str, str]:
    manifest = shop.snapshots().open().manifest
    return {name: entry.sha256 for name, entry in manifest.files.items()}


@pytest.fixture
def shops(tmp_path: Path, empty_neo4j: Neo4jServer) -> Iterator[list[Workshop]]:
    server = empty_neo4j
    stores = (
        SQLiteStore(tmp_path / "ammon.sqlite"),
        Neo4jStore(server.uri, server.user, server.password),
    )
    extractor, settings = KeptExtractor(), replace(SETTINGS, max_tokens=128)
    yield [
        Workshop(
            folder=tmp_path / type(store).__name__,
            store=store,
            extractor=extractor,
            settings=settings,
        )
        for store in stores
    ]
    for store in stores:
        store.close()


def test_the_sample_is_the_same_in_sqlite_and_in_neo4j(shops: list[Workshop]) -> None:
    dataset = read_dataset(_SAMPLE)
    documents = dataset.documents[:30]
    for shop in shops:
        ingest(shop, documents)
        shop.pipeline.delete(COLLECTION, sorted(shop.store.fingerprints(COLLECTION))[:4])
        changed = [replace(one, text=f"{one.text} It rained.") for one in documents[:3]]
        ingest(shop, changed)
    one, other = shops
    assert one.counts() == other.counts()
    assert one.dump() == other.dump()
    # A slower store takes fewer documents at once, and so has more revisions.
    assert one.store.collection(COLLECTION).settings == other.store.collection(COLLECTION).settings
    assert checksums(one) == checksums(other)
    ranks = [
        [
            [hit.passage_id for hit in found.hits]
            for mode in MODES
            for found in Retriever(shop.snapshot(), HashEmbedder(64)).search_many(
                [query.question for query in dataset.queries[:6]], mode=mode
            )
        ]
        for shop in shops
    ]
    assert ranks[0] == ranks[1]
