"""What a loader says of content that did not become a document."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadFailure:
    """Something that could not be read, or was left out."""

    source: str
    """The file's name, or the place within it."""
    reason: str
    """What is wrong with it and, where that is known, what to do about it."""
    skipped: bool = False
    """True for a file in a folder that is of no known kind: left out, which is no error."""
