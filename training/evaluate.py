"""Evaluates the shipped versions: draws, judges and saves sheets and `training/results.json`.

Every prompt and seed is fixed by rule (hash order, seeds from 0); nothing is picked by eye.
"""

import argparse
import json
import random
from pathlib import Path

import numpy as np
from PIL import Image

from training.captions import SIZES
from training.classifier import INPUT_PX, UNSEEN_STYLE
from training.colours import BACKGROUNDS, SUBJECT_COLOURS, WHITE
from training.concepts import COLOUR_WORDS, is_held_out_pair, name_without_colour
from training.judge import Judge, open_judge, shrink
from training.measures import (
    find_extent,
    frechet_distance,
    kernel_distance,
    nearest_differences,
    obeys_colour,
    pairwise_differences,
    top_shares,
)
from training.painter import Window, plan_painting
from training.prompts import COMPOSED, IN_DOMAIN, held_out_prompts
from training.sampling import make_sheet, to_pixels
from training.scenes import Layer, Scene
from training.shipped import ShippedModel

PLACE_CHECKS = {
    "on the left": lambda e: e.x < 0.42,
    "on the right": lambda e: e.x > 0.58,
    "at the top": lambda e: e.y < 0.42,
    "at the bottom": lambda e: e.y > 0.58,
    "in the top left corner": lambda e: e.x < 0.42 and e.y < 0.42,
    "in the top right corner": lambda e: e.x > 0.58 and e.y < 0.42,
    "in the bottom left corner": lambda e: e.x < 0.42 and e.y > 0.58,
    "in the bottom right corner": lambda e: e.x > 0.58 and e.y > 0.58,
}
SIZE_TOLERANCE = 0.1
SMALL_DIFFERENCE = 0.05
GROUND_FOR = {"white": " on a dark blue background"}
PARTS = ("sheet", "naming", "colours", "places", "pairs")

Results = dict[str, float]


def measure_naming(judge: Judge, model: ShippedModel, count: int) -> tuple[Results, np.ndarray]:
    """How often the classifier names what was asked for; also the pictures themselves."""
    results: Results = {}
    asked = judge.trained[:count]
    pictures = model.draw([judge.name(i) for i in asked], list(range(len(asked))))
    scores, features = judge.look(pictures)
    results["named trained top-1"], results["named trained top-5"] = top_shares(scores, np.array(asked))
    real = judge.real(judge.sprites_of(asked, unlike=UNSEEN_STYLE))
    _, real_features = judge.look(real)
    results["Frechet distance to real, trained"] = frechet_distance(features, real_features)
    results["kernel distance to real, trained"] = kernel_distance(features, real_features)
    unseen = [i for i in judge.held_out for _ in range(4)]
    drawn = model.draw([judge.name(i) for i in unseen], [n % 4 for n in range(len(unseen))])
    scores, features = judge.look(drawn)
    results["named held-out top-1"], results["named held-out top-5"] = top_shares(scores, np.array(unseen))
    _, real_features = judge.look(judge.real(judge.sprites_of(judge.held_out)))
    results["kernel distance to real, held-out"] = kernel_distance(features, real_features)
    return results, pictures


def measure_reference(judge: Judge, count: int) -> Results:
    """The same naming and distances for real pictures: what a perfect generator could reach."""
    asked = judge.trained[:count]
    results: Results = {}
    rng = random.Random(2)
    seen = judge.sprites_of(asked, unlike=UNSEEN_STYLE)
    rng.shuffle(seen)
    for title, sprites in (
        ("real, trained", seen),
        ("real of an unseen set", judge.sprites_of(judge.trained, style=UNSEEN_STYLE)),
        ("real, held-out", judge.sprites_of(judge.held_out, unlike=UNSEEN_STYLE)),
    ):
        scores, features = judge.look(judge.real(sprites))
        labels = np.array([judge.library.sprites[i].concept for i in sprites])
        results[f"{title} top-1"], results[f"{title} top-5"] = top_shares(scores, labels)
        if title == "real, trained":
            half = len(features) // 2
            halves = features[:half], features[half:]
            results["Frechet distance, real halves"] = frechet_distance(*halves)
            results["kernel distance, real halves"] = kernel_distance(*halves)
    return results


def colourable(judge: Judge, count: int) -> list[int]:
    """Trained concepts, in hash order, with a picture whose colour can be changed and named freely."""
    return [
        index
        for index in judge.trained
        if first_recolourable(judge, index) is not None and not COLOUR_WORDS & set(judge.name(index).split())
    ][:count]


def first_recolourable(judge: Judge, concept: int) -> int | None:
    """The concept's first sprite that one colour dominates, or None."""
    sprites = judge.sprites_of([concept])
    return next((s for s in sprites if judge.library.sprites[s].dominant.kind != "none"), None)


