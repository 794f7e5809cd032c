"""Fetching a paid picture from its link: without a key, from allowed hosts only, also after a redirect."""

from __future__ import annotations

from urllib.parse import urljoin

from renderlock.engines.hosted.channel import Channel
from renderlock.engines.hosted.connections import host_of, is_this_machine, site_of
from renderlock.engines.hosted.exchange import Terms, exchange
from renderlock.engines.hosted.retries import Retries
from renderlock.engines.hosted.wire import Answer
from renderlock.engines.hosted.words import clean
from renderlock.errors import BadAnswer, HostedError, PictureElsewhere, PictureExpired

MOST_REDIRECTS = 3
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GONE = frozenset({400, 401, 403, 404, 410})
"""What stores of files answer for a signed link that has run out."""


def fetch_picture(channel: Channel, url: str, *, call: str) -> bytes:
    """The bytes at a picture's link; `call` is the paid call it belongs to.

    Raises `PictureExpired` where the link no longer works, `PictureElsewhere` for a place that is not allowed,
    `BadAnswer` for too many bytes or redirects, `TransportFailed` and `ProviderTimeout`; the picture is paid for in
    every case.
    """
    return Retries(channel.lane, channel.options.patience).run(lambda: _follow(channel, url, call))


def _follow(channel: Channel, url: str, call: str) -> bytes:
    for _ in range(MOST_REDIRECTS + 1):
        _refuse_other_places(channel, url)
        answer = _fetch(channel, url)
        if answer.status in _REDIRECTS and "location" in answer.headers:
            url = urljoin(url, answer.headers["location"])
            continue
        if answer.status != 200:
            raise _error_of(channel, answer, url, call)
        return answer.body
    raise BadAnswer(model=channel.model.reference, reason="its picture's link leads in circles", billed="yes")


def _fetch(channel: Channel, url: str) -> Answer:
    options = channel.options
    client = options.connections.client(site_of(url))
    terms = Terms(channel.model.reference, options.patience, options.limits.picture_bytes, billable=False)
    return exchange(client, client.build_request("GET", url, timeout=terms.timeout), terms)


def _error_of(channel: Channel, answer: Answer, url: str, call: str) -> HostedError:
    if answer.status in _GONE:
        reason = f"status {answer.status}"
        return PictureExpired(model=channel.model.reference, host=host_of(url), call=call, reason=reason)
    return channel.refuse(answer)


def _refuse_other_places(channel: Channel, url: str) -> None:
    host = host_of(url)
    allowed = filter(None, (*channel.model.provider.picture_hosts, *channel.options.picture_hosts))
    known = host == host_of(channel.base_url) or any(host == one or host.endswith(f".{one}") for one in allowed)
    secure = url.startswith("https://") or (url.startswith("http://") and is_this_machine(host))
    if not known or not secure:
        place = clean(url.partition("?")[0])
        raise PictureElsewhere(model=channel.model.reference, place=place, host=host, billed="yes")
