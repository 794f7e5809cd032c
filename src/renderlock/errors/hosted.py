"""Errors of models that a provider renders, each with whether it takes money; and of the budget for them."""

from __future__ import annotations

from typing import ClassVar, Literal

from renderlock.errors.base import RenderlockError
from renderlock.errors.engines import EngineError

Billed = Literal["no", "maybe", "yes"]
"""Whether a provider takes money for a call."""


class HostedError(EngineError):
    """A provider gave no picture. `billed` says whether it takes money for that; `words` are its own."""

    template = "{model}: {reason}."
    hint = "Run the same command again: what is rendered is kept."
    billed_by_default: ClassVar[Billed] = "no"

    def __init__(self, *, billed: Billed | None = None, **facts: object) -> None:
        self.billed: Billed = billed or self.billed_by_default
        super().__init__(billed=self.billed, **facts)


class KeyRefused(HostedError):
    """The provider does not take the key."""

    template = "{model}: the provider refused the key: {words}."
    hint = "Check {variable}: it may be of another account, expired, or without access to this model."


class QuotaExhausted(HostedError):
    """The account has nothing left."""

    template = "{model}: the account cannot pay for it: {words}."
    hint = "Top up the account or change its plan, then run the same command again: what is rendered is kept."


class RateLimited(HostedError):
    """Too many requests, also after waiting."""

    template = "{model}: the provider is still refusing after {attempts} attempts: {words}."
    hint = "Run the same command again later: nothing was paid for this picture, and what is rendered is kept."
    http_status = 429


class RequestRefused(HostedError):
    """The provider does not take the request."""

    template = "{model}: the provider refused the request: {words}."
    hint = "Nothing was paid. Change what it names; `renderlock engines {model}` says what the model takes."


class SafetyBlocked(HostedError):
    """The provider's safety check refused the prompt or the picture."""

    template = "{model}: the safety check refused the {stage} (billed: {billed}): {words}."
    hint = "Change the prompt. The same prompt is not paid again; `renderlock calls` shows what was billed."


class NoPicture(HostedError):
    """The provider answered without a picture."""

    template = "{model}: the answer has no picture (billed: {billed}): {words}."
    hint = "Change the prompt, or pay for another attempt: `renderlock calls` shows the call and how to decide."


class ModelRetired(HostedError):
    """The provider no longer has the model; renders made with it stay readable."""

    template = "{model} is retired or unknown to the provider: {words}. Successors: {successors}."
    hint = 'Change the model on record: renderlock lock --change ROLE --to {successor} --reason "…"'
    http_status = 410


class ProviderTimeout(HostedError):
    """The provider did not answer in time."""

    template = "{model}: no answer within {timeout_s:g} s."
    hint = "Run the same command again: what is rendered is kept."
    http_status = 504


class TransportFailed(HostedError):
    """The connection to the provider failed."""

    template = "{model}: the connection to {host} failed: {reason}."
    hint = "Check the network, then run the same command again: what is rendered is kept."


class ProviderFailed(HostedError):
    """The provider broke."""

    template = "{model}: the provider failed with status {status}: {words}."
    hint = "Run the same command again later: what is rendered is kept."


class BadAnswer(HostedError):
    """The provider's answer is not what it promises."""

    template = "{model}: the answer cannot be used (billed: {billed}): {reason}."
    hint = "`renderlock calls` shows the call and how to decide about it; if it repeats, please report the reason."


class PictureElsewhere(BadAnswer):
    """The link to a paid picture leads to a host that is not allowed; it is kept until the host is."""

    template = "{model}: the picture was paid for, but it is at {place}, which is no allowed place."
    hint = "If you trust {host}: set RENDERLOCK_PICTURE_HOSTS={host} and run again; nothing is paid twice."


class PictureExpired(HostedError):
    """The link to a paid picture no longer works."""

    template = "{model}: the picture was paid for, but its link at {host} no longer works: {reason}."
    hint = "Save it from the provider's history, then: renderlock calls decide {call} --take FILE --as NAME"
    billed_by_default = "yes"


class MayBeBilled(HostedError):
    """A call whose outcome nobody knows: it is repeated only when a person says so."""

    template = "{model}: call {call} may be billed: {reason}."
    hint = "See the provider's history, then: renderlock calls decide {call} --retry|--give-up|--take FILE --as NAME"
    billed_by_default = "maybe"


class CallGivenUp(HostedError):
    """A person gave the picture up."""

    template = "{model}: {by} gave up call {call}, so this picture is not bought."
    hint = "To buy it after all: renderlock calls decide {call} --retry --as NAME"


class CallInFlight(HostedError):
    """Another run is paying for the same picture now."""

    template = "{model}: another run ({process}) is waiting for the same picture."
    hint = "Wait for it, then run the same command again: the picture is then there."


class BudgetExceeded(RenderlockError):
    """The next picture would cost more than is left; nothing was sent."""

    template = "The budget of {budget} is used up: {spent} spent or in flight, a picture of {model} costs {price}."
    hint = "Raise `budget` in the pipeline, or render fewer pictures; `renderlock calls` lists what was paid."
    exit_code = 1
    http_status = 402
