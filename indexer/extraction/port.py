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
        """One extraction for each passage, in any order, each as soon as it is done.

        A passage whose answers stay unusable after all retries is returned with `failure` set.
        Raises: ModelUnavailable if the model gives no answers at all: retry the passages that were
        not yielded later.
        """
        ...
