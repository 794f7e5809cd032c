"""How many renders a second the store keeps, and whether that holds as it grows.

One put is everything: PNG encoding with the recipe inside, SHA-256, blob, sidecar and index row each forced
to disk (five fsyncs), two WebP thumbnails. It is set against two simpler ways to keep the same pictures, in
the same run and folder: the PNG file alone with one fsync, and the PNG with a JSON file beside it, an fsync
each, no index, no thumbnails. Fsyncs cost what the disk makes them cost, so only the ratios travel.

    python benchmarks/store.py --count 10000
    python benchmarks/store.py --count 100000 --alternative-count 10000
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from renderlock.imaging.pixels import Pixels, encode_png
from renderlock.spec.identity import ModelKey
from renderlock.spec.recipe import Digest, Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store import Made, NewRender, Origin, Store
from renderlock.store.png_texts import texts_of

SIDE_PX = 64
EVERY = 10
MODEL = ModelKey("embedded", "tiny", "1", "embedded-1", "0123456789abcdef" * 4)
MADE = Made(datetime(2026, 11, 22, tzinfo=UTC), 0.5, "env", "host", 100_000_000)
Put = Callable[[NewRender], object]


def picture(number: int) -> Pixels:
    """A smooth picture no other number has: about as large a file as a small real one."""
    generator = np.random.default_rng(number)
    coarse = generator.integers(0, 256, (4, 4, 3))
    smooth = np.kron(coarse, np.ones((SIDE_PX // 4, SIDE_PX // 4, 1)))
    return (smooth + generator.integers(0, 4, (SIDE_PX, SIDE_PX, 1))).clip(0, 255).astype(np.uint8)


def recipe(number: int) -> Recipe:
    """The recipe of a picture."""
    prompt = f"Hero shot {number}, studio lighting, product on a marble table, soft shadows"
    return Recipe(MODEL, prompt, number, Size(SIDE_PX, SIDE_PX), steps=20, guidance_scale=7.0, sampler="Euler a")


def renders(start: int, count: int) -> Iterator[NewRender]:
    """New renders, made as they are asked for."""
    for number in range(start, start + count):
        origin = Origin("bench", f"asset-{number % 100}", "quick-pass", "review")
        yield NewRender(picture(number), recipe(number), Standing.PRODUCTION, origin, MADE)


@dataclass
class Tally:
    """How many renders were kept in how many seconds, without the time of making the pictures."""

    renders: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Renders a second."""
        return self.renders / self.seconds if self.seconds else 0.0

    def keep(self, put: Put, new: NewRender) -> None:
        """Keeps one render and counts it."""
        start = time.perf_counter()
        put(new)
        self.seconds += time.perf_counter() - start
        self.renders += 1

    def add(self, other: Tally) -> None:
        """Counts what another tally has counted."""
        self.renders += other.renders
        self.seconds += other.seconds


def write_forced(path: Path, data: bytes) -> None:
    """Writes a file and waits for the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def png_alone(root: Path) -> Put:
    """Keeps the PNG file alone."""

    def put(new: NewRender) -> None:
        assert new.recipe is not None
        assert isinstance(new.picture, np.ndarray)
        data = encode_png(new.picture, texts_of(new.recipe, new.standing))
        name = hashlib.sha256(data).hexdigest()
        write_forced(root / name[:2] / f"{name}.png", data)

    return put


def png_and_json(root: Path) -> Put:
    """Keeps the PNG file and a JSON file beside it, named by the recipe."""

    def put(new: NewRender) -> None:
        assert new.recipe is not None
        assert isinstance(new.picture, np.ndarray)
        name = new.recipe.digest.removeprefix("rl1:")
        data = encode_png(new.picture, texts_of(new.recipe, new.standing))
        write_forced(root / name[:2] / f"{name}.png", data)
        write_forced(root / name[:2] / f"{name}.json", new.recipe.to_canonical_json())

    return put


def seconds_to_find(store: Store, digests: list[Digest]) -> float:
    """The best of five answers to which of those recipes are rendered."""
    spent = []
    for _ in range(5):
        start = time.perf_counter()
        assert len(store.find_all(digests, Standing.PRODUCTION)) == len(digests)
        spent.append(time.perf_counter() - start)
    return min(spent)


def keep_part(folder: Path, store: Store, start: int, stop: int) -> list[Tally]:
    """Keeps the renders of a range in the store, every tenth also in the simpler ways."""
    puts = (store.put, png_alone(folder / "png"), png_and_json(folder / "json"))
    tallies = [Tally() for _ in puts]
    for number, new in enumerate(renders(start, stop - start)):
        for tally, put in list(zip(tallies, puts, strict=True))[: None if number % EVERY == 0 else 1]:
            tally.keep(put, new)
    return tallies


def line(name: str, tallies: list[Tally], found_ms: float) -> str:
    """One line of the table."""
    ours, png, json = (tally.rate for tally in tallies)
    rates = f"{ours:>8.0f} {png:>8.0f} {json:>8.0f}"
    return f"{name:>9} {rates} {ours / png:>10.2f}x {ours / json:>10.2f}x {found_ms:>8.1f} ms"


def measure(folder: Path, count: int, part: int) -> None:
    """Fills a store and prints one line a part."""
    print(f"{'':>9} {'renders kept a second':^26} {'store against':^23}")
    print(f"{'renders':>9} {'store':>8} {'PNG':>8} {'PNG+JSON':>8} {'PNG':>11} {'PNG+JSON':>11} {'find 1,000':>11}")
    whole = [Tally() for _ in range(3)]
    with Store.create(folder / "store") as store:
        for start in range(0, count, part):
            stop = min(start + part, count)
            tallies = keep_part(folder, store, start, stop)
            for total, tally in zip(whole, tallies, strict=True):
                total.add(tally)
            asked = [recipe(number).digest for number in range(0, stop, max(1, stop // 1000))][:1000]
            found_ms = 1000 * seconds_to_find(store, asked)
            print(line(f"{stop:,}", tallies, found_ms), flush=True)
    print(line("all", whole, found_ms))


def main() -> None:
    """Runs the benchmark and prints its table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="renders to put into the store")
    parser.add_argument("--part", type=int, default=0, help="renders a line of the table (a tenth of the count)")
    parser.add_argument("--folder", type=Path, default=None, help="where to work (the system's temporary folder)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="renderlock-bench-", dir=options.folder))
    try:
        measure(folder, options.count, options.part or max(1, options.count // 10))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
