"""The one retry layer: refused before it was taken, a request is sent again; taken or unknown, never.

Connection errors, 429 and 503 are tried again, bounded by count and by time. How long a provider asks to wait
(`Retry-After`, `google.rpc.RetryInfo`) pauses its whole lane, so that its other pictures wait too.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import stamina

from renderlock.engines.hosted.lanes import Lane
from renderlock.engines.hosted.options import Patience
from renderlock.errors import HostedError, ProviderFailed, ProviderTimeout, RateLimited, TransportFailed

Result = TypeVar("Result")

# Without a handler of its own, Python would print each retry's name on stderr.
logging.getLogger("stamina").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Retries:
    """Tries a request of one lane again as often as patience allows."""

    lane: Lane
    patience: Patience

    def run(self, attempt_once: Callable[[], Result]) -> Result:
        """The result of the first attempt that is not refused; raises the error of the last."""
        deadline = time.monotonic() + self.patience.retry_s
        contexts = stamina.retry_context(
            on=lambda error: self._is_worth_another(error, deadline),
            attempts=self.patience.attempts,
            timeout=self.patience.retry_s,
            wait_initial=self.patience.wait_s,
            wait_max=max(5.0, self.patience.wait_s),
            wait_jitter=self.patience.wait_s,
        )
        for attempt in contexts:
            with attempt:
                try:
                    return attempt_once()
                except RateLimited as error:
                    raise _counted(error, attempt.num) from error
        raise AssertionError("stamina ends with a result or an error")

    def _is_worth_another(self, error: Exception, deadline: float) -> bool:
        if not isinstance(error, HostedError) or not was_not_taken(error):
            return False
        if isinstance(error, RateLimited | ProviderFailed):
            wait_s = error.facts.get("retry_after_s")
            self.lane.refused(wait_s if isinstance(wait_s, float) else None)
        return time.monotonic() + self.lane.pause_s < deadline


def was_not_taken(error: HostedError) -> bool:
    """Whether the provider surely did not take the request, and may take it when it is sent again."""
    match error:
        case RateLimited():
            return True
        case ProviderFailed():
            return error.facts.get("status") == 503
        case TransportFailed() | ProviderTimeout():
            return error.facts.get("sent") is False
        case _:
            return False


def _counted(error: RateLimited, attempts: int) -> RateLimited:
    named = error.facts
    return RateLimited(
        model=named["model"], words=named["words"], attempts=attempts, retry_after_s=named.get("retry_after_s")
    )
