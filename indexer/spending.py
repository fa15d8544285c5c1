"""The cost of models: prices, estimates, and budgets of jobs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from kg.jobs import UNLIMITED, Job, Prices, Progress
from kg.records import Extraction, Passage

_PART = 2
"""At most one of so many parts of what is left is sent at once: estimates may be wrong."""


@runtime_checkable
class Metered(Protocol):
    """An extractor that is paid by tokens."""

    def tokens(self, passage: Passage) -> tuple[int, int]:
        """About how many tokens it sends and gets for a passage."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Spending:
    """Tokens and money."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost: float = 0.0

    @property
    def tokens(self) -> int:
        """In and out."""
        return self.input_tokens + self.output_tokens

    def __add__(self, other: "Spending") -> "Spending":
        return Spending(
            input_tokens=self.input_tokens + other.input_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            cost=self.cost + other.cost,
        )


def estimate(extractor: object, passages: Sequence[Passage], prices: Prices) -> Spending:
    """About what these passages will take; nothing if the extractor is not paid by tokens."""
    if not isinstance(extractor, Metered):
        return Spending()
    pairs = [extractor.tokens(passage) for passage in passages]
    tokens_in, tokens_out = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
    return Spending(
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cost=prices.cost(tokens_in, tokens_out),
    )


def prices_of(job: Job, own: Prices) -> Prices:
    """With which a job reckons: those that it was taken in with or, if these are unknown, the
    process's own."""
    return job.prices if job.prices.known else own


def progress_of(
    extraction: Extraction, tasks: Sequence[str], prices: Prices, *, counted: bool
) -> Mapping[str, Progress]:
    """What a fresh extraction adds to the tasks whose documents have its passage; the first one
    bears what it cost, unless that was `counted` with each answer."""
    if counted:
        return {task: Progress(passages_done=1) for task in tasks}
    tokens = (extraction.input_tokens, extraction.output_tokens)
    spent = Progress(
        passages_done=1,
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        cost=prices.cost(*tokens),
    )
    return {
        task: Progress(passages_done=1) if number else spent for number, task in enumerate(tasks)
    }


def affordable(job: Job, extractor: object, passages: Sequence[Passage], prices: Prices) -> int:
    """How many of these passages, from the first on, may be sent now within the job's budget.

    Few when it comes to an end, so that what is really spent is seen in between: beyond the budget
    goes at most what one passage takes more than is estimated. None of a budget of money while
    prices are unknown, for nobody could tell when it is spent.
    """
    if job.budget == UNLIMITED:
        return len(passages)
    if _is_beyond_counting(job, prices):
        return 0
    spent = job.progress
    tokens_left = _left(job.budget.tokens, spent.input_tokens + spent.output_tokens)
    cost_left = _left(job.budget.cost, spent.cost)
    tokens, cost = 0, 0.0
    for number, passage in enumerate(passages):
        next_one = estimate(extractor, [passage], prices)
        tokens, cost = tokens + next_one.tokens, cost + next_one.cost
        part = _PART if number else 1
        if tokens * part > tokens_left or cost * part > cost_left:
            return number
    return len(passages)


def has_plenty(
    job: Job, extractor: object, passages: Sequence[Passage], prices: Prices, *, times: int
) -> bool:
    """Whether so many times these passages may be sent at once within the job's budget."""
    if job.budget == UNLIMITED:
        return True
    if _is_beyond_counting(job, prices):
        return False
    about, spent = estimate(extractor, passages, prices), job.progress
    most = times * _PART
    return about.tokens * most <= _left(
        job.budget.tokens, spent.input_tokens + spent.output_tokens
    ) and about.cost * most <= _left(job.budget.cost, spent.cost)


def overspent(job: Job, prices: Prices) -> str:
    """Why a document fails whose job's budget is spent, and what to do about it."""
    spent, budget = job.progress, job.budget
    if _is_beyond_counting(job, prices):
        return (
            f"The job's budget is {_plain(budget.cost)} in money, but the prices are no longer "
            "set: set AMMON_LLM_PRICE_INPUT and AMMON_LLM_PRICE_OUTPUT to what a million tokens "
            f"cost, then: ammon jobs retry {job.id}"
        )
    number = spent.input_tokens + spent.output_tokens
    used, are = _tokens(number), "is" if number == 1 else "are"
    limit = _tokens(budget.tokens) if budget.tokens is not None else ""
    if budget.cost is not None:
        used += f" ({_plain(spent.cost)})"
        limit += f"{' and ' if limit else ''}{_plain(budget.cost)} in money"
    return (
        f"The job's budget of {limit} is too small for its next passage: {used} {are} spent. "
        f"What was paid for is kept; continue with a larger budget: ammon jobs retry {job.id} "
        "--budget …"
    )


def _tokens(number: int) -> str:
    return f"{number:,} token{'' if number == 1 else 's'}"


def _is_beyond_counting(job: Job, prices: Prices) -> bool:
    return job.budget.cost is not None and not prices.known


def _plain(cost: float | None) -> str:
    """'2.5', '0.00001': without an exponent."""
    return f"{cost or 0.0:.6f}".rstrip("0").rstrip(".")


def _left(limit: float | None, spent: float) -> float:
    return float("inf") if limit is None else limit - spent
