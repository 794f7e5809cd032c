"""Samplers for rectified flow, in plain numpy: from noise at time 1 to a picture at time 0.

The flow (Liu et al. 2023, arXiv 2209.03003) mixes picture x0 and noise e as x_t = (1 − t) x0 + t e, and the
model gives its velocity v = e − x0. A sampler walks down a schedule of times; it knows nothing of models,
sizes or guidance, so it is tested on flows whose solution is known. Names are k-diffusion's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from types import MappingProxyType

from renderlock.engines.embedded.cells import Latent

Velocity = Callable[[Latent, float], Latent]
"""v(x_t, t), of the shape of x_t."""

FreshNoise = Callable[[int], Latent]
"""Noise of the latent's shape for the step that ends at this index of the schedule."""

AfterStep = Callable[[int], None]
"""Told how many steps are done; what it raises stops the sampler."""

Sampler = Callable[[Latent, Sequence[float], Velocity, FreshNoise, AfterStep], Latent]
"""From the latent at the first time to the latent at the last; one call of `AfterStep` a step."""


def time_schedule(steps: int, start: float, shift: float) -> tuple[float, ...]:
    """`steps + 1` times from `start` down to 0, even before the shift t' = s t / (1 + (s − 1) t).

    A shift above 1 stays longer at high noise, where a larger canvas is decided (Esser et al. 2024,
    arXiv 2403.03206, eq. 23). `start` is a time after the shift, in (0, 1].
    """
    unshifted = start / (shift - (shift - 1) * start)
    evens = (unshifted * (steps - step) / steps for step in range(steps))
    return (start, *(shift * t / (1 + (shift - 1) * t) for t in list(evens)[1:]), 0.0)


def sample_euler(
    latent: Latent, times: Sequence[float], velocity: Velocity, _noise: FreshNoise, after_step: AfterStep
) -> Latent:
    """Euler's method: first order, one evaluation a step (Karras et al. 2022, arXiv 2206.00364, sec. 3)."""
    for done, (now, then) in enumerate(pairwise(times), 1):
        latent = _line(latent, velocity(latent, now), then - now)
        after_step(done)
    return latent


def sample_heun(
    latent: Latent, times: Sequence[float], velocity: Velocity, _noise: FreshNoise, after_step: AfterStep
) -> Latent:
    """Heun's method: second order, two evaluations a step, the last step Euler's (Karras et al. 2022, algorithm 1)."""
    for done, (now, then) in enumerate(pairwise(times), 1):
        slope = velocity(latent, now)
        ahead = _line(latent, slope, then - now)
        if then > 0:
            slope = 0.5 * (slope + velocity(ahead, then))
            ahead = _line(latent, slope, then - now)
        latent = ahead
        after_step(done)
    return latent


def sample_dpmpp_2m(
    latent: Latent, times: Sequence[float], velocity: Velocity, _noise: FreshNoise, after_step: AfterStep
) -> Latent:
    """DPM-Solver++(2M): second order, one evaluation a step (Lu et al. 2022, arXiv 2211.01095, algorithm 2).

    With signal 1 − t, noise t and λ = log((1 − t) / t), the step from s to t is
    x_t = (t / s) x_s + (1 − t / s) D, where D extrapolates the predicted pictures x0 = x − t v over λ:
    D = (1 + 1 / 2r) x0_now − (1 / 2r) x0_before, r = h_before / h. λ is infinite at times 1 and 0, so
    steps that touch them are of first order.
    """
    before: Latent | None = None
    for done, (now, then) in enumerate(pairwise(times), 1):
        picture = _line(latent, velocity(latent, now), -now)
        guess = picture
        if before is not None and times[done - 2] < 1 and then > 0:
            guess = _line(picture, picture - before, _half_step_ratio(times[done - 2], now, then))
        latent = _line(guess, latent - guess, then / now)
        before = picture
        after_step(done)
    return latent


