"""What a provider's refusal means: an HTTP status and a body become one typed error with the provider's own words.

Adapters that know more of a provider's bodies look first and leave the rest to `error_of`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from renderlock.engines.hosted.model import HostedModel
from renderlock.engines.hosted.wire import Answer
from renderlock.engines.hosted.words import clean
from renderlock.errors import (
    HostedError,
    KeyMissing,
    KeyRefused,
    MayBeBilled,
    ModelRetired,
    ProviderFailed,
    QuotaExhausted,
    RateLimited,
    RequestRefused,
)
from renderlock.settings import KeyRing

LONGEST_WAIT_S = 3600.0
_WORD_KEYS = ("message", "error", "detail", "details", "reject_reason", "reason", "msg", "notice", "errors")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)s")


def error_of(answer: Answer, model: HostedModel, secrets: Iterable[str] = ()) -> HostedError:
    """The error for an answer that is no success."""
    name, words, status = model.reference, words_of(answer, secrets), answer.status
    match status:
        case 401 | 403:
            return KeyRefused(model=name, words=words, variable=variable_of(model))
        case 402:
            return QuotaExhausted(model=name, words=words)
        case 404 | 410:
            return retired(model, words)
        case 429:
            return RateLimited(model=name, words=words, attempts=1, retry_after_s=retry_after_s(answer))
        case 502 | 504:
            # A gateway gave up waiting; what stands behind it may have taken the request.
            return ProviderFailed(model=name, words=words, status=status, billed="maybe")
        case 503:
            return ProviderFailed(model=name, words=words, status=status, retry_after_s=retry_after_s(answer))
        case _ if 300 <= status < 500:
            return RequestRefused(model=name, words=words, status=status)
        case _:
            return ProviderFailed(model=name, words=words, status=status)


def retired(model: HostedModel, words: str) -> ModelRetired:
    """The error for a model that the provider no longer has, with its successors."""
    successors = model.capabilities.lifecycle.successors
    listed = ", ".join(successors) or "none named"
    return ModelRetired(
        model=model.reference, words=words, successors=listed, successor=successors[0] if successors else "MODEL"
    )


def variable_of(model: HostedModel) -> str:
    """The environment variable that a person sets for a model's key."""
    return next(iter(model.provider.key_variables), "its key")


def key_missing(model: HostedModel, keys: KeyRing) -> KeyMissing:
    """The error for a model whose key is nowhere."""
    names = model.provider.key_variables
    return KeyMissing(model=model.reference, missing=keys.why_missing(names), action=f"{how_to_set(names, keys)}.")


def how_to_set(names: Sequence[str], keys: KeyRing) -> str:
    """What a person does to give a key, as the beginning of a sentence."""
    file = f", or write the line `{names[0]}=…` into {keys.file} and make that file mode 0600" if keys.file else ""
    return f"Set {' or '.join(names)}{file}"


def words_of(answer: Answer, secrets: Iterable[str] = ()) -> str:
    """What the provider said: the texts of its JSON that people may read, or the beginning of its body."""
    body = answer.body[:65_536].decode("utf-8", "replace")
    try:
        said = list(_texts(json.loads(body)))
    except (ValueError, RecursionError):
        said = [re.sub(r"<[^>]*>", " ", body)]
    sentences = (text.strip().rstrip(".") for text in said)
    return clean("; ".join(dict.fromkeys(filter(None, sentences))), secrets) or f"status {answer.status}, no words"


def retry_after_s(answer: Answer, now: datetime | None = None) -> float | None:
    """How long the provider asks to wait: `Retry-After` (seconds or a date) or `google.rpc.RetryInfo`."""
    header = answer.headers.get("retry-after", "").strip()
    if header.isascii() and header.isdigit():
        return min(float(header[:9]), LONGEST_WAIT_S)
    if header:
        try:
            until = parsedate_to_datetime(header)
        except ValueError:
            return None
        wait_s = (until - (now or datetime.now(until.tzinfo or UTC))).total_seconds()
        return min(max(wait_s, 0.0), LONGEST_WAIT_S)
    return _retry_info_s(answer)


def _retry_info_s(answer: Answer) -> float | None:
    """The `retryDelay` of a `google.rpc.RetryInfo` anywhere in the error's details."""
    try:
        body: object = json.loads(answer.body)
    except (ValueError, RecursionError):
        return None
    for found in _objects(body):
        delay = found.get("retryDelay")
        if "google.rpc.RetryInfo" in str(found.get("@type", "")) and isinstance(delay, str):
            seconds = _DURATION.fullmatch(delay)
            return min(float(seconds[1]), LONGEST_WAIT_S) if seconds else None
    return None


def _objects(value: object) -> Iterable[Mapping[str, object]]:
    if isinstance(value, dict):
        yield value
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from _objects(item)


def _texts(value: object) -> Iterable[str]:
    """The texts that say why, in the order of an error body."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, dict):
        for key in _WORD_KEYS:
            if key in value:
                yield from _texts(value[key])


def may_be_billed(model: str, call: str, error: HostedError, then: str = "") -> MayBeBilled:
    """The error for a call that left and whose outcome is not known; `then` says how it goes on by itself."""
    reason = str(error).removeprefix(f"{model}: ").rstrip(".")
    return MayBeBilled(model=model, call=call, reason=f"{reason}; {then}" if then else reason)
