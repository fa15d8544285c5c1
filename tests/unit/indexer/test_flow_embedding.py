"""What a snapshot will embed has been embedded before, as documents came in."""

from collections.abc import Sequence
from pathlib import Path

from indexer.flow.flow import Flow
from indexer.flow.meter import NoMeter
from indexer.flow.tools import Tools
from indexer.pipeline import Pipeline
from inference.embedder import Kind, Progress, Vectors
from kg.records import SourceDocument
from tests.doubles.hash_embedder import HashEmbedder
from tests.doubles.memory_broker import MemoryBroker
from tests.doubles.workshop import COLLECTION, Workshop

NOTES = [
    SourceDocument(
        source=str(number),
        title=f"Note {number}" if number % 2 else "",
        text=f"Ada{number} wrote to Grace{number} at length. The answer came from Alan{number}.",
    )
    for number in range(400)
]


class Recorder(HashEmbedder):
    """Writes down what it is asked for."""

    def __init__(self) -> None:
        super().__init__(64)
        self.asked: set[tuple[Kind, str]] = set()

    def embed(self, texts: Sequence[str], kind: Kind, progress: Progress | None = None) -> Vectors:
        self.asked.update((kind, text) for text in texts)
        return super().embed(texts, kind, progress)


def test_nothing_is_left_to_embed_for_the_snapshot(tmp_path: Path) -> None:
    shop, recorder, broker = Workshop(folder=tmp_path), Recorder(), MemoryBroker()
    pipeline = Pipeline(
        store=shop.store,
        queue=shop.queue,
        extractor=lambda _: shop.extractor,
        embedder=lambda _: recorder,
        folder=lambda _: shop.snapshots(),
    )
    pipeline.submit(COLLECTION, NOTES)
    broker.send("prepare", {})
    flow = Flow(Tools(pipeline=pipeline, broker=broker, meter=NoMeter()))
    broker.deliver(flow, times=lambda step: int(step != "publish"))
    before = set(recorder.asked)
    recorder.asked.clear()
    pipeline.publish(COLLECTION)
    assert {kind for kind, _ in before} == {"passage", "sentence", "entity", "fact"}
    assert recorder.asked == before
    assert len([step for step, _ in broker.sent if step == "embed"]) > 1, "in parts"
