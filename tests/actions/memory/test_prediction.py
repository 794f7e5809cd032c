"""Predictions: from facts alone, from other shapes of the model, and from the shape itself."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from tests.actions.memory.samples import MIB, RECIPE, measured, parts_of, shape_of

from renderlock.actions.memory.history import Recalled
from renderlock.actions.memory.prediction import Measured, Shape, device_kind, foretell, predict
from renderlock.actions.models import Models
from renderlock.engines.base import EngineOptions
from renderlock.engines.resolve import Request, resolve
from renderlock.spec.recipe import Size


def test_a_model_never_measured_is_foretold_from_its_own_figures_with_room() -> None:
    prediction = foretell(shape_of(512), parts_of(200), [])

    assert prediction.bytes is not None
    assert 250 * MIB < prediction.bytes < 500 * MIB
    assert prediction.least_bytes < 250 * MIB
    assert "first render" in prediction.source


def test_a_shape_that_was_measured_is_foretold_from_the_most_it_took() -> None:
    before = [measured(512, 300, 200), measured(512, 310, 200), measured(256, 90, 50)]

    prediction = foretell(shape_of(512), parts_of(200), before)

    assert prediction.bytes is not None
    assert 310 * MIB < prediction.bytes < 1.1 * 310 * MIB
    assert prediction.seconds == 1.0


def test_nothing_is_foretold_of_an_engine_that_says_nothing() -> None:
    assert foretell(shape_of(512), None, []).bytes is None


@given(
    share=st.floats(0.8, 3.0),
    fixed=st.floats(0, 200),
    working=st.lists(st.floats(20, 2000), min_size=3, max_size=6, unique=True),
)
def test_after_three_shapes_the_next_is_within_the_goal(share: float, fixed: float, working: list[float]) -> None:
    def took(part: float) -> float:
        return 50 + fixed + share * part

    smallest, largest = min(working), max(working)
    known = [measured(index, took(part), part) for index, part in enumerate((smallest, largest, *working))]
    between = (smallest + largest) / 2

    prediction = foretell(shape_of(999), parts_of(between), known)

    assert prediction.bytes is not None
    # Renders far off every factor we know of are only reached in part: the prior still weighs a little.
    assert 0.70 <= took(between) * MIB / prediction.bytes <= 1.0


def test_the_second_prediction_is_nearer_than_the_first() -> None:
    taken = 50 + 120 + 1.6 * 300

    first = foretell(shape_of(512), parts_of(300), [])
    second = foretell(shape_of(512), parts_of(300), [measured(256, 50 + 120 + 1.6 * 80, 80)])

    assert first.bytes is not None
    assert second.bytes is not None
    assert abs(second.bytes - taken * MIB) < abs(first.bytes - taken * MIB)


def test_shapes_differ_in_whatever_decides_memory_and_in_nothing_else() -> None:
    plain = Shape.of(RECIPE, (), "cpu")

    assert Shape.of(replace(RECIPE, seed=9, prompt="a lake"), (), "cpu") == plain
    others = [
        Shape.of(replace(RECIPE, size=Size(512, 1024)), (), "cpu"),
        Shape.of(replace(RECIPE, guidance_scale=1.0), (), "cpu"),
        Shape.of(replace(RECIPE, extras=(("vae_tile_px", 256),)), (), "cpu"),
        Shape.of(RECIPE, ("split-guidance",), "cpu"),
        Shape.of(RECIPE, (), "cuda: H100"),
    ]
    assert len({plain, *others}) == len(others) + 1


def test_the_embedded_model_is_predicted_without_loading_it() -> None:
    history = Recalled()
    with Models(EngineOptions()) as models:
        engine, identity = models.engine("embedded"), models.identity("embedded")
        small, large = (
            resolve(Request("a hat", 1, size=Size(side, side)), identity, engine.capabilities, "refuse").recipe
            for side in (128, 512)
        )

        predictions = [predict(models, "embedded", recipe, (), history) for recipe in (small, large)]
        lean = predict(models, "embedded", large, ("lean-allocation",), history)

    sizes = [prediction.bytes or 0 for prediction in (predictions[0], lean, predictions[1])]
    assert sizes == sorted(sizes)
    assert sizes[0] > 75 * MIB
    assert history.parts(Shape.of(large, (), "cpu")) == predictions[1].parts


def test_a_device_is_known_by_its_kind() -> None:
    assert [device_kind(name) for name in ("cpu", "cuda: H100, CUDA 13.0", "mps", "")] == ["cpu", "cuda", "mps", "cpu"]


def test_only_the_same_model_on_the_same_device_is_learned_from() -> None:
    history = Recalled()
    history.note(measured(512, 300, 200))
    history.note(Measured(shape_of(512, model="other"), 900 * MIB, 1.0, parts_of(200)))
    history.note(Measured(shape_of(512, device="cuda"), 700 * MIB, 1.0, parts_of(200)))

    assert [one.peak_bytes for one in history.measured(shape_of(256))] == [300 * MIB]
