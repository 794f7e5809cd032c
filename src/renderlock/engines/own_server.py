"""What holds for servers of one's own: their pictures cost nothing, so no call of theirs is ever owed."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from renderlock.engines.base import EngineOptions
from renderlock.engines.hosted.channel import Channel
from renderlock.engines.hosted.journal import Unjournalled
from renderlock.engines.hosted.prices import PriceNote
from renderlock.spec.money import Cost


def without_journal(options: EngineOptions) -> EngineOptions:
    """The options with calls that are not written down: one that was killed is simply made again."""
    return replace(options, hosted=replace(options.hosted, journal=Unjournalled()))


def glancing(channel: Channel) -> Channel:
    """The same way to the server for looks that must not hold anything up: one attempt, ten seconds."""
    patience = replace(channel.options.patience, connect_s=5.0, answer_s=10.0, attempts=1)
    return replace(channel, options=replace(channel.options, patience=patience))


def free_of_charge(model: str) -> PriceNote:
    """The price note of a picture from one's own server."""
    return PriceNote(model, Cost(Decimal(0), "USD"), "2026-11-23", "your own server")