def measure_colours(judge: Judge, model: ShippedModel, concepts: int) -> Results:
    """How often an object has the colour asked for, over all colours; held-out pairs apart.

    White things are asked for on a dark blue ground: on white nothing would stand out.
    """
    asked = [(colour, judge.name(i)) for colour in SUBJECT_COLOURS for i in colourable(judge, concepts)]
    prompts = [f"{colour} {name}{GROUND_FOR.get(colour, '')}" for colour, name in asked]
    pictures = model.draw(prompts, list(range(len(asked))))
    obeyed = np.array([obeys_colour(p, c) for p, (c, _) in zip(pictures, asked, strict=True)])
    is_new = np.array([is_held_out_pair(c, name_without_colour(n)) for c, n in asked])
    results = {"colour obeyed": float(obeyed.mean())}
    results["colour obeyed, pairs never trained"] = float(obeyed[is_new].mean())
    for colour in SUBJECT_COLOURS:
        mine = np.array([c == colour for c, _ in asked])
        results[f"colour obeyed: {colour}"] = float(obeyed[mine].mean())
    return results


def reference_colours(judge: Judge, concepts: int) -> Results:
    """The same measure on real pictures recoloured as for training: what the measure itself allows."""
    scenes = []
    for colour in SUBJECT_COLOURS:
        ground = BACKGROUNDS["dark blue"] if colour in GROUND_FOR else WHITE
        for concept in colourable(judge, concepts):
            layer = Layer(first_recolourable(judge, concept) or 0, 32, 32, 57, recolour=colour)
            scenes.append(Scene(INPUT_PX, INPUT_PX, colour, ground, [layer]))
    windows = [Window(0, 0, INPUT_PX, INPUT_PX)] * len(scenes)
    pictures = to_pixels(judge.painter.paint(plan_painting(scenes, windows, judge.library)))
    obeyed = [obeys_colour(p, scene.caption) for p, scene in zip(pictures, scenes, strict=True)]
    return {"real, recoloured: colour obeyed": float(np.mean(obeyed))}


def measure_places(judge: Judge, model: ShippedModel, concepts: int) -> Results:
    """How often an object stands where, and is as large as, the prompt says."""
    names = [judge.name(i) for i in judge.trained[:concepts]]
    asked = [(place, name) for place in PLACE_CHECKS for name in names]
    pictures = model.draw([f"{name} {place}" for place, name in asked], list(range(len(asked))))
    extents = [find_extent(picture) for picture in pictures]
    right = np.array([e is not None and PLACE_CHECKS[p](e) for e, (p, _) in zip(extents, asked, strict=True)])
    results = {"place obeyed": float(right.mean())}
    for place in PLACE_CHECKS:
        mine = np.array([p == place for p, _ in asked])
        results[f"place obeyed: {place}"] = float(right[mine].mean())
    sizes = {word: SIZES[word] for word in ("tiny", "small", "medium", "large")}
    asked = [(size, name) for size in sizes for name in names]
    pictures = model.draw([f"{size} {name}" for size, name in asked], list(range(len(asked))))
    right = np.array(
        [
            (e := find_extent(picture)) is not None
            and sizes[size][0] - SIZE_TOLERANCE < e.longer_side < sizes[size][1] + SIZE_TOLERANCE
            for picture, (size, _) in zip(pictures, asked, strict=True)
        ]
    )
    results["size obeyed"] = float(right.mean())
    return results


