"""The contents of the file `CURRENT`: the name of a snapshot and nothing else."""

import re

from kg.errors import SnapshotDamaged

POINTER = "CURRENT"
_NAME = re.compile(r"r[0-9]{10,}-[0-9a-f]+")
_SHOWN = 60


def is_name(text: str) -> bool:
    """Whether this is a snapshot's name: r<revision>-<mark>. No other text becomes a path."""
    return _NAME.fullmatch(text) is not None


def pointed_at(data: bytes, where: object) -> str:
    """The name in a file `CURRENT`. Raises: SnapshotDamaged, naming `where` it was read, if it
    contains anything else."""
    text = data.decode("utf-8", "replace").strip()
    if not is_name(text):
        raise SnapshotDamaged(
            f"{where} contains {text[:_SHOWN]!r}, which is not the name of a snapshot.",
            rebuild="Publish a new one with",
        )
    return text
