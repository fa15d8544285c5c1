"""What is handed in becomes a job, a portion at a time: however much it is, memory and transactions
stay small, and workers begin with the first while the last is still being read.

Until its last portion is queued the job is `filling`. Whoever fills it says so every few seconds;
if nothing is heard of it any more, the job is what it has by then. Handing in the same again does
the rest: what is in the graph, or waits, is left alone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

import structlog

from indexer.heartbeat import beating
from indexer.intake.choice import Choice
from indexer.intake.submission import Chosen, Submission
from indexer.intake.terms import check_terms
from indexer.process import worker_name
from kg.errors import JobNotFound, StoreUnavailable
from kg.jobs import UNLIMITED, Budget, Job, Prices
from kg.queue import JobStore
from kg.records import Document, SourceDocument
from kg.validation import check_source

PORTION_DOCUMENTS = 1000
PORTION_CHARS = 4_000_000
"""Of the texts of one portion, unless a single one has more."""
_FILLING_SECONDS = 60.0
"""So long a job counts as being filled after the last word of that."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Intake:
    """Queues documents under given terms. Safe for several threads."""

    choice: Choice
    jobs: JobStore
    prices: Prices

    def take_in(
        self,
        collection: str,
        documents: Iterable[SourceDocument],
        *,
        priority: int = 0,
        budget: Budget = UNLIMITED,
    ) -> Submission:
        """Queue what is new, in one job. What was queued before an error stays in it.

        Raises: CollectionNotFound, WaitsOtherwise, InputError (see `portions`), and what iterating
        over the documents raises.
        """
        tally = _Tally()
        filling = _Filling(
            jobs=self.jobs,
            collection=collection,
            priority=priority,
            budget=budget,
            prices=self.prices,
        )
        with filling:
            for portion, is_last in portions(documents):
                found = self.choice.choose(collection, portion)
                check_terms(self.jobs, collection, found.waiting, priority=priority, budget=budget)
                # What is being extracted ahead of these documents' old texts is in their way.
                self.jobs.withdraw(collection, sorted(found.overtaken))
                if not filling.add(found, is_last=is_last):
                    _log.warning("the job was cancelled: the rest is not queued")
                    tally.cut_short = True
                    break
                tally.add(found)
        job = filling.job
        return tally.submission(None if job is None else self.jobs.job(job.id))


def portions(
    documents: Iterable[SourceDocument],
) -> Iterator[tuple[Sequence[SourceDocument], bool]]:
    """The documents, some at a time, each time with whether they are the last. At least once.

    Raises: InputError for what is no document, or one without a source or a text.
    """
    if isinstance(documents, str | bytes) or not isinstance(documents, Iterable):
        check_source(documents)
    portion: list[SourceDocument] = []
    chars = 0
    for document in map(check_source, documents):
        more = len(document.text)
        if portion and (len(portion) == PORTION_DOCUMENTS or chars + more > PORTION_CHARS):
            yield portion, False
            portion, chars = [], 0
        portion.append(document)
        chars += more
    yield portion, True


@dataclass(kw_only=True, slots=True)
class _Filling:
    """A job that is made of the first documents and filled with others. As a context it sees that
    the job does not wait for more once nobody fills it."""

    jobs: JobStore
    collection: str
    priority: int
    budget: Budget
    prices: Prices
    job: Job | None = None
    _worker: str = field(default_factory=worker_name)
    _beats: ExitStack = field(default_factory=ExitStack)
    _begun: bool = False

    def __enter__(self) -> None:
        pass

    def __exit__(self, *_: object) -> None:
        self._beats.close()
        if self._begun:
            try:
                self._fill((), seconds=0.0)
            except (StoreUnavailable, JobNotFound) as error:  # it ends by itself
                _log.warning("could not mark the job as complete", reason=str(error))

    def add(self, found: Chosen, *, is_last: bool) -> bool:
        """Queue what was chosen; False if the job was cancelled meanwhile."""
        if not found.documents:
            return True
        if self.job is not None:
            return self._fill(found.documents)
        self._begun = not is_last
        self.job = self.jobs.enqueue(
            self.collection,
            found.documents,
            priority=self.priority,
            budget=self.budget,
            prices=self.prices,
            filler="" if is_last else self._worker,
            seconds=0.0 if is_last else _FILLING_SECONDS,
        )
        if self._begun:
            beats = beating(
                self._fill, _FILLING_SECONDS / 4, "filling", failure="could not notify workers"
            )
            self._beats.enter_context(beats)
        return True

    def _fill(self, documents: Sequence[Document] = (), seconds: float = _FILLING_SECONDS) -> bool:
        if self.job is None:
            return False
        return self.jobs.fill(self.job.id, documents, worker=self._worker, seconds=seconds)


class _Tally:
    """What became of the documents so far: their ids, and no texts."""

    def __init__(self) -> None:
        self._fates: dict[str, str] = {}
        self._superseded: dict[str, None] = {}
        self._replaced: set[str] = set()
        self.cut_short = False

    def add(self, found: Chosen) -> None:
        """Of a source that came in an earlier portion too the later text counts; but what was
        queued was queued."""
        again = (source for key, source in found.sources.items() if key in self._fates)
        self._superseded.update(dict.fromkeys((*found.superseded, *again)))
        for key in found.sources:
            if self._fates.get(key) == "chosen":
                continue
            if key in found.unchanged:
                self._fates[key] = "unchanged"
            elif key in found.waiting:
                self._fates[key] = "waiting"
            else:
                self._fates[key] = "chosen"
                if key in found.replacing:
                    self._replaced.add(key)

    def submission(self, job: Job | None) -> Submission:
        """All of it."""
        counts = Counter(self._fates.values())
        return Submission(
            job=job,
            submitted=counts["chosen"],
            unchanged=counts["unchanged"],
            under_way=counts["waiting"],
            superseded=tuple(self._superseded),
            replaced=frozenset(self._replaced),
            cut_short=self.cut_short,
        )