def measure_pairs(judge: Judge, model: ShippedModel, pairs: int) -> Results:
    """How often both subjects of "X and Y" are named, each on its side, and keep their colours."""
    chosen = judge.trained[: 2 * pairs]
    asked = list(zip(chosen[::2], chosen[1::2], strict=True))
    prompts = [f"{judge.name(a)} and {judge.name(b)}" for a, b in asked]
    pictures = model.draw(prompts, list(range(len(asked))))
    height, width = pictures.shape[1:3]
    rows = slice(height // 4, 3 * height // 4)
    left, right = pictures[:, rows, : width // 2], pictures[:, rows, width // 2 :]
    hits = []
    for side, labels in ((left, [a for a, _ in asked]), (right, [b for _, b in asked])):
        best = np.argsort(-judge.look(side)[0], axis=1)[:, :5]
        hits.append((best == np.array(labels)[:, None]).any(1))
    results = {"pair: one side named, top-5": float(np.mean(hits))}
    results["pair: both named, top-5"] = float((hits[0] & hits[1]).mean())
    colours = [c for c in SUBJECT_COLOURS if c not in ("white", "gray", "black")]
    rng = random.Random(3)
    picked = [rng.sample(colours, 2) for _ in asked]
    prompts = [
        f"{c} {name_without_colour(judge.name(a))} and {d} {name_without_colour(judge.name(b))}"
        for (a, b), (c, d) in zip(asked, picked, strict=True)
    ]
    pictures = model.draw(prompts, list(range(len(asked))))
    kept = [
        obeys_colour(p[rows, : width // 2], c) and obeys_colour(p[rows, width // 2 :], d)
        for p, (c, d) in zip(pictures, picked, strict=True)
    ]
    results["pair: both colours kept"] = float(np.mean(kept))
    return results


def measure_variety(judge: Judge, model: ShippedModel, drawn: np.ndarray, concepts: int) -> Results:
    """How much seeds change a picture, and how near drawn pictures come to the training pictures."""
    names = [judge.name(i) for i in judge.trained[:concepts]]
    sets = [model.draw([name] * 4, [0, 1, 2, 3]) for name in names]
    differences = np.concatenate([pairwise_differences(s) for s in sets])
    results = {
        "seed difference, median": float(np.median(differences)),
        "seed pairs that differ visibly": float((differences > SMALL_DIFFERENCE).mean()),
    }
    everything = judge.real(judge.sprites_of(judge.trained))
    mirrored = np.concatenate([everything, everything[:, :, ::-1]])
    nearest = nearest_differences(shrink(drawn), mirrored)
    results["distance to nearest training picture, median"] = float(np.median(nearest))
    results["distance to nearest training picture, lowest tenth"] = float(np.quantile(nearest, 0.1))
    return results


def real_distances(judge: Judge) -> Results:
    """How near a real picture comes to the nearest real picture of another set."""
    own = judge.real(judge.sprites_of(judge.trained, style=UNSEEN_STYLE))
    others = judge.real(judge.sprites_of(judge.trained, unlike=UNSEEN_STYLE))
    nearest = nearest_differences(own, np.concatenate([others, others[:, :, ::-1]]))
    return {"real: distance to nearest picture of another set, median": float(np.median(nearest))}


def save_sheet(judge: Judge, model: ShippedModel, path: Path) -> None:
    """Draws the 64 prompts with seeds 0 to 3."""
    held_out = held_out_prompts([judge.name(i) for i in judge.held_out])
    prompts = [*IN_DOMAIN, *COMPOSED, *held_out]
    pictures = model.draw([p for p in prompts for _ in range(4)], [0, 1, 2, 3] * len(prompts))
    rows = [(prompt, pictures[4 * i : 4 * i + 4]) for i, prompt in enumerate(prompts)]
    round_colours(make_sheet(rows, columns=4)).save(path, optimize=True)


def round_colours(sheet: Image.Image) -> Image.Image:
    """The sheet with colours in steps of six levels, which halves its file and is hard to see."""
    levels = np.asarray(sheet).astype(np.int16)
    rounded = np.minimum((levels + 3) // 6 * 6, 255)
    return Image.fromarray(np.where(levels > 251, 255, rounded).astype(np.uint8))


def evaluate_version(judge: Judge, model: ShippedModel, scale: float, parts: list[str]) -> Results:
    """The chosen measures of one version; `scale` below 1 asks fewer prompts."""
    results: Results = {}
    if "naming" in parts:
        named, drawn = measure_naming(judge, model, round(400 * scale))
        results |= named | measure_variety(judge, model, drawn, round(24 * scale))
    if "colours" in parts:
        results |= measure_colours(judge, model, round(16 * scale))
    if "places" in parts:
        results |= measure_places(judge, model, round(16 * scale))
    if "pairs" in parts:
        results |= measure_pairs(judge, model, round(60 * scale))
    return results


def main() -> None:
    """Evaluates the versions and prints every measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--weights", type=Path, default=Path("src/renderlock/engines/embedded/weights"))
    parser.add_argument("--versions", nargs="+", default=["v2", "v1"])
    parser.add_argument("--images", type=Path, default=Path("docs/images"))
    parser.add_argument("--results", type=Path, default=Path("training/results.json"))
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--scale", type=float, default=1.0, help="share of the prompts to ask")
    arguments = parser.parse_args()
    judge = open_judge(arguments.work)
    arguments.images.mkdir(parents=True, exist_ok=True)
    report = {}
    if arguments.results.exists():
        report = json.loads(arguments.results.read_text(encoding="utf-8"))
    scale = arguments.scale
    references = measure_reference(judge, round(400 * scale)) | real_distances(judge)
    report["real"] = references | reference_colours(judge, round(16 * scale))
    for version in arguments.versions:
        model = ShippedModel(arguments.weights / version)
        if "sheet" in arguments.parts:
            suffix = "" if version == arguments.versions[0] else f"-{version}"
            save_sheet(judge, model, arguments.images / f"embedded-grid{suffix}.png")
        found = evaluate_version(judge, model, scale, arguments.parts)
        report[version] = report.get(version, {}) | found
        arguments.results.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    for version, results in report.items():
        for measure, value in results.items():
            print(f"{version:5} {measure:55} {value:.3f}")


if __name__ == "__main__":
    main()
