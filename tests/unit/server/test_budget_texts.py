"""Budgets as people write and read them."""

import pytest

from kg.errors import PricesUnknown, SettingsInvalid
from kg.jobs import UNKNOWN, Budget, Prices, Progress
from server.budgets import budget_of, format_budget, format_money, format_seconds, known_cost

KNOWN = Prices(input=1.0, output=2.0)


@pytest.mark.parametrize(
    ("text", "budget"),
    [
        ("2.50", Budget(cost=2.5)),
        ("0", Budget(cost=0.0)),
        ("500000 tokens", Budget(tokens=500_000)),
        ("1,000,000.50", Budget(cost=1_000_000.5)),
        ("1,000 token", Budget(tokens=1_000)),
        ("500kt", Budget(tokens=500_000)),
        ("1.5M tokens", Budget(tokens=1_500_000)),
    ],
)
def test_money_and_tokens_are_understood(text: str, budget: Budget) -> None:
    assert budget_of(text, KNOWN) == budget


@pytest.mark.parametrize(
    "text", ["", "much", "-3", "3k", "5 dollars", "1.2.3", "²", "5,00", "1,0000", ",5"]
)
def test_what_is_no_budget_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="500000tokens"):
        budget_of(text, KNOWN)


@pytest.mark.parametrize("text", ["0.5tokens", "1.0005kt", "2.7 t"])
def test_a_part_of_a_token_is_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid, match=r"a whole number.*500kt"):
        budget_of(text, KNOWN)
    assert budget_of("1.5kt", KNOWN) == Budget(tokens=1_500)


@pytest.mark.parametrize("text", ["1000000001", "1000000001mt", "9" * 400, "9" * 400 + "t"])
def test_what_is_beyond_all_measure_is_refused(text: str) -> None:
    with pytest.raises(SettingsInvalid, match="at most 1,000,000,000,000,000 tokens"):
        budget_of(text, KNOWN)
    assert budget_of("1000000000mt", KNOWN) == Budget(tokens=10**15)


@pytest.mark.parametrize("prices", [UNKNOWN, Prices(input=1.0), Prices(output=1.0)])
def test_money_needs_both_prices(prices: Prices) -> None:
    with pytest.raises(PricesUnknown, match="AMMON_LLM_PRICE_INPUT"):
        budget_of("2.50", prices)
    assert budget_of("9t", UNKNOWN) == Budget(tokens=9)


def test_budgets_and_times_are_told_briefly() -> None:
    assert format_budget(Budget(tokens=500_000, cost=2.5)) == "500,000 tokens and 2.50"
    assert format_budget(Budget(tokens=1)) == "1 token"
    assert format_budget(Budget()) == ""
    assert [format_seconds(seconds) for seconds in (8.4, 720, 12_600)] == ["8 s", "12 min", "3.5 h"]


def test_money_has_as_many_decimals_as_it_takes() -> None:
    amounts = (0.0, 0.00128, 0.004, 0.05, 0.12, 0.999, 2.5, 1000.0)
    told = ["0.00", "0.0013", "0.004", "0.05", "0.12", "1.00", "2.50", "1000.00"]
    assert [format_money(amount) for amount in amounts] == told


def test_what_was_paid_is_unknown_where_prices_were() -> None:
    assert known_cost(Progress(input_tokens=9)) is None
    assert known_cost(Progress(input_tokens=9, cost=0.25)) == 0.25
    assert known_cost(Progress()) == 0.0
