"""Replay: the same recipe again, and which level held."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from tests.actions.runs import execute

from renderlock.actions.campaign import RunOptions
from renderlock.actions.jobs import Selection
from renderlock.actions.models import Models
from renderlock.actions.replay import Replay, replay
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.errors import NotReplayable
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import encode_png
from renderlock.metrics.agreement import Level
from renderlock.spec.standing import Standing
from renderlock.store.records import Encoded, Made, NewRender, Origin, RenderRecord
from renderlock.store.store import Store


@pytest.fixture
def models() -> Iterator[Models]:
    with Models(EngineOptions()) as opened:
        yield opened


@pytest.fixture
def record(locked: Path) -> RenderRecord:
    """A render of the quick pass."""
    options = RunOptions(Selection(steps=frozenset({"quick-pass"}), assets=frozenset({"apple"}), seeds=(3,)))
    (picture,) = execute(locked, options).pictures
    assert picture.record is not None
    return picture.record


def again(store: Store, models: Models, address: str, reference: str | None = None) -> Replay:
    return replay(store, models, address, reference=reference, watch=Unwatched())


def tampered(
    store: Store, record: RenderRecord, pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> RenderRecord:
    """A render that claims the same recipe but holds other pixels, as a changed engine would have made."""
    picture = Encoded(encode_png(pixels, {}), "image/png")
    made = Made(datetime.now(UTC), 1.0)
    return store.put(NewRender(picture, record.recipe, Standing.PRODUCTION, Origin(), made))


def test_a_replay_on_the_same_machine_gives_the_same_bytes(store: Store, models: Models, record: RenderRecord) -> None:
    found = again(store, models, record.address)
    assert (found.level, found.level.sameness) == (Level.SAME_BYTES, "exact")
    assert found.same_environment


def test_the_same_pixels_in_another_file_are_exact_too(store: Store, models: Models, record: RenderRecord) -> None:
    other = tampered(store, record, decode_picture(store.read(record)))
    assert again(store, models, other.address).level is Level.SAME_PIXELS


def test_low_bits_that_differ_are_equivalent_and_measured(store: Store, models: Models, record: RenderRecord) -> None:
    pixels = decode_picture(store.read(record)).copy()
    pixels[::9, ::9] ^= 1
    found = again(store, models, tampered(store, record, pixels).address)
    assert found.level.sameness == "equivalent"
    assert found.measures is not None
    assert 0 < found.measures.mae < 0.1


def test_another_picture_has_drifted(store: Store, models: Models, record: RenderRecord) -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 255, (64, 64, 3), np.uint8)
    found = again(store, models, tampered(store, record, pixels).address)
    assert (found.level, found.level.sameness) == (Level.ANOTHER_PICTURE, "drifted")


def test_a_render_that_started_from_another_is_replayed_from_its_pixels(
    locked: Path, store: Store, models: Models
) -> None:
    text = locked.read_text().replace("gate: approval}", "}")
    locked.write_text(text.replace("size: 96, num_inference_steps: 3}", "init_from: quick-pass, strength: 0.5}"))
    pictures = execute(locked, RunOptions(Selection(assets=frozenset({"apple"}), seeds=(0,)))).pictures
    final = next(one.record for one in pictures if one.job.step.name == "final-render")
    assert final is not None
    assert again(store, models, final.address).level is Level.SAME_BYTES


def test_a_model_that_is_not_the_recipes_is_refused(store: Store, models: Models, record: RenderRecord) -> None:
    with pytest.raises(NotReplayable, match="embedded:v1 is not the model it was made with"):
        again(store, models, record.address, "embedded:v1")


def test_an_imported_picture_has_no_recipe_to_replay(store: Store, models: Models) -> None:
    data = encode_png(np.zeros((8, 8, 3), np.uint8), {})
    made = Made(datetime.now(UTC), 0.0)
    new = NewRender(Encoded(data, "image/png"), None, Standing.IMPORTED, Origin(), made, source=(("file", "old.png"),))
    with pytest.raises(NotReplayable, match="imported"):
        again(store, models, store.put(new).address)
