"""Which worker extracts which passage, and which passages workers died with.

A passage is held by whoever extracts it, so that a message that came twice, or a document that
changed hands, has nothing done twice. What ran out in the hands of a worker may be what ended it:
then it is extracted alone, so that no other passage is held, and counted, with it.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass

import structlog

from indexer.extraction.port import Extractor
from indexer.flow.batches import Batch
from indexer.flow.tools import Tools
from indexer.heartbeat import beating
from kg.records import Extraction, Passage

DEATHS = {False: 3, True: 10}
"""After how many workers that died with it a passage is in quarantine, if its extraction is paid
for or not: one that waits for a model far away holds much, for long, and ends no process."""
SUSPICIOUS = {False: 1, True: 5}
"""After how many it is extracted alone, likewise: to wait for a model for each of what a worker
held when it was killed takes long."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Holding:
    """Holds passages. Safe for several threads and processes."""

    tools: Tools

    @contextmanager
    def calm(
        self, batch: Batch, passages: Sequence[Passage], extractor: Extractor
    ) -> Iterator[tuple[Set[str], Set[str]]]:
        """The ids of those that nobody else reads with this extractor, held while the body runs;
        and of those on which workers died, which are not."""
        with self._held(batch, passages, extractor) as (lost, me):
            often = SUSPICIOUS[extractor.paid]
            suspects = {key for key, times in lost.items() if times >= often}
            for key in suspects:  # first, lest they be taken again by the one who holds the others
                lost.pop(key)
            if suspects:
                names = [_name(extractor, key) for key in suspects]
                self.tools.queue.put_back(names, worker=me)
            yield frozenset(lost), suspects

    @contextmanager
    def alone(self, batch: Batch, passage: Passage, extractor: Extractor) -> Iterator[int | None]:
        """How many workers died with it, which is held while the body runs; None if somebody else
        is at it."""
        with self._held(batch, [passage], extractor) as (lost, _):
            yield lost.get(passage.id)

    @contextmanager
    def _held(
        self, batch: Batch, passages: Sequence[Passage], extractor: Extractor
    ) -> Iterator[tuple[dict[str, int], str]]:
        """Passage id -> how often its lease ran out, of those that nobody else has."""
        queue, times = self.tools.queue, self.tools.times
        me = f"{self.tools.name}/{uuid.uuid4().hex}"  # two threads must exclude each other
        if not passages:
            yield {}, me
            return

        def take(keys: Sequence[str]) -> Mapping[str, int]:
            names = {_name(extractor, key): key for key in keys}
            taken = queue.take(names, worker=me, seconds=times.hold)
            return {names[name]: lost for name, lost in taken.items()}

        mine = dict(take([passage.id for passage in passages]))

        def beat() -> None:
            keys = list(mine)
            if len(take(keys)) < len(keys):
                _log.warning(
                    "other processes took over passages: this one was delayed for too long"
                )
            queue.extend(list(batch.own), worker=batch.worker, seconds=times.lease)

        try:
            with beating(beat, times.hold / 4, "lease", failure="could not extend a lease"):
                yield mine, me
        finally:
            if mine:
                queue.let_go(*(_name(extractor, key) for key in mine), worker=me)


def given_up(passage: Passage, fingerprint: str, deaths: int) -> Extraction:
    """What is known of a passage on which so many workers died."""
    return Extraction(
        passage_id=passage.id,
        extractor=fingerprint,
        failure=(
            f"The worker that was extracting it died {deaths} times. Check its log or the "
            "system's for the cause (memory?), then ingest the document again to retry."
        ),
    )


def _name(extractor: Extractor, passage_id: str) -> str:
    """Of a lease. While a collection changes its extractor two read each passage: neither waits for
    the other, nor bears the blame for what the other one's workers died of."""
    return f"extract {extractor.fingerprint} {passage_id}"