def sample_dpmpp_2m_sde(
    latent: Latent, times: Sequence[float], velocity: Velocity, noise: FreshNoise, after_step: AfterStep
) -> Latent:
    """SDE-DPM-Solver++(2M): as `sample_dpmpp_2m`, but each step replaces noise by fresh noise (Lu et al. 2022, eq. 18).

    With k = e^−h = t (1 − s) / (s (1 − t)), the step from s to t is
    x_t = (t / s) k x_s + (1 − t) (1 − k²) D + t √(1 − k²) z.
    """
    before: Latent | None = None
    for done, (now, then) in enumerate(pairwise(times), 1):
        picture = _line(latent, velocity(latent, now), -now)
        guess = picture
        if before is not None and times[done - 2] < 1 and then > 0:
            guess = _line(picture, picture - before, _half_step_ratio(times[done - 2], now, then))
        kept = then * (1 - now) / (now * (1 - then))
        fresh = 1 - kept * kept
        latent = _line(_scaled(latent, then / now * kept), guess, (1 - then) * fresh)
        if then > 0:
            latent = _line(latent, noise(done), then * math.sqrt(fresh))
        before = picture
        after_step(done)
    return latent


def sample_euler_a(
    latent: Latent, times: Sequence[float], velocity: Velocity, noise: FreshNoise, after_step: AfterStep
) -> Latent:
    """Ancestral Euler: steps too far down, then adds fresh noise back (k-diffusion's `euler_ancestral`, for flows).

    From s it aims at d = t² / s instead of t, then scales by a = (1 − t) / (1 − d) and adds noise of deviation
    √(t² − a² d²): signal and noise then have exactly the shares of time t, as in Song et al. 2021
    (arXiv 2010.02502, eq. 12, whose σ this choice sets).
    """
    for done, (now, then) in enumerate(pairwise(times), 1):
        down = then * then / now
        latent = _line(latent, velocity(latent, now), down - now)
        if then > 0:
            scale = (1 - then) / (1 - down)
            added = math.sqrt(max(then**2 - (scale * down) ** 2, 0.0))
            latent = _line(_scaled(latent, scale), noise(done), added)
        after_step(done)
    return latent


SAMPLERS: Mapping[str, Sampler] = MappingProxyType(
    {
        "euler": sample_euler,
        "heun": sample_heun,
        "dpmpp_2m": sample_dpmpp_2m,
        "dpmpp_2m_sde": sample_dpmpp_2m_sde,
        "euler_a": sample_euler_a,
    }
)
"""The samplers by canonical name."""

ALIASES = (
    ("Euler", "euler"),
    ("k_euler", "euler"),
    ("Heun", "heun"),
    ("k_heun", "heun"),
    ("DPM++ 2M", "dpmpp_2m"),
    ("k_dpmpp_2m", "dpmpp_2m"),
    ("DPM++ 2M SDE", "dpmpp_2m_sde"),
    ("k_dpmpp_2m_sde", "dpmpp_2m_sde"),
    ("Euler a", "euler_a"),
    ("euler_ancestral", "euler_a"),
    ("k_euler_ancestral", "euler_a"),
)
"""Other tools' spellings (A1111, ComfyUI, InvokeAI's older form) and ours."""


def _line(origin: Latent, direction: Latent, distance: float) -> Latent:
    """The point origin + distance · direction, in the latent's own precision."""
    return origin + direction.dtype.type(distance) * direction


def _scaled(latent: Latent, factor: float) -> Latent:
    return latent.dtype.type(factor) * latent


def _half_step_ratio(before: float, now: float, then: float) -> float:
    """1 / 2r of DPM-Solver++: half this step in λ over the last one."""
    return 0.5 * (_log_ratio(then) - _log_ratio(now)) / (_log_ratio(now) - _log_ratio(before))


def _log_ratio(time: float) -> float:
    """λ, the logarithm of signal over noise, at a time inside (0, 1)."""
    return math.log((1 - time) / time)
