"""Snapshots: immutable, checksummed, memory-mapped directories, one for each revision and model.

`container` reads and writes named arrays and strings; `tables` defines which ones a snapshot has,
and `snapshot` holds all of them. `port` is the port for snapshot storage, in which one snapshot is
current (`pointer`); `publication` implements it for a local folder, `remote` for a URL (`objects`,
`urls`) with a mirror on this machine.
"""

from kg.snapshot.container import SnapshotReader, SnapshotWriter, Strings
from kg.snapshot.port import Snapshots, current_revision, named_current, revision_of
from kg.snapshot.publication import SnapshotFolder
from kg.snapshot.quantised import Quantised
from kg.snapshot.snapshot import Snapshot
from kg.snapshot.tables import Ragged

__all__ = [
    "Quantised",
    "Ragged",
    "Snapshot",
    "SnapshotFolder",
    "SnapshotReader",
    "SnapshotWriter",
    "Snapshots",
    "Strings",
    "current_revision",
    "named_current",
    "revision_of",
]
