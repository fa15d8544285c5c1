"""Parses budgets, and formats budgets, costs and durations for people."""

import math
import re

from kg.errors import BudgetSpent, PricesUnknown, SettingsInvalid
from kg.jobs import Budget, Prices, Progress

_AMOUNT = re.compile(
    r"(?P<number>(\d{1,3}(,\d{3})+|\d+)(\.\d+)?) *(?P<times>[km]?) *(?P<tokens>(t|tokens?)?)",
    re.ASCII,
)
_MOST_TOKENS, _MOST_MONEY = 10**15, 10**9
"""As over HTTP."""
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


def budget_of(text: str, prices: Prices) -> Budget:
    """'2.50' is money; '500000 tokens', '500ktokens' and '500kt' are tokens.

    Raises: SettingsInvalid; PricesUnknown for a budget of money without prices.
    """
    plain = text.strip().lower().replace("_", "")
    found = _AMOUNT.fullmatch(plain)
    if found is None or (found["times"] and not found["tokens"]):
        raise SettingsInvalid(
            f"{text!r} is not a budget: give money (2.50) or tokens (500000tokens, 500kt). The "
            "decimal sign is a point; commas group thousands (1,000.50)."
        )
    number = float(found["number"].replace(",", "")) * _TIMES[found["times"]]
    if number > (_MOST_TOKENS if found["tokens"] else _MOST_MONEY):
        raise SettingsInvalid(
            f"The budget {text!r} is too large: give at most {_MOST_TOKENS:,} tokens or "
            f"{_MOST_MONEY:,} in money, or no budget for no limit."
        )
    if found["tokens"] and number != round(number):
        raise SettingsInvalid(
            f"The budget {text!r} is a fraction of a token: give a whole number (1, 500kt, 1.5mt)."
        )
    if found["tokens"]:
        return Budget(tokens=round(number))
    return checked(Budget(cost=number), prices)


def checked(budget: Budget, prices: Prices) -> Budget:
    """The budget. Raises: PricesUnknown if it is of money, and one of the prices is unknown."""
    if budget.cost is not None and not prices.known:
        raise PricesUnknown(
            "A budget of money needs both prices: set AMMON_LLM_PRICE_INPUT and "
            "AMMON_LLM_PRICE_OUTPUT to what a million tokens cost, or give a budget of tokens "
            "(500000tokens)."
        )
    return budget


def check_left(budget: Budget, spent: Progress) -> None:
    """Raises: BudgetSpent if a job has spent more than the budget already."""
    tokens = spent.input_tokens + spent.output_tokens
    over = budget.tokens is not None and tokens > budget.tokens
    if over or (budget.cost is not None and spent.cost > budget.cost):
        told = format_budget(Budget(tokens=tokens, cost=spent.cost or None))
        raise BudgetSpent(
            f"The budget of {format_budget(budget)} is less than what this job has spent already, "
            f"{told}: a job's budget includes what it has spent. Give a larger one."
        )


def format_budget(budget: Budget) -> str:
    """'500,000 tokens and 2.50'; '' if there is no limit."""
    parts = []
    if budget.tokens is not None:
        parts.append("1 token" if budget.tokens == 1 else f"{budget.tokens:,} tokens")
    if budget.cost is not None:
        parts.append(format_money(budget.cost))
    return " and ".join(parts)


def known_cost(progress: Progress) -> float | None:
    """What was paid; None if something was paid without known prices."""
    paid = progress.input_tokens or progress.output_tokens
    return None if paid and not progress.cost else round(progress.cost, 6)


def format_money(amount: float) -> str:
    """'2.50', '0.0013': as many decimals as it takes, two at least."""
    if not 0 < amount < 1:
        return f"{amount:.2f}"
    told = f"{amount:.{1 - math.floor(math.log10(amount))}f}"  # two digits that are not zeros
    return told if len(told) <= 4 or told[-1] != "0" else told[:-1]


def format_seconds(seconds: float) -> str:
    """'8 s', '12 min', '3.5 h'."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
