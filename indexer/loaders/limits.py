"""How much a loader takes in."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """Bounds that keep one bad file from taking all memory or time."""

    max_file_bytes: int = 100_000_000
    """The largest file that is read."""
    max_expanded_bytes: int = 200_000_000
    """What all parts of a compressed file may come to when they are unpacked."""
    max_expansion: int = 200
    """How many times its own size a compressed file of some size may unpack to."""
    max_documents_per_file: int = 1_000_000
    """Rows or lines of one file that become documents; the rest is left out and reported."""
    max_pages: int = 10_000
    """Pages of one file."""
