"""Samplers held against flows whose exact solution is known, and against their published formulas."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from renderlock.engines.embedded.samplers import ALIASES, SAMPLERS, Sampler, Velocity, time_schedule

MEAN, SPREAD = 0.7, 0.4
"""The analytic flow's pictures: numbers drawn from a normal distribution."""


def spread_at(time: float) -> float:
    """Standard deviation of x_t = (1 − t) x0 + t e for x0 of deviation SPREAD."""
    return math.hypot((1 - time) * SPREAD, time)


def gaussian_velocity(latent: NDArray[np.float32], time: float) -> NDArray[np.float32]:
    """E[e − x0 | x_t] for normal pictures, by the formula for jointly normal variables."""
    slope = (time - (1 - time) * SPREAD**2) / spread_at(time) ** 2
    return -MEAN + slope * (latent - (1 - time) * MEAN)


def carry(latent: NDArray[np.float32], now: float, then: float) -> NDArray[np.float32]:
    """The exact flow: every quantile of the mixture at one time moves to the same quantile at the other."""
    ratio = spread_at(then) / spread_at(now)
    return (1 - then) * MEAN + ratio * (latent - (1 - now) * MEAN)


def run(sampler: Sampler, start: NDArray[np.float32], steps: int, velocity: Velocity) -> NDArray[np.float32]:
    rng = np.random.default_rng(5)
    noise = [rng.standard_normal(start.shape).astype(np.float32) for _ in range(steps + 1)]
    return sampler(start, time_schedule(steps, 1.0, 1.0), velocity, lambda step: noise[step], lambda _: None)


def error_of(sampler: Sampler, steps: int) -> float:
    """The largest error over times where signal and noise are both finite parts, as the proofs of order assume."""
    start: NDArray[np.float32] = np.linspace(-2, 2, 9)  # type: ignore[assignment]  # double precision shows the order
    times = np.linspace(0.9, 0.1, steps + 1).tolist()
    end = sampler(start, times, gaussian_velocity, lambda _: start, lambda _: None)
    return float(np.abs(end - carry(start, 0.9, 0.1)).max())


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("heun", 2), ("dpmpp_2m", 2)])
def test_the_error_shrinks_with_the_order_of_the_method(name: str, order: int) -> None:
    errors = [error_of(SAMPLERS[name], steps) for steps in (20, 40, 80, 160)]

    slopes = [math.log2(coarse / fine) for coarse, fine in pairwise(errors)]

    assert slopes == pytest.approx([order] * 3, abs=0.15)


@pytest.mark.parametrize(("name", "within"), [("euler", 0.04), ("heun", 0.002), ("dpmpp_2m", 0.006)])
def test_forty_steps_from_noise_end_where_the_exact_flow_ends(name: str, within: float) -> None:
    start = np.linspace(-2, 2, 9, dtype=np.float32)

    end = run(SAMPLERS[name], start, 40, gaussian_velocity)

    assert np.abs(end - carry(start, 1.0, 0.0)).max() < within


@pytest.mark.parametrize("name", ["euler", "heun", "dpmpp_2m", "dpmpp_2m_sde", "euler_a"])
@pytest.mark.parametrize("steps", [1, 2, 5])
def test_a_flow_to_one_point_is_solved_exactly_in_any_number_of_steps(name: str, steps: int) -> None:
    start = np.array([1.5, -0.5], np.float32)

    end = run(SAMPLERS[name], start, steps, lambda latent, time: (latent - np.float32(MEAN)) / np.float32(time))

    assert end == pytest.approx([MEAN, MEAN], abs=1e-6)


@pytest.mark.parametrize(("name", "steps"), [("euler_a", 240), ("dpmpp_2m_sde", 60)])
def test_added_noise_keeps_the_distribution_of_the_pictures(name: str, steps: int) -> None:
    start = np.random.default_rng(1).standard_normal(40_000).astype(np.float32)

    end = run(SAMPLERS[name], start, steps, gaussian_velocity)

    assert float(end.mean()) == pytest.approx(MEAN, abs=0.01)
    assert float(end.std()) == pytest.approx(SPREAD, abs=0.015)
    assert abs(float(np.corrcoef(start, end)[0, 1])) < 0.5


def test_dpmpp_2m_takes_the_steps_of_algorithm_2() -> None:
    """Three steps from 0.8 worked by hand: first order, second order over λ, first order at the end."""
    times = (0.8, 0.6, 0.3, 0.0)
    pictures = {0.8: 1.0, 0.6: 2.0, 0.3: 4.0}
    first = 0.6 / 0.8 * 3.0 + (1 - 0.6 / 0.8) * 1.0
    lam = {time: math.log((1 - time) / time) for time in times[:3]}
    inverse_r = (lam[0.3] - lam[0.6]) / (lam[0.6] - lam[0.8])
    guess = (1 + inverse_r / 2) * 2.0 - inverse_r / 2 * 1.0
    second = 0.3 / 0.6 * first + (1 - 0.3 / 0.6) * guess
    seen: list[float] = []

    def velocity(latent: NDArray[np.float32], time: float) -> NDArray[np.float32]:
        seen.append(float(latent[0]))
        result: NDArray[np.float32] = (latent - pictures[time]) / time
        return result

    start: NDArray[np.float32] = np.array([3.0])
    end = SAMPLERS["dpmpp_2m"](start, times, velocity, lambda _: start, lambda _: None)

    assert seen == pytest.approx([3.0, first, second])
    assert float(end[0]) == pytest.approx(4.0)


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_sampler_tells_each_step_and_stays_in_single_precision(name: str) -> None:
    told: list[int] = []
    start = np.ones((1, 2, 4, 4), np.float32)

    end = SAMPLERS[name](
        start, time_schedule(6, 1.0, 1.0), lambda latent, _: 0.1 * latent, lambda _: start, told.append
    )

    assert told == [1, 2, 3, 4, 5, 6]
    assert end.dtype == np.float32


@given(st.integers(1, 100), st.floats(0.01, 1.0), st.floats(1.0, 6.0))
def test_a_schedule_falls_strictly_from_its_start_to_zero(steps: int, start: float, shift: float) -> None:
    times = time_schedule(steps, start, shift)

    assert len(times) == steps + 1
    assert (times[0], times[-1]) == (start, 0.0)
    assert all(now > then for now, then in pairwise(times))


def test_a_shift_spends_more_steps_at_high_noise_as_published() -> None:
    assert time_schedule(4, 1.0, 1.0) == pytest.approx((1.0, 0.75, 0.5, 0.25, 0.0))
    assert time_schedule(4, 1.0, 3.0) == pytest.approx((1.0, 0.9, 0.75, 0.5, 0.0))


def test_every_alias_names_a_sampler() -> None:
    assert {name for _, name in ALIASES} == set(SAMPLERS)
