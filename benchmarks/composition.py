"""How the composition measure tells finals of an approved picture from pictures of another seed.

Previews of 128 pixels and finals of 256 from the embedded model: started from the preview at three strengths, the same
seed drawn larger, other seeds, other prompts. Exits with 1 where a final at strength 0.5 or less fails, or where more
than a tenth of the other seeds pass.

    python -m benchmarks.composition
"""

from __future__ import annotations

import argparse
import sys

import numpy as np
from benchmarks.photographs import PROMPTS
from PIL import Image

from renderlock.engines.base import Engine, EngineOptions, Unwatched
from renderlock.engines.embedded.engine import open_model
from renderlock.engines.resolve import Request, resolve
from renderlock.imaging.pixels import Pixels, digest_pixels
from renderlock.metrics.composition import composition_verdict, kept_composition
from renderlock.spec.recipe import Init, Size

PREVIEW_PX, FINAL_PX = 128, 256
STRENGTHS = (0.3, 0.5, 0.75)
MOST_OTHERS_PASSING = 0.1
Pairs = dict[str, list[tuple[Pixels, Pixels]]]


def render(engine: Engine, prompt: str, seed: int, side_px: int) -> Pixels:
    """A render from noise."""
    request = Request(prompt, seed, size=Size(side_px, side_px), steps=12)
    recipe = resolve(request, engine.identify(), engine.capabilities, "refuse").recipe
    return engine.render(recipe, None, Unwatched()).pixels[..., :3]


def final_of(engine: Engine, prompt: str, seed: int, preview: Pixels, strength: float) -> Pixels:
    """A render of the final's size that starts from the preview."""
    start = np.asarray(Image.fromarray(preview).resize((FINAL_PX, FINAL_PX), Image.Resampling.BICUBIC))
    init = Init(digest_pixels(start), strength)
    request = Request(prompt, seed, size=Size(FINAL_PX, FINAL_PX), steps=12, init=init)
    recipe = resolve(request, engine.identify(), engine.capabilities, "refuse").recipe
    return engine.render(recipe, start, Unwatched()).pixels[..., :3]


def pairs_of(engine: Engine, rounds: int) -> Pairs:
    """Every kind of pair, for all prompts, with new seeds each round."""
    pairs: Pairs = {}
    for number, prompt in enumerate(PROMPTS * rounds):
        seed = 100 + number
        preview = render(engine, prompt, seed, PREVIEW_PX)
        others = [render(engine, prompt, 1000 + 3 * number + at, PREVIEW_PX) for at in range(3)]
        made = {f"started from it, {at:g}": [final_of(engine, prompt, seed, preview, at)] for at in STRENGTHS}
        made["the same seed, larger"] = [render(engine, prompt, seed, FINAL_PX)]
        made["another seed"] = others
        made["another prompt"] = [render(engine, PROMPTS[(number + 3) % len(PROMPTS)], seed, PREVIEW_PX)]
        made["mirrored"] = [preview[:, ::-1]]
        for kind, finals in made.items():
            pairs.setdefault(kind, []).extend((preview, final) for final in finals)
    return pairs


def main() -> int:
    """Prints the table; 1 where the measure does not separate them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2, help="how often each prompt is drawn")
    pairs = pairs_of(open_model("", EngineOptions(threads=2)), parser.parse_args().rounds)
    print(f"  {'final':24} {'pairs':>5} {'kept: 5 %':>10} {'median':>7} {'95 %':>6} {'ssim':>6} {'passes':>7}")
    passing = {}
    for kind, both in pairs.items():
        found = [kept_composition(preview, final) for preview, final in both]
        low, middle, high = np.quantile([one.kept for one in found], [0.05, 0.5, 0.95])
        passing[kind] = float(np.mean([composition_verdict(one).passed for one in found]))
        ssim = float(np.median([one.ssim for one in found]))
        print(f"  {kind:24} {len(both):5} {low:10.2f} {middle:7.2f} {high:6.2f} {ssim:6.2f} {passing[kind]:7.0%}")
    kept = all(passing[f"started from it, {strength:g}"] == 1.0 for strength in STRENGTHS[:2])
    return 0 if kept and passing["another seed"] <= MOST_OTHERS_PASSING else 1


if __name__ == "__main__":
    sys.exit(main())
