"""An open snapshot, from which questions are answered."""

from dataclasses import dataclass
from pathlib import Path

from kg.snapshot import Snapshots
from retrieval.retriever import Retriever


@dataclass(frozen=True, slots=True)
class Opened:
    """A collection's snapshot, open."""

    folder: Snapshots
    name: str
    retriever: Retriever
    identity: str
    """The collection's."""

    @property
    def path(self) -> Path:
        """The snapshot's own folder."""
        return self.folder.path / self.name
