"""An endpoint that speaks OpenAI's protocol: where it is, how to call it, what its errors mean."""

import importlib
import random
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.util import find_spec
from itertools import count
from math import inf, isnan
from threading import Event, Lock
from typing import TYPE_CHECKING, TypeVar
from weakref import finalize

import structlog

from inference.chat import ORDINARY, Claim, RequestFailed
from inference.openai_compatible.arrival import ForeignAnswer, show
from inference.openai_compatible.circuit_breaker import CircuitBreaker
from inference.openai_compatible.limits import IN_PROCESS, pace_of
from inference.openai_compatible.turns import TurnTooLate
from kg.errors import DependencyMissing, ModelError, ModelOutputInvalid, ModelUnavailable

if TYPE_CHECKING:
    from openai import APIError, APIStatusError, OpenAI

_Answer = TypeVar("_Answer")
_log = structlog.get_logger(__name__)

_PASSING = (408, 409, 425, 429)
"""Statuses, besides 5xx, after which a later attempt may succeed."""
_OVERLOADED = (503, 504, 529)
"""Statuses, besides 429, of a server that has no capacity, or no time, for anybody."""
_SHORTEST_TIMEOUT = 0.05
"""The least time, in seconds, for a question whose turn comes at the last moment."""
_CUT_OFF = (ForeignAnswer.__name__, "ReadError", "WriteError", "RemoteProtocolError")
"""Errors of a connection that was there, by name: the client's HTTP library is httpx or httpx2."""
_NO_KEY = "none"
"""The key that is sent if none is set: the client requires one, local servers ignore it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Endpoint:
    """A model at an address, and how patiently it is called."""

    base_url: str
    model: str
    api_key: str = field(default="", repr=False)
    timeout: float = 120.0
    """Seconds for one attempt."""
    attempts: int = 5
    """How often a call that fails for a transient reason is tried."""
    wait_initial: float = 0.5
    """Seconds before the second attempt; twice as many before each further one."""
    wait_max: float = 30.0
    """The longest wait, in seconds, unless the endpoint says how long (`Retry-After`)."""
    retry_after_max: float = 120.0
    """The longest wait that the endpoint may ask for, in seconds; if longer, the call fails."""
    concurrency: int = 4
    """Maximum number of concurrent calls, over all processes that share the limits."""
    requests_per_minute: int = 0
    """Maximum number of calls per minute; 0: no limit."""
    tokens_per_minute: int = 0
    """Maximum number of tokens per minute, input and output together; 0: no limit."""
    limits_url: str = IN_PROCESS
    """Where the limits are kept: in this process, or in a Redis that several processes share."""
    settings: str = "AMMON_LLM"
    """Prefix of the settings that errors refer to."""
    stopping: Event = field(default_factory=Event, repr=False, compare=False)
    """Set when the process is to end: from then on no failed call is tried again."""


class Caller:
    """Calls an endpoint with retries, and turns its errors into ours. Safe for several threads."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Nothing is sent, or imported, before it is needed. Raises: DependencyMissing."""
        if find_spec("openai") is None:  # reported once, here, and not for each document
            raise DependencyMissing("openai")
        self.endpoint = endpoint
        self.pace = pace_of(
            f"{endpoint.model}@{endpoint.base_url}",
            concurrency=endpoint.concurrency,
            requests_per_minute=endpoint.requests_per_minute,
            tokens_per_minute=endpoint.tokens_per_minute,
            url=endpoint.limits_url,
        )
        self._breaker = CircuitBreaker()
        self._lock = Lock()
        self._client: OpenAI | None = None

    def call(
        self,
        request: Callable[["OpenAI"], _Answer],
        *,
        tokens: int = 0,
        patience: float | None = None,
        claim: Claim = ORDINARY,
    ) -> _Answer:
        """Send a request of about `tokens` tokens, with retries after transient failures, which
        slow down all callers of the endpoint.

        `patience`: total seconds that the caller can wait; None: no limit. Raises: ModelUnavailable
        if the endpoint is unavailable, or something else answers in its place (RequestFailed, if it
        took the request before that); ModelOutputInvalid
        if it refuses this request or its answer is broken; openai.BadRequestError and
        openai.UnprocessableEntityError unchanged, so that the caller can adapt its request;
        CallWithdrawn.
        """
        import openai

        until = inf if patience is None else time.monotonic() + patience
        errors: list[openai.APIError] = []
        if patience is not None and not self._breaker.allows(patience):
            raise ModelUnavailable(
                f"{self._name} did not answer a moment ago, and is tried again in a few seconds. "
                "Check its server."
            )
        try:
            return self._repeated(request, tokens, until, claim, errors)
        except (openai.BadRequestError, openai.UnprocessableEntityError):
            raise
        except openai.APIStatusError as error:
            self._breaker.close()
            raise self.explain(error, errors) from error
        except TurnTooLate as error:
            raise ModelUnavailable(
                f"{self._name} had no capacity for the question within {patience:g} s: {error}. "
                f"Try again later, or raise {self.endpoint.settings}_CONCURRENCY or the limits "
                "per minute."
            ) from error
        except openai.APITimeoutError as error:
            if patience is not None:
                self._breaker.open()
            raise self._late(patience) from error
        except openai.APIConnectionError as error:
            self._breaker.close()
            kind = RequestFailed if any(map(_took_it, errors)) else ModelUnavailable
            raise kind(
                f"{self._name} cannot be reached ({error.__cause__ or error}). Check that its "
                f"server is running and that {self.endpoint.settings}_BASE_URL is right."
            ) from error
        except (openai.OpenAIError, ValueError, RecursionError) as error:
            # The client does not wrap the errors of the JSON and UTF-8 decoders.
            raise ModelOutputInvalid(
                f"{self._name} did not answer with JSON of OpenAI's protocol: {_start(str(error))}"
            ) from error

    def _repeated(
        self,
        request: Callable[["OpenAI"], _Answer],
        tokens: int,
        until: float,
        claim: Claim,
        errors: list["APIError"],
    ) -> _Answer:
        """`errors`: takes those of all attempts."""
        import openai

        for attempt in count(1):
            try:
                return self._once(request, tokens, until, claim)
            except openai.APIError as error:
                errors.append(error)
                wait = self._wait_after(error, attempt)
                if (
                    wait is None
                    or attempt == self.endpoint.attempts
                    or self.endpoint.stopping.is_set()
                ):
                    raise
                if time.monotonic() + wait >= until:
                    raise  # the caller cannot wait so long
                _log.warning(
                    "retrying the model",
                    model=self.endpoint.model,
                    endpoint=self.endpoint.base_url,
                    reason=_start(str(error.__cause__ or error)),
                    seconds=round(wait, 2),
                    attempt=attempt,
                )
                if self.endpoint.stopping.wait(wait):
                    raise
        raise AssertionError  # `count` never ends

    def _once(
        self, request: Callable[["OpenAI"], _Answer], tokens: int, until: float, claim: Claim
    ) -> _Answer:
        import openai

        client = self._opened()
        with self.pace.turn(tokens, until=until, claim=claim):
            if until < inf:
                left = max(until - time.monotonic(), _SHORTEST_TIMEOUT)
                client = client.with_options(timeout=min(left, self.endpoint.timeout))
            try:
                answer = request(client)
            except ForeignAnswer as error:
                raise openai.APIConnectionError(request=error.request) from error
        self.pace.succeeded()
        self._breaker.close()
        return answer

    def _late(self, patience: float | None) -> ModelUnavailable:
        endpoint = self.endpoint
        if patience is not None:
            return ModelUnavailable(
                f"{self._name} did not answer within {patience:g} s. Check its server; if it is "
                "still loading the model, try again in a while."
            )
        return ModelUnavailable(
            f"{self._name} did not answer within {endpoint.timeout:g} s, {endpoint.attempts} "
            f"times. Raise {endpoint.settings}_TIMEOUT, or check its server."
        )

    def explain(self, error: "APIStatusError", errors: Sequence["APIError"] = ()) -> ModelError:
        """Our error for a refusal: what it means, and how to resolve it. `errors`: those of all
        attempts, for a server that broke down may be overloaded while it starts again."""
        endpoint, status, said = self.endpoint, error.status_code, _start(error.message)
        unknown_model = status == 404 or error.code == "model_not_found"
        if status in (401, 402, 403):
            remedy = f"refuses the key or its account ({said}). Check {endpoint.settings}_API_KEY."
        elif unknown_model:
            remedy = (
                f"does not know the model or the address ({said}). Check "
                f"{endpoint.settings}_MODEL and {endpoint.settings}_BASE_URL."
            )
        elif status == 429:
            remedy = (
                f"limits the rate of requests ({said}). Try again later, lower "
                f"{endpoint.settings}_CONCURRENCY, or check the account's quota."
            )
        elif status >= 500 or status in _PASSING:
            remedy = f"failed {endpoint.attempts} times ({said}). Try again later."
        else:
            return ModelOutputInvalid(f"{self._name} refuses the request ({said}).")
        if status >= 500 and any(map(_took_it, (*errors, error))):
            return RequestFailed(f"{self._name} {remedy}")
        permanent = unknown_model or status in (401, 402, 403) or error.code == "insufficient_quota"
        return ModelUnavailable(f"{self._name} {remedy}", permanent=permanent)

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    @property
    def _name(self) -> str:
        return f"The model {self.endpoint.model!r} at {self.endpoint.base_url}"

    def _opened(self) -> "OpenAI":
        with self._lock:
            if self._client is None:
                from openai import DefaultHttpxClient, OpenAI

                _settle_imports()
                http = DefaultHttpxClient(event_hooks={"response": [show]})
                finalize(self, http.close)  # a client does not close what it was given
                self._client = OpenAI(
                    base_url=self.endpoint.base_url,
                    api_key=self.endpoint.api_key or _NO_KEY,
                    timeout=self.endpoint.timeout,
                    max_retries=0,
                    http_client=http,
                )
            return self._client

    def _wait_after(self, error: "APIError", attempt: int) -> float | None:
        """Seconds until the next attempt; None if retrying is useless."""
        import openai

        endpoint = self.endpoint
        if isinstance(error, openai.APIConnectionError):
            wait = min(endpoint.wait_initial * 2.0 ** min(attempt - 1, 30), endpoint.wait_max)
            return wait + random.uniform(0.0, endpoint.wait_initial)
        if not isinstance(error, openai.APIStatusError) or error.code == "insufficient_quota":
            return None
        if error.status_code < 500 and error.status_code not in _PASSING:
            return None
        asked = _retry_after(error)
        if asked is None:
            return self.pace.failed(initial=endpoint.wait_initial, longest=endpoint.wait_max)
        if asked > endpoint.retry_after_max:
            return None
        self.pace.slow_down(asked)
        return asked


