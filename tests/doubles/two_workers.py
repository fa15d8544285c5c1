"""A worker that does its work, and one that cannot."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from indexer.flow.flow import Flow
from indexer.flow.meter import NoMeter
from indexer.flow.tools import Tools
from indexer.refusals import Refusal, refusals
from kg.errors import ModelUnavailable
from kg.records import Passage
from tests.doubles.extractors import ScriptedExtractor
from tests.doubles.office import AT_ONCE, Office
from tests.doubles.workshop import COLLECTION, Workshop

QUICKLY = replace(AT_ONCE, refuse=0.0)


def wrong_key(_: Passage) -> str:
    raise ModelUnavailable("wrong key", permanent=True)


def away(_: Passage) -> str:
    raise ModelUnavailable("no answer")


class Two:
    """A worker that reads, and one that does not, at one broker and one store."""

    def __init__(self, folder: Path, trouble: Callable[[Passage], str]) -> None:
        self.office = Office(folder, times=QUICKLY)
        self.bad_extractor = ScriptedExtractor(trouble, paid=True)
        other = Workshop(folder=folder, store=self.office.shop.store, extractor=self.bad_extractor)
        self.bad = Flow(
            Tools(
                pipeline=other.pipeline,
                broker=self.office.broker,
                meter=NoMeter(),
                times=QUICKLY,
                name="attic/pid:[1]:77:1:x",
            )
        )

    def bad_takes(self, messages: int) -> None:
        """The bad worker takes the next messages."""
        for _ in range(messages):
            self.office.broker.deliver_one(self.bad)
        self.bad.refusing.join()

    def refused(self) -> list[Refusal]:
        """As a job shows it."""
        return list(refusals(self.office.shop.queue, COLLECTION))
