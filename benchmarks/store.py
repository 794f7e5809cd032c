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


def seconds_to_put(put: Put, new: Iterator[NewRender]) -> float:
    """The time spent in `put`, without that of making the pictures."""
    spent = 0.0
    for render in new:
        start = time.perf_counter()
        put(render)
        spent += time.perf_counter() - start
    return spent


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


def fill_store(store: Store, count: int, part: int) -> float:
    """Puts `count` renders, prints one line a part, and gives the rate of all."""
    print(f"{'renders':>9} {'put/s':>8} {'against first':>14} {'find 1,000':>11}")
    total, first = 0.0, 0.0
    for start in range(0, count, part):
        size = min(part, count - start)
        spent = seconds_to_put(store.put, renders(start, size))
        total += spent
        rate = size / spent
        first = first or rate
        step = max(1, (start + size) // 1000)
        asked = [recipe(number).digest for number in range(0, start + size, step)][:1000]
        found_ms = 1000 * seconds_to_find(store, asked)
        print(f"{start + size:>9,} {rate:>8.0f} {rate / first:>13.2f}x {found_ms:>8.1f} ms", flush=True)
    return count / total


def main() -> None:
    """Runs the benchmark and prints its tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000, help="renders to put into the store")
    parser.add_argument("--part", type=int, default=0, help="renders a line of the table (a tenth of the count)")
    parser.add_argument("--alternative-count", type=int, default=2_000, help="renders to keep the simpler ways")
    parser.add_argument("--folder", type=Path, default=None, help="where to work (the system's temporary folder)")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="renderlock-bench-", dir=options.folder))
    try:
        with Store.create(folder / "store") as store:
            ours = fill_store(store, options.count, options.part or max(1, options.count // 10))
        print(f"\n{'way':<42} {'renders/s':>9} {'store against it':>17}")
        print(f"{'renderlock store: everything':<42} {ours:>9.0f} {1:>16.2f}x")
        for name, way in (("PNG file, one fsync", png_alone), ("PNG and JSON beside, an fsync each", png_and_json)):
            spent = seconds_to_put(way(folder / way.__name__), renders(0, options.alternative_count))
            rate = options.alternative_count / spent
            print(f"{name:<42} {rate:>9.0f} {ours / rate:>16.2f}x")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
