"""Budgets and costs as people write and read them."""

import re

from indexer.spending import Prices
from kg.errors import PricesUnknown, SettingsInvalid
from kg.jobs import Budget

_AMOUNT = re.compile(r"(?P<number>\d+(\.\d+)?) *(?P<times>[km]?) *(?P<tokens>(t|tokens?)?)")
_MOST_TOKENS, _MOST_MONEY = 10**15, 10**9
"""As over HTTP."""
_TIMES = {"": 1, "k": 1_000, "m": 1_000_000}


def budget_of(text: str, prices: Prices) -> Budget:
    """'2.50' is money; '500000 tokens', '500ktokens' and '500kt' are tokens.

    Raises: SettingsInvalid; PricesUnknown for money if nobody knows what tokens cost.
    """
    plain = text.strip().lower().replace(",", "").replace("_", "")
    found = _AMOUNT.fullmatch(plain)
    if found is None or (found["times"] and not found["tokens"]):
        raise SettingsInvalid(
            f"{text!r} is no budget: give money (2.50) or tokens (500000tokens, 500kt)."
        )
    number = float(found["number"]) * _TIMES[found["times"]]
    if number > (_MOST_TOKENS if found["tokens"] else _MOST_MONEY):
        raise SettingsInvalid(
            f"The budget {text!r} is too large: give at most {_MOST_TOKENS:,} tokens or "
            f"{_MOST_MONEY:,} in money, or none, which sets no limit."
        )
    if found["tokens"] and number != round(number):
        raise SettingsInvalid(
            f"The budget {text!r} has a part of a token: tokens are whole (1, 500kt, 1.5mt)."
        )
    if found["tokens"]:
        return Budget(tokens=round(number))
    return checked(Budget(cost=number), prices)


def checked(budget: Budget, prices: Prices) -> Budget:
    """The budget. Raises: PricesUnknown if it is of money and nobody knows what tokens cost."""
    if budget.cost is not None and not (prices.input or prices.output):
        raise PricesUnknown(
            "A budget of money needs prices: set AMMON_LLM_PRICE_INPUT and AMMON_LLM_PRICE_OUTPUT "
            "to what a million tokens cost, or give a budget of tokens (500000tokens)."
        )
    return budget


def told_budget(budget: Budget) -> str:
    """'500,000 tokens and 2.50'; '' if there is no limit."""
    parts = []
    if budget.tokens is not None:
        parts.append(f"{budget.tokens:,} tokens")
    if budget.cost is not None:
        parts.append(f"{budget.cost:.2f}")
    return " and ".join(parts)


def told_seconds(seconds: float) -> str:
    """'8 s', '12 min', '3.5 h'."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
