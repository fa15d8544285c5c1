"""What all who wait for their turn at an endpoint have in common."""

from inference.chat import CallWithdrawn, Claim

LONGEST_NAP = 1.0
"""Seconds between two checks by a waiting caller."""


class TurnTooLate(Exception):
    """No turn came within the time that the caller could wait."""


def reserve_of(amount: int) -> int:
    """How much of a limit is reserved for questions: a tenth, and at least 1 of 2 or more."""
    return max(1, amount // 10) if amount > 1 else 0


def check_wanted(claim: Claim) -> None:
    """Raises: CallWithdrawn if a request is not wanted any more."""
    if not claim.wanted():
        raise CallWithdrawn
