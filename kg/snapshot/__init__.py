"""Snapshots: immutable, checksummed, memory-mapped directories, one for each revision and model.

`container` reads and writes named arrays and strings; `tables` says which ones a snapshot holds;
`publication` makes one of them the current one, atomically.
"""

from kg.snapshot.container import SnapshotReader, SnapshotWriter, Strings
from kg.snapshot.publication import SnapshotFolder
from kg.snapshot.tables import Ragged, Snapshot

__all__ = ["Ragged", "Snapshot", "SnapshotFolder", "SnapshotReader", "SnapshotWriter", "Strings"]
