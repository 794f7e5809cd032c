"""Where tiles lie on a canvas: tile sizes solved from the canvas, so that as few pixels as possible are made twice.

Pure geometry. A grid is the product of spans across and down. Tiles at the end are shifted inwards, and smaller only
where a smaller size is named; never padded, so each has real picture up to its rim. `split` cuts a picture into the
tiles of a grid.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Literal

from renderlock.errors import RecipeError
from renderlock.imaging.pixels import Raster

Axis = Literal["x", "y"]
"""`x`: tiles lie beside each other and the seam runs down; `y`: one above the other, the seam runs across."""


@dataclass(frozen=True)
class Span:
    """A stretch of pixels along one axis."""

    start: int
    length: int

    @property
    def end(self) -> int:
        """The first pixel after it."""
        return self.start + self.length


@dataclass(frozen=True)
class Tile:
    """One tile: its place in the grid (counted from 0) and its rectangle on the canvas in pixels."""

    column: int
    row: int
    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        """The first pixel column after it."""
        return self.left + self.width

    @property
    def bottom(self) -> int:
        """The first pixel row after it."""
        return self.top + self.height

    def __str__(self) -> str:
        return f"{self.width}x{self.height} at {self.left},{self.top}"


@dataclass(frozen=True)
class Overlap:
    """The rectangle that two neighbouring tiles share, in pixels of the canvas; `first` lies left or above."""

    axis: Axis
    first: Tile
    second: Tile
    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Seam:
    """Where two neighbouring tiles meet: a line in the middle of their overlap.

    With axis `x` it lies between pixel columns `position - 1` and `position` and runs over the rows from `start`
    up to `end`, which is not in it; with axis `y` it is the other way round.
    """

    axis: Axis
    position: int
    start: int
    end: int


@dataclass(frozen=True)
class Grid:
    """Tiles that cover a canvas of `width` x `height` pixels without gaps: every span across with every span down.

    Raises `ValueError` where spans are not in order, leave a gap or stick out.
    """

    width: int
    height: int
    across: tuple[Span, ...]
    down: tuple[Span, ...]

    def __post_init__(self) -> None:
        _check_cover("across", self.across, self.width)
        _check_cover("down", self.down, self.height)

    @property
    def columns(self) -> int:
        """How many tiles lie beside each other."""
        return len(self.across)

    @property
    def rows(self) -> int:
        """How many tiles lie above each other."""
        return len(self.down)

    @property
    def tile_width(self) -> int:
        """The width of the widest tile; of every tile where `solve_grid` made the grid."""
        return max(span.length for span in self.across)

    @property
    def tile_height(self) -> int:
        """The height of the highest tile; of every tile where `solve_grid` made the grid."""
        return max(span.length for span in self.down)

    @cached_property
    def tiles(self) -> tuple[Tile, ...]:
        """All tiles, row by row."""
        return tuple(tile for row in range(self.rows) for tile in self.row_tiles(row))

    def row_tiles(self, row: int) -> tuple[Tile, ...]:
        """The tiles of one row, from left to right."""
        y = self.down[row]
        return tuple(Tile(column, row, x.start, y.start, x.length, y.length) for column, x in enumerate(self.across))

    def tile(self, column: int, row: int) -> Tile:
        """The tile at a place of the grid."""
        return self.tiles[row * self.columns + column]

    @cached_property
    def overlaps(self) -> tuple[Overlap, ...]:
        """What each tile shares with the one right of it and the one below; nothing where tiles only touch."""
        return tuple(overlap for tile in self.tiles for overlap in self._overlaps_of(tile))

    @property
    def redundancy(self) -> float:
        """Pixels of all tiles over pixels of the canvas: 1.0 where no pixel is made twice."""
        made = sum(span.length for span in self.across) * sum(span.length for span in self.down)
        return made / (self.width * self.height)

    @cached_property
    def seam_lines(self) -> tuple[Seam, ...]:
        """One line for each two neighbouring tiles, from the middle of one crossing to the middle of the next."""
        xs, ys = _cuts(self.across), _cuts(self.down)
        vertical = [Seam("x", x, start, end) for x in xs[1:-1] for start, end in pairwise(ys)]
        return tuple(vertical + [Seam("y", y, start, end) for y in ys[1:-1] for start, end in pairwise(xs)])

    def _overlaps_of(self, tile: Tile) -> Iterator[Overlap]:
        if tile.column + 1 < self.columns:
            right = self.tile(tile.column + 1, tile.row)
            if tile.right > right.left:
                yield Overlap("x", tile, right, right.left, tile.top, tile.right - right.left, tile.height)
        if tile.row + 1 < self.rows:
            below = self.tile(tile.column, tile.row + 1)
            if tile.bottom > below.top:
                yield Overlap("y", tile, below, tile.left, below.top, tile.width, tile.bottom - below.top)


def solve_grid(
    width: int,
    height: int,
    *,
    most: tuple[int, int],
    overlap: int,
    multiple: int = 1,
    counts: tuple[int | None, int | None] = (None, None),
) -> Grid:
    """The grid of equal tiles that covers the canvas with the fewest and then the smallest tiles.

    `most` is the largest tile (width, height), `overlap` the least overlap of neighbours, `multiple` what tile
    sides are multiples of, where the canvas is larger than a tile; all in pixels. Starts are multiples of it too
    where `overlap` is one, but for the last tile, which ends with the canvas. `counts` fixes columns and rows.
    With n tiles on a side of L the tile is ceil((L + (n - 1) * overlap) / n), rounded up to `multiple`.

    Raises `RecipeError` where no such grid exists.
    """
    across = _Side("columns", width, most[0], overlap, multiple).spans(counts[0])
    down = _Side("rows", height, most[1], overlap, multiple).spans(counts[1])
    return Grid(width, height, across, down)


def lay_grid(
    width: int, height: int, *, tile: tuple[int, int], overlap: int, last: tuple[int, int] | None = None
) -> Grid:
    """The grid of tiles of exactly that size (or the canvas's, where that is smaller) with at least that overlap.

    `last` is the width of the last column and the height of the last row where they are smaller than a tile. Without
    it, gives again what `solve_grid` made from its tile size and overlap. Raises `RecipeError` where the overlap is
    not smaller than the tile, or where the last tile does not fit.
    """
    last_width, last_height = tile if last is None else last
    across = _Side("columns", width, tile[0], overlap, 1).laid(last_width)
    down = _Side("rows", height, tile[1], overlap, 1).laid(last_height)
    return Grid(width, height, across, down)


def split(picture: Raster, grid: Grid) -> Iterator[tuple[Tile, Raster]]:
    """Each tile of the grid with its part of the picture, as a view; raises `ValueError` for another size."""
    if picture.shape[:2] != (grid.height, grid.width):
        raise ValueError(f"the picture is {picture.shape[1]}x{picture.shape[0]}, the grid {grid.width}x{grid.height}")
    for tile in grid.tiles:
        yield tile, cut(picture, tile)


def cut(picture: Raster, tile: Tile) -> Raster:
    """The part of a picture of the canvas's size that a tile shows, as a view."""
    return picture[tile.top : tile.bottom, tile.left : tile.right]


@dataclass(frozen=True)
class _Side:
    """One axis of a grid that is being solved."""

    name: str
    length: int
    most: int
    overlap: int
    multiple: int

    def spans(self, count: int | None) -> tuple[Span, ...]:
        if not self.length >= 1 or self.most < 1 or self.multiple < 1:
            raise RecipeError(
                field="tile", found=self.most, allowed="at least 1 pixel, on a canvas of at least 1 pixel"
            )
        if (count is None and self.length <= self.most) or count == 1:
            return self._one()
        largest = self.most // self.multiple * self.multiple
        self._check_overlap(largest)
        number = count or -(-(self.length - self.overlap) // (largest - self.overlap))
        tile = -(-(self.length + (number - 1) * self.overlap) // number)
        tile = -(-tile // self.multiple) * self.multiple
        if number < 1 or (number - 1) * (tile - self.overlap) + self.overlap >= self.length:
            raise RecipeError(field=self.name, found=number, allowed=f"1 or more, fewer on {self.length} pixels")
        if tile > largest:
            allowed = f"more, so that a tile is at most {self.most} pixels; with {number} it is {tile}"
            raise RecipeError(field=self.name, found=number, allowed=allowed)
        return self._placed(tile, number, tile)

    def laid(self, last: int) -> tuple[Span, ...]:
        if self.most >= self.length:
            return self._one()
        self._check_overlap(self.most)
        stride = self.most - self.overlap
        number = -(-(self.length - self.overlap) // stride)
        least = self.length - (number - 1) * stride
        if not least <= last <= self.most:
            raise RecipeError(field="last tile", found=last, allowed=f"{least} to {self.most} pixels")
        return self._placed(self.most, number, last)

    def _one(self) -> tuple[Span, ...]:
        if self.length > self.most:
            raise RecipeError(field=self.name, found=1, allowed=f"more: a tile is at most {self.most} pixels")
        return (Span(0, self.length),)

    def _check_overlap(self, tile: int) -> None:
        if not 0 <= self.overlap < tile:
            allowed = f"0 to {max(tile - 1, 0)} pixels, less than a tile ({tile} pixels here)"
            raise RecipeError(field="overlap", found=self.overlap, allowed=allowed)

    def _placed(self, tile: int, number: int, last: int) -> tuple[Span, ...]:
        """Tiles one stride apart, the last one shifted inwards to the end."""
        before = (Span(index * (tile - self.overlap), tile) for index in range(number - 1))
        return (*before, Span(self.length - last, last))


def _cuts(spans: tuple[Span, ...]) -> list[int]:
    """Where one tile gives way to the next along an axis: 0, the middle of every overlap, the end."""
    return [0, *((first.end + second.start) // 2 for first, second in pairwise(spans)), spans[-1].end]


def _check_cover(name: str, spans: tuple[Span, ...], length: int) -> None:
    if not spans or spans[0].start != 0 or spans[-1].end != length:
        raise ValueError(f"the spans {name} do not cover 0 to {length}")
    for first, second in pairwise(spans):
        if not first.start < second.start <= first.end < second.end:
            raise ValueError(f"the spans {name} leave a gap or are out of order at {second.start}")
