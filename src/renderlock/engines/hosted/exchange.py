"""One HTTP request and its whole answer, capped in bytes and in time.

What httpx raises is sorted by the one question that matters for money: can the provider have taken the request?
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import NoReturn

import httpx

from renderlock.engines.hosted.options import Patience
from renderlock.engines.hosted.wire import Answer
from renderlock.engines.hosted.words import clean
from renderlock.errors import BadAnswer, Billed, ProviderTimeout, TransportFailed

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@dataclass(frozen=True)
class Terms:
    """The terms of an exchange: for which model (as errors name it), how patiently, how many bytes at most.

    `billable` tells whether the provider takes money for what is asked.
    """

    model: str
    patience: Patience
    most_bytes: int
    billable: bool

    @property
    def timeout(self) -> httpx.Timeout:
        """The timeouts of one request; the whole answer has its deadline in `exchange`."""
        return httpx.Timeout(self.patience.answer_s, connect=self.patience.connect_s)


def exchange(client: httpx.Client, request: httpx.Request, terms: Terms) -> Answer:
    """The answer, whatever its status.

    Raises `ProviderTimeout`, `TransportFailed`, or `BadAnswer` where the answer is too long.
    """
    try:
        return _read(client.send(request, stream=True), terms)
    except httpx.TimeoutException as error:
        _timed_out(terms, sent=not isinstance(error, _NEVER_SENT))
    except httpx.HTTPError as error:
        sent = not isinstance(error, _NEVER_SENT)
        # What follows may quote the link with its signature.
        reason = clean(f"{type(error).__name__}: {str(error).partition('http')[0]}").rstrip(": ")
        raise TransportFailed(
            model=terms.model, host=request.url.host, reason=reason, sent=sent, billed=_billed(terms, sent=sent)
        ) from None


def _read(response: httpx.Response, terms: Terms) -> Answer:
    deadline = time.monotonic() + terms.patience.answer_s
    chunks: list[bytes] = []
    length = 0
    try:
        for chunk in response.iter_bytes():
            length += len(chunk)
            if length > terms.most_bytes:
                reason = f"it is longer than {terms.most_bytes} bytes"
                raise BadAnswer(model=terms.model, reason=reason, billed=_billed(terms, sent=True))
            if time.monotonic() > deadline:
                _timed_out(terms, sent=True)
            chunks.append(chunk)
    finally:
        response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, b"".join(chunks))


def _timed_out(terms: Terms, *, sent: bool) -> NoReturn:
    timeout_s = terms.patience.answer_s if sent else terms.patience.connect_s
    billed = _billed(terms, sent=sent)
    raise ProviderTimeout(model=terms.model, timeout_s=timeout_s, sent=sent, billed=billed) from None


def _billed(terms: Terms, *, sent: bool) -> Billed:
    return "maybe" if sent and terms.billable else "no"
