"""A workshop whose steps are taken by way of messages."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from indexer.flow.flow import Flow
from indexer.flow.meter import NoMeter
from indexer.flow.sweeper import Sweeper
from indexer.flow.tools import Times, Tools
from kg.records import SourceDocument
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.memory_broker import MemoryBroker
from tests.doubles.workshop import COLLECTION, SETTINGS, Workshop, note

NOTES = [note(str(number), f"Person{number} met Person{number + 1}.") for number in range(20)]
SHORT = replace(SETTINGS, max_tokens=12)
AT_ONCE = Times(resend=-1.0)
"""What nobody does is sent again by the next sweep."""


class Office:
    """A workshop, a broker in memory, and one process that works."""

    def __init__(self, folder: Path, *, times: Times = AT_ONCE, **shop: Any) -> None:
        self.shop = Workshop(folder=folder, **{"extractor": ScriptedExtractor(paid=True), **shop})
        self.broker = MemoryBroker()
        self.times = times
        self.flow = self.process()

    def process(self) -> Flow:
        """Another process, with leases of its own."""
        tools = Tools(
            pipeline=self.shop.pipeline,
            broker=self.broker,
            meter=NoMeter(),
            times=self.times,
            name=f"elsewhere:1:1:{random.random()}",
        )
        return Flow(tools)

    def submit(self, *documents: SourceDocument, **options: Any) -> str:
        """Hand in, and tell workers."""
        job = self.shop.pipeline.submit(COLLECTION, documents, **options).job
        self.broker.send("prepare", {})
        assert job is not None
        return job.id

    def work(self) -> None:
        """Take every step that is asked for."""
        self.broker.deliver(self.flow)

    def sweep(self) -> None:
        """One round."""
        Sweeper(self.flow).round()

    def graph(self) -> str:
        """The graph, its synonyms linked."""
        self.shop.pipeline.publish(COLLECTION)
        return self.shop.dump()

    @property
    def calls(self) -> list[str]:
        """What the extractor was asked for."""
        extractor = self.shop.extractor
        assert isinstance(extractor, ScriptedExtractor)
        return extractor.calls


def undisturbed(folder: Path, documents: list[SourceDocument], **shop: Any) -> str:
    """The graph that one process makes of the documents, without messages."""
    other = Workshop(folder=folder, **shop)
    other.ingest(*documents)
    other.pipeline.publish(COLLECTION)
    return other.dump()
