"""Snapshots far away, for tests: at a URL, with a mirror in a folder."""

from pathlib import Path

from kg.snapshot import SnapshotFolder
from kg.snapshot.mirror import Mirror
from kg.snapshot.objects import Objects
from kg.snapshot.remote import RemoteSnapshots


def far(
    objects: Objects, mirror: Path, place: str = "collections/c/snapshots/e"
) -> RemoteSnapshots:
    """As one machine sees them; another mirror is another machine."""
    return RemoteSnapshots(objects, place, Mirror(SnapshotFolder(mirror)))