def _took_it(error: "APIError") -> bool:
    """Whether the endpoint had the request, and broke down: not if it could not be connected to,
    has no time for anybody (429, `_OVERLOADED`, or any status that asks to wait), or is slow."""
    import openai

    if isinstance(error, openai.APIStatusError):
        status = error.status_code
        return status >= 500 and status not in _OVERLOADED and _retry_after(error) is None
    return type(error.__cause__).__name__ in _CUT_OFF


def _retry_after(error: "APIStatusError") -> float | None:
    """The pause that the endpoint asks for, in seconds; None if it does not say."""
    said = error.response.headers.get("retry-after", "")
    try:
        seconds = float(said)
    except ValueError:
        try:
            moment = parsedate_to_datetime(said)
        except ValueError:
            return None
        seconds = (moment.replace(tzinfo=UTC) - datetime.now(UTC)).total_seconds()
    return None if isnan(seconds) else max(seconds, 0.0)


def _settle_imports() -> None:
    """Import httpx, if it is installed, before the first answer arrives.

    The client uses it as soon as it is in `sys.modules`, even while another thread is still
    importing it (as loading spaCy does): that would lose an answer that was paid for.
    """
    with suppress(ImportError):
        importlib.import_module("httpx")


def _start(text: str) -> str:
    """The beginning of a message, which may be a whole page of HTML."""
    line = " ".join(text.split())
    return line if len(line) <= 300 else line[:300] + "…"
