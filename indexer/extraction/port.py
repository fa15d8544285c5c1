"""The port to extractors."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from kg.records import Extraction, Passage


class Extractor(Protocol):
    """Finds entities and triples in passages. Safe for several threads."""

    @property
    def fingerprint(self) -> str:
        """Names the extractor and all that changes what it finds (model, prompt version)."""
        ...

    @property
    def paid(self) -> bool:
        """Whether a call costs money or long time: its result is then saved before all else."""
        ...

    def extract(self, passages: Sequence[Passage]) -> Iterator[Extraction]:
        """One extraction a passage, in any order, each as soon as it is there.

        A passage whose answers stay bad after all retries comes back with `failure` set.
        Raises: ModelUnavailable if no answer can be had at all: the passages that are not yet
        yielded are to be tried again later.
        """
        ...
