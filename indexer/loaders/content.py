"""The content of one file on its way through a loader."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TypeAlias

from indexer.loaders.failure import LoadFailure
from indexer.loaders.limits import Limits
from kg.records import SourceDocument


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """A file's bytes and what it is known by."""

    source: str
    data: bytes
    limits: Limits

    @property
    def stem(self) -> str:
        """The file's name without folders and ending: the title of a file that has none."""
        return PurePosixPath(self.source).stem


Reader: TypeAlias = Callable[[Content], Iterator[SourceDocument | LoadFailure]]
"""Reads one format. Raises DocumentUnreadable if nothing of the file can be read."""
