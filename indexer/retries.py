"""Retries while the store is briefly unavailable, so that no paid answer is lost."""

from collections.abc import Callable
from typing import TypeVar

from kg.errors import StoreClosed, StoreUnavailable

RETRY_SECONDS = 300.0
"""For how long the store may be away before work is given up."""
_LONGEST_WAIT = 1.0
"""Seconds: soon after the store is back, before others begin what they find undone."""

_Result = TypeVar("_Result")


def with_retries(action: Callable[[], _Result], *, seconds: float = RETRY_SECONDS) -> _Result:
    """Run the action, retrying while the store is unavailable. Raises: the action's errors, also
    that one in the end."""
    import stamina

    retries = stamina.RetryingCaller(
        attempts=None, timeout=seconds, wait_initial=0.1, wait_max=_LONGEST_WAIT
    )
    return retries(_may_pass, action)


def _may_pass(error: Exception) -> bool:
    return isinstance(error, StoreUnavailable) and not isinstance(error, StoreClosed)
