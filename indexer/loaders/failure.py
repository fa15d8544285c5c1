"""Why content did not become a document."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LoadFailure:
    """Something that could not be read, or was left out."""

    source: str
    """The file's name, or the place within it."""
    reason: str
    """What is wrong with it and, if known, what to do about it."""
    skipped: bool = False
    """True for a file in a folder that is of an unsupported type, or empty: it is skipped, which is
    not an error."""
    empty: bool = False
    """Whether it was skipped because it is empty."""
