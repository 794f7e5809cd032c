"""Measures of generated pictures: pure functions on arrays, each stating what it compares.

Pictures are uint8, shape (B, height, width, 3); features are float, shape (B, width).
"""

from dataclasses import dataclass

import numpy as np

from training.colours import SUBJECT_COLOURS, colour_word, find_dominant

FOREGROUND_STEP = 40
HUE_TOLERANCE_DEGREES = 30


@dataclass(frozen=True)
class Extent:
    """Where the object is, relative to the picture: centre, and the longer side of its box."""

    x: float
    y: float
    longer_side: float


def foreground(picture: np.ndarray) -> np.ndarray:
    """Which pixels differ from the ground, which is the median of the picture's border."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    ground = np.median(border.astype(np.int16), axis=0)
    return np.abs(picture.astype(np.int16) - ground).max(-1) > FOREGROUND_STEP


def find_extent(picture: np.ndarray) -> Extent | None:
    """The object's place and size; None where nothing stands out.

    The box leaves out the outermost 2 % of the object's pixels on each side, so that specks do not
    count.
    """
    rows, columns = np.nonzero(foreground(picture))
    if len(rows) < 12:
        return None
    height, width = picture.shape[:2]
    top, bottom = np.quantile(rows, [0.02, 0.98])
    left, right = np.quantile(columns, [0.02, 0.98])
    side = max((bottom - top + 1) / height, (right - left + 1) / width)
    return Extent((left + right + 1) / 2 / width, (top + bottom + 1) / 2 / height, side)


def obeys_colour(picture: np.ndarray, word: str) -> bool:
    """Whether the object's dominant colour is the one asked for.

    The dominant colour is found as for training pictures. It obeys when its name is the word, or,
    for words that mean a hue, when its hue is within 30 degrees of the word's.
    """
    mask = foreground(picture)
    rgba = np.concatenate([picture / 255, mask[..., None]], -1).astype(np.float32)
    dominant = find_dominant(rgba)
    if dominant.kind == "none":
        return False
    if colour_word(dominant.colour) == word:
        return True
    target = SUBJECT_COLOURS[word]
    means_a_hue = target.saturation > 0.6 and word != "brown"
    distance = abs((dominant.colour.hue - target.hue + 180) % 360 - 180)
    return bool(dominant.kind == "chromatic" and means_a_hue and distance <= HUE_TOLERANCE_DEGREES)


def top_shares(scores: np.ndarray, labels: np.ndarray, among: int = 5) -> tuple[float, float]:
    """The share of rows whose label scores highest, and among the highest `among`."""
    order = np.argsort(-scores, axis=1)[:, :among]
    hits = order == labels[:, None]
    return float(hits[:, 0].mean()), float(hits.any(1).mean())


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Fréchet distance of two feature sets taken as Gaussians (Heusel et al. 2017, 1706.08500)."""
    mean_gap = first.mean(0) - second.mean(0)
    cov_first, cov_second = np.cov(first.T), np.cov(second.T)
    # The trace of a product's root equals that of the symmetric root-sandwich, which is stable.
    values, vectors = np.linalg.eigh(cov_first)
    root = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    middle = np.linalg.eigvalsh(root @ cov_second @ root).clip(0)
    trace = np.trace(cov_first) + np.trace(cov_second) - 2 * np.sqrt(middle).sum()
    return float(mean_gap @ mean_gap + trace)


def kernel_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Unbiased squared maximum mean discrepancy, cubic kernel (Binkowski et al. 2018, 1801.01401)."""
    width = first.shape[1]

    def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return (a @ b.T / width + 1) ** 3

    def off_diagonal_mean(matrix: np.ndarray) -> float:
        count = len(matrix)
        return float((matrix.sum() - np.trace(matrix)) / (count * (count - 1)))

    cross = float(kernel(first, second).mean())
    own = off_diagonal_mean(kernel(first, first)) + off_diagonal_mean(kernel(second, second))
    return own - 2 * cross


def pairwise_differences(pictures: np.ndarray) -> np.ndarray:
    """Root mean square differences, in [0, 1], of every two pictures of a set."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32) / 255
    upper = np.triu_indices(len(flat), 1)
    return np.sqrt(((flat[upper[0]] - flat[upper[1]]) ** 2).mean(1))


def nearest_differences(pictures: np.ndarray, library: np.ndarray) -> np.ndarray:
    """For each picture, the root mean square difference, in [0, 1], to the nearest of a library."""
    flat = pictures.reshape(len(pictures), -1).astype(np.float32) / 255
    others = library.reshape(len(library), -1).astype(np.float32) / 255
    squares = (others**2).sum(1)
    nearest = []
    for row in flat:
        distance = squares - 2 * (others @ row) + (row**2).sum()
        nearest.append(np.sqrt(max(distance.min(), 0) / len(row)))
    return np.array(nearest)
