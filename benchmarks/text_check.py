"""Text check: how many texts read right, and how many one-letter errors are rejected, in four settings.

python -m benchmarks.text_check [--phrases 10]

Ten phrases in two faces: plain, over a photograph, light on a dark plate over a photograph, and in perspective; each
also with one letter changed, left out or doubled. Exit code 1 where plain texts have an error, fewer than 95% of the
others read right, or fewer than 95% of the errors are rejected.
"""

from __future__ import annotations

import argparse
import random
import string
import sys
import time
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from renderlock.metrics.text import check_texts
from renderlock.metrics.text_reader import open_reader

SIDE = 768
FONTS = Path(str(files("renderlock.actions"))) / "projects" / "campaign" / "fonts"
PHRASES = (
    "AUTUMN SALE", "50% OFF", "Fresh pears daily", "OPEN 24 HOURS", "New season, new you", "Free shipping",
    "LIMITED EDITION", "Only £9.99", "Taste the orchard", "Try it today",
)  # fmt: skip
PAPER, INK, CREAM, NIGHT = (245, 243, 235), (20, 20, 30), (235, 235, 225), (20, 22, 30)
TURN = (1.05, 0.12, -40, 0.06, 1.0, -20, 0.0001, 0.00008)


def plain(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """Dark on light."""
    picture = Image.new("RGB", (SIDE, SIDE), PAPER)
    ImageDraw.Draw(picture).text((50, 330), text, font=font, fill=INK)
    return picture


def on_photograph(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """White with an outline, over a photograph."""
    picture = Image.fromarray(data.coffee()).resize((SIDE, SIDE))
    ImageDraw.Draw(picture).text((50, 90), text, font=font, fill="white", stroke_width=3, stroke_fill="black")
    return picture


def on_plate(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """Light on a dark plate over a photograph."""
    picture = Image.fromarray(data.astronaut()).resize((SIDE, SIDE))
    pen = ImageDraw.Draw(picture)
    pen.rounded_rectangle((30, 600, 90 + pen.textlength(text, font), 700), 20, fill=NIGHT)
    pen.text((60, 615), text, font=font, fill=CREAM)
    return picture


def warped(text: str, font: ImageFont.FreeTypeFont) -> Image.Image:
    """Dark on light, tilted and in perspective."""
    flat, bicubic = plain(text, font), Image.Resampling.BICUBIC
    return flat.transform((SIDE, SIDE), Image.Transform.PERSPECTIVE, TURN, bicubic, fillcolor=PAPER)


SETTINGS: dict[str, Callable[[str, ImageFont.FreeTypeFont], Image.Image]] = {
    "plain": plain,
    "on a photograph": on_photograph,
    "light on a dark plate": on_plate,
    "warped": warped,
}


def misspelt(text: str, luck: random.Random) -> str:
    """The text with one letter or digit changed, left out, or doubled by another."""
    place = luck.choice([index for index, letter in enumerate(text) if letter.isalnum()])
    old = text[place]
    pool = string.digits if old.isdigit() else string.ascii_uppercase if old.isupper() else string.ascii_lowercase
    new = luck.choice(pool.replace(old, ""))
    return text[:place] + luck.choice((new, "", old + new)) + text[place + 1 :]


def main() -> int:
    """Prints a table; see above for the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--phrases", type=int, default=len(PHRASES))
    phrases = PHRASES[: parser.parse_args().phrases]
    faces = [ImageFont.truetype(str(FONTS / f"RedHatDisplay-{face}.ttf"), 52) for face in ("Black", "Medium")]
    reader, luck = open_reader(), random.Random(3)
    rates, rejections = {}, []
    for name, draw in SETTINGS.items():
        began, right, rejected, errors = time.process_time(), 0, 0, 0.0
        cases = [(text, face) for text in phrases for face in faces]
        for text, face in cases:
            cer = check_texts(np.asarray(draw(text, face)), [text], reader).texts[0].cer
            right, errors = right + (cer == 0), errors + cer
            wrong = check_texts(np.asarray(draw(misspelt(text, luck), face)), [text], reader)
            rejected += wrong.texts[0].cer > 0
        rates[name] = right / len(cases)
        rejections.append(rejected / len(cases))
        seconds = (time.process_time() - began) / (2 * len(cases))
        print(
            f"{name:<22} right {right}/{len(cases)}, CER {errors / len(cases):.3f},"
            f" errors rejected {rejected}/{len(cases)}, {seconds:.2f} s CPU a picture"
        )
    fine = rates["plain"] == 1 and min(rates.values()) >= 0.95 and float(np.mean(rejections)) >= 0.95
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
