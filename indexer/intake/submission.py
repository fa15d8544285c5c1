"""Submitted documents: which need work, and what happened to them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from kg.jobs import Job
from kg.records import Document


@dataclass(frozen=True, kw_only=True, slots=True)
class Submission:
    """What happened to submitted documents."""

    job: Job | None
    """None if there was nothing to do."""
    submitted: int = 0
    unchanged: int = 0
    """There already, as they are."""
    under_way: int = 0
    """Neither there nor in this job: an earlier one takes them in."""
    superseded: tuple[str, ...] = ()
    """Sources that were submitted more than once: the last of each is used."""
    replaced: frozenset[str] = frozenset()
    """Ids of those submitted that were in the graph otherwise."""
    cut_short: bool = False
    """Whether the job was cancelled before all documents were queued."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """Those of the submitted documents that need work."""

    documents: tuple[Document, ...]
    sources: Mapping[str, str] = field(default_factory=dict)
    """Of all submitted documents, by id."""
    unchanged: frozenset[str] = frozenset()
    """Ids of those that are not, because they are there as they are."""
    superseded: tuple[str, ...] = ()
    waiting: frozenset[str] = frozenset()
    """Ids of those that are not, because they wait in a job already."""
    overtaken: frozenset[str] = frozenset()
    """Ids of those whose older text is being extracted ahead (see `indexer.changeover`)."""
    replacing: frozenset[str] = frozenset()
    """Ids of those that are there otherwise."""
