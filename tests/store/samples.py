"""Small renders and events for the store's tests; the same number gives the same one in every process."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from renderlock.imaging.pixels import Pixels
from renderlock.spec.identity import ModelKey
from renderlock.spec.recipe import Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store import Made, NewEvent, NewRender, Origin

MOMENT = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MODEL = ModelKey("embedded", "tiny", "1", "embedded-1", "0123456789abcdef" * 4)


def sample_pixels(number: int, *, width: int = 24, height: int = 16) -> Pixels:
    return np.random.default_rng(number).integers(0, 256, (height, width, 3), dtype=np.uint8)


def sample_recipe(number: int, prompt: str = "hero shot, studio lighting") -> Recipe:
    return Recipe(MODEL, prompt, number, Size(24, 16), steps=20, guidance_scale=7.5, sampler="Euler a")


def sample_render(number: int, *, standing: Standing = Standing.PRODUCTION, asset: str = "hero") -> NewRender:
    return NewRender(
        picture=sample_pixels(number),
        recipe=sample_recipe(number),
        standing=standing,
        origin=Origin("spring", asset, "quick-pass", "review"),
        made=Made(MOMENT + timedelta(seconds=number), 1.25, "env-1", "studio", 512_000_000),
    )


def sample_event(number: int, subject: str) -> NewEvent:
    fields = (("decision", "approve"), ("note", "größer"))
    return NewEvent("decision", subject, "Ada", MOMENT + timedelta(minutes=number), fields)
