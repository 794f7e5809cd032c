"""One call of a pipeline: its errors and its output, with stand-ins for a pipeline that does odd things."""

# ruff: noqa: PLC0415 - the module under test imports torch, which takes 12 s that collecting tests must not

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from renderlock.engines.base import Unwatched
from renderlock.errors import EngineFailed, OutOfMemory

if TYPE_CHECKING:
    from renderlock.engines.diffusers_local.library_types import Configured


class UnusedScheduler:
    """A scheduler that nobody asks."""

    config: Mapping[str, object] = MappingProxyType({})


@dataclass
class OddPipeline:
    """A pipeline whose call does what a test wants."""

    call: Callable[[], object]
    scheduler: Configured

    def set_progress_bar_config(self, *, disable: bool) -> None:
        """Nothing to show."""

    def __call__(self, **arguments: object) -> object:
        return self.call()


def run(call: Callable[[], object], arguments: Mapping[str, object] | None = None) -> object:
    from renderlock.engines.diffusers_local.running import Steps, run_pipeline

    pipeline = OddPipeline(call, UnusedScheduler())
    return run_pipeline(pipeline, arguments or {}, Steps(Unwatched(), 1), "diffusers:mine")


def allocate_an_exabyte() -> object:
    import torch

    return torch.empty(1 << 60, dtype=torch.uint8)


def raise_memory_error() -> object:
    raise MemoryError


@pytest.mark.parametrize("call", [allocate_an_exabyte, raise_memory_error])
def test_running_out_of_memory_is_an_error_of_its_own(call: Callable[[], object]) -> None:
    with pytest.raises(OutOfMemory, match="diffusers:mine") as caught:
        run(call)

    # Nothing of the failed call is kept alive by the error.
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None


def test_any_other_error_says_what_the_pipeline_said() -> None:
    with pytest.raises(EngineFailed, match="IndexError 3") as caught:
        run(lambda: (_ for _ in ()).throw(IndexError(3)).__next__())

    assert isinstance(caught.value.__cause__, IndexError)


def picture(value: float, channels: int = 3) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.full((1, 2, 4, channels), value, np.float32)


@pytest.mark.parametrize(("value", "level"), [(0.0, 0), (0.5, 128), (1.0, 255), (-0.2, 0), (1.7, 255)])
def test_floats_from_0_to_1_become_8_bit_levels(value: float, level: int) -> None:
    from renderlock.engines.diffusers_local.running import to_pixels

    pixels = to_pixels(SimpleNamespace(images=picture(value)), "diffusers:mine")

    assert pixels.shape == (2, 4, 3)
    assert pixels.dtype == np.uint8
    assert set(pixels.flat) == {level}


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        (SimpleNamespace(images=picture(float("nan"))), "NaN"),
        (SimpleNamespace(images=picture(float("inf"))), "NaN"),
        (SimpleNamespace(images=picture(0.0), nsfw_content_detected=[True]), "safety checker"),
        (SimpleNamespace(frames=[]), "not a picture"),
        (SimpleNamespace(images=picture(0.5, channels=1)), "not a picture"),
        (None, "not a picture"),
    ],
)
def test_an_output_that_is_no_picture_of_the_prompt_fails(output: object, reason: str) -> None:
    from renderlock.engines.diffusers_local.running import to_pixels

    with pytest.raises(EngineFailed, match=reason):
        to_pixels(output, "diffusers:mine")


def test_a_checker_that_found_nothing_lets_the_picture_pass() -> None:
    from renderlock.engines.diffusers_local.running import to_pixels

    pixels = to_pixels(SimpleNamespace(images=picture(0.5), nsfw_content_detected=[False]), "diffusers:mine")

    assert pixels.shape == (2, 4, 3)


def test_an_operation_without_a_deterministic_form_is_recorded() -> None:
    import torch

    from renderlock.engines.diffusers_local.steady import quiet, steady

    with steady(1, "cpu"), quiet() as said:
        torch.zeros(4).put_(torch.tensor([0, 0]), torch.tensor([1.0, 2.0]))

    assert any("does not have a deterministic implementation" in text for text in said)
