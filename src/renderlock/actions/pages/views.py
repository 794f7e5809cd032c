"""What the templates print: cells with their pictures as data URIs, and the drawings of the variance page."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from renderlock.actions.pages.notices import stamp_for
from renderlock.actions.pages.plain_text import shortened, visible_text
from renderlock.actions.pages.shades import readable_ink, shade, smooth_shades
from renderlock.actions.report_values import SheetCell, VarianceReport, VarianceValues
from renderlock.errors import InputUnusable

_SIGNATURES = ((b"\x89PNG\r\n\x1a\n", 0, "image/png"), (b"\xff\xd8\xff", 0, "image/jpeg"), (b"WEBP", 8, "image/webp"))
_MOST_LABELS = 40
_MOST_VALUES = 14
_MAP_WIDTH = 480
_MAP_PX = 120


@dataclass(frozen=True)
class CellView:
    """One picture as a page shows it; `stamp` and `marks` are empty for most."""

    cell: SheetCell
    uri: str
    alt: str
    digest_short: str
    stamp: str
    marks: tuple[str, ...] = ()
    swatches: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True)
class Dot:
    """The centre of what stands out in one variant, in the units of its map."""

    x: float
    y: float
    number: int
    marked: bool


@dataclass(frozen=True)
class PlaceMap:
    """Where things are over all variants: a picture as a data URI, the size it is shown at, a dot for each variant."""

    uri: str
    width: int
    height: int
    dots: tuple[Dot, ...]


@dataclass(frozen=True)
class MatrixCell:
    """One number in the matrix, with the text colour that can be read on its shade."""

    column: int
    row: int
    text: str
    ink: str


@dataclass(frozen=True)
class MatrixView:
    """Who is like whom: N x N shades as a data URI, labels along the sides, values where there is room."""

    uri: str
    count: int
    labels: tuple[tuple[int, int], ...]
    values: tuple[MatrixCell, ...]


def view_cell(cell: SheetCell, subject: str) -> CellView:
    """One cell with its picture inlined; raises `InputUnusable` where its bytes are not PNG, WebP or JPEG."""
    named = f"Variant {cell.number}, seed {cell.seed}: {shortened(visible_text(subject), 120)}"
    stamp = stamp_for(cell.standing)
    return CellView(
        cell=cell,
        uri=_picture_uri(cell),
        alt=f"{named} ({stamp.lower()})" if stamp else named,
        digest_short=_short(cell.digest),
        stamp=stamp,
    )


def shape_of(cells: Sequence[CellView]) -> float:
    """Width over height of the frames of a sheet: the middle of its pictures, between 1:2 and 2:1."""
    shapes = [view.cell.size.width / view.cell.size.height for view in cells]
    return min(2.0, max(0.5, float(np.median(shapes))))


def view_places(values: VarianceValues) -> PlaceMap:
    """The map of mean occupancy in the shape of the pictures, with the centre of each variant."""
    sizes = [cell.size.height / cell.size.width for cell in values.cells]
    height = round(_MAP_WIDTH * min(2.0, max(0.4, float(np.median(sizes)))))
    dots = [
        Dot(_MAP_WIDTH * found.centre[0] / 100, height * found.centre[1] / 100, cell.number, marked)
        for cell, found, marked in zip(values.cells, values.report.variants, marked_of(values.report), strict=True)
        if found.centre is not None
    ]
    # The marked ones are drawn last, so that no other dot covers them.
    dots.sort(key=lambda dot: dot.marked)
    return PlaceMap(png_uri(smooth_shades(values.report.occupancy, _MAP_PX, _MAP_PX)), _MAP_WIDTH, height, tuple(dots))


def view_matrix(values: VarianceValues) -> MatrixView:
    """The distances between all variants, with every label or value that stays readable."""
    count = values.report.count
    step = -(-count // _MOST_LABELS)
    distances = values.report.distances
    shown = [(row, column) for row in range(count) for column in range(count) if row != column]
    return MatrixView(
        uri=png_uri(shade(distances)),
        count=count,
        labels=tuple((position, values.cells[position].number) for position in range(0, count, step)),
        values=tuple(_matrix_cell(distances, *place) for place in shown) if count <= _MOST_VALUES else (),
    )


def png_uri(pixels: NDArray[np.uint8]) -> str:
    """A small picture as a data URI."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", optimize=True)
    return f"data:image/png;base64,{b64encode(buffer.getvalue()).decode()}"


def marked_of(report: VarianceReport) -> list[bool]:
    """For each variant whether it is the most typical or the farthest one."""
    special = {report.medoid, report.farthest} if report.farthest is not None else set()
    return [position in special for position in range(report.count)]


def _matrix_cell(distances: NDArray[np.float64], row: int, column: int) -> MatrixCell:
    value = float(distances[row, column])
    return MatrixCell(column, row, f"{100 * value:.0f}", "rgb({}, {}, {})".format(*readable_ink(value)))


def _picture_uri(cell: SheetCell) -> str:
    for signature, offset, media_type in _SIGNATURES:
        if cell.picture[offset:].startswith(signature):
            return f"data:{media_type};base64,{b64encode(cell.picture).decode()}"
    place = f"the picture of variant {cell.number} (seed {cell.seed})"
    raise InputUnusable(path=place, reason="it is not PNG, WebP or JPEG", action="Give the thumbnail as encoded bytes.")


def _short(digest: str) -> str:
    tag, colon, rest = digest.partition(":")
    return f"{tag}{colon}{rest[:8]}" if colon else digest[:12]
