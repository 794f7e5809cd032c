"""Paints batches of scenes on the GPU: sprites are looked up, recoloured, placed and blended there.

The sprites live on the device in several sizes, so that a small object is sampled from a small
picture and does not alias. A layer with a period repeats without end, which is how patterns and
windows of large canvases have the same pixels wherever they are looked at.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional

from training.colours import SUBJECT_COLOURS
from training.library import Library
from training.scenes import NO_REPEAT, Scene

LEVELS_PX = (256, 192, 128, 96, 64, 48, 32, 24)
MAX_LAYERS = 2
CELL_PX = 8
# Columns of the recolouring row: kind, own hue, own saturation, own value, then the target's three.
RECOLOUR_COLUMNS = 7
KIND_CODES = {"none": 0.0, "chromatic": 1.0, "achromatic": 2.0}


@dataclass(frozen=True)
class Window:
    """A rectangle of a canvas, in pixels."""

    top: int
    left: int
    height: int
    width: int


@dataclass
class PaintJob:
    """Scenes as plain arrays, ready for the device; one row a scene, one column a layer."""

    sprite: torch.Tensor  # (B, L) int64, -1 = no layer
    geometry: torch.Tensor  # (B, L, 5): centre x, centre y, extent, flip (-1 or 1), period
    recolour: torch.Tensor  # (B, L, RECOLOUR_COLUMNS)
    background: torch.Tensor  # (B, 3), in [0, 1]
    place: torch.Tensor  # (B, 4): top, left, canvas height, canvas width, in latent cells
    height: int
    width: int


def plan_painting(scenes: list[Scene], windows: list[Window], library: Library) -> PaintJob:
    """The arrays that describe these windows of these scenes; all windows share one size."""
    count = len(scenes)
    sprite = np.full((count, MAX_LAYERS), -1, np.int64)
    geometry = np.zeros((count, MAX_LAYERS, 5), np.float32)
    geometry[..., 2:] = 1
    recolour = np.zeros((count, MAX_LAYERS, RECOLOUR_COLUMNS), np.float32)
    for row, (scene, window) in enumerate(zip(scenes, windows, strict=True)):
        for column, layer in enumerate(scene.layers):
            sprite[row, column] = layer.sprite
            geometry[row, column] = (
                layer.centre_x - window.left,
                layer.centre_y - window.top,
                layer.extent,
                -1.0 if layer.flip else 1.0,
                layer.period,
            )
            if layer.recolour:
                own = library.sprites[layer.sprite].dominant
                target = SUBJECT_COLOURS[layer.recolour]
                recolour[row, column] = (
                    KIND_CODES[own.kind],
                    *(own.colour.hue, own.colour.saturation, own.colour.value),
                    *(target.hue, target.saturation, target.value),
                )
    background = np.array([scene.background for scene in scenes], np.float32) / 255
    place = np.array(
        [(w.top, w.left, s.height, s.width) for s, w in zip(scenes, windows, strict=True)],
        np.float32,
    )
    return PaintJob(
        torch.from_numpy(sprite),
        torch.from_numpy(geometry),
        torch.from_numpy(recolour),
        torch.from_numpy(background.clip(0, 1)),
        torch.from_numpy(place / CELL_PX),
        windows[0].height,
        windows[0].width,
    )


class Painter:
    """Turns paint jobs into pictures on one device."""

    def __init__(
        self,
        pictures: np.ndarray,
        device: torch.device | str,
        levels_px: tuple[int, ...] = LEVELS_PX,
    ) -> None:
        self._levels_px = levels_px
        straight = torch.from_numpy(pictures).permute(0, 3, 1, 2)
        self._levels: list[torch.Tensor] = []
        chunks = [_premultiply(chunk.to(device)) for chunk in straight.split(256)]
        for size in levels_px:
            scaled = [functional.interpolate(c, (size, size), mode="area") for c in chunks]
            self._levels.append(torch.cat([(c * 255).round().byte() for c in scaled]))
        self._device = device

    @torch.no_grad()
    def paint(self, job: PaintJob) -> torch.Tensor:
        """Pictures in [-1, 1], shape (B, 3, height, width), on the painter's device.

        What to draw is looked up on the CPU, where the job lies: asking the device would stall it.
        """
        count = len(job.background)
        ground = job.background.to(self._device, non_blocking=True)
        canvas = ground[:, :, None, None].expand(count, 3, job.height, job.width).clone()
        for column in range(job.sprite.shape[1]):
            for level in range(len(self._levels_px)):
                self._blend_level(canvas, job, column, level)
        return canvas.clamp(0, 1) * 2 - 1

    def _blend_level(self, canvas: torch.Tensor, job: PaintJob, column: int, level: int) -> None:
        extent = job.geometry[:, column, 2]
        size = self._levels_px[level]
        smaller = self._levels_px[level + 1] if level + 1 < len(self._levels_px) else 0
        fits = (extent <= size * 1.1) | (level == 0)
        chosen = (job.sprite[:, column] >= 0) & fits & (extent > smaller * 1.1)
        # Sprites to recolour come first, so that they are one slice.
        plain = torch.nonzero(chosen & (job.recolour[:, column, 0] == 0))[:, 0]
        coloured = torch.nonzero(chosen & (job.recolour[:, column, 0] > 0))[:, 0]
        rows = torch.cat([coloured, plain])
        if len(rows) == 0:
            return
        sprites = self._levels[level][self._send(job.sprite[rows, column])].float() / 255
        if len(coloured):
            head = _move_colour(sprites[: len(coloured)], self._send(job.recolour[coloured, column]))
            sprites = torch.cat([head, sprites[len(coloured) :]])
        grid = _sampling_grid(self._send(job.geometry[rows, column]), job.height, job.width)
        layer = functional.grid_sample(sprites, grid, align_corners=False)
        rows = self._send(rows)
        canvas[rows] = layer[:, :3] + (1 - layer[:, 3:]) * canvas[rows]

    def _send(self, values: torch.Tensor) -> torch.Tensor:
        return values.to(self._device, non_blocking=True)


def _premultiply(straight: torch.Tensor) -> torch.Tensor:
    values = straight.float() / 255
    return torch.cat([values[:, :3] * values[:, 3:], values[:, 3:]], 1)


def _sampling_grid(geometry: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Where each pixel looks in its sprite, in grid_sample's [-1, 1] units."""
    x, y, extent, flip, period = geometry[:, :, None, None].unbind(1)
    columns = torch.arange(width, device=geometry.device) + 0.5
    rows = torch.arange(height, device=geometry.device) + 0.5
    across = columns[None, None, :] - x
    down = rows[None, :, None] - y
    repeats = period < NO_REPEAT
    across = torch.where(repeats, (across + period / 2) % period - period / 2, across)
    down = torch.where(repeats, (down + period / 2) % period - period / 2, down)
    across = (across * flip * 2 / extent).expand(-1, height, -1)
    down = (down * 2 / extent).expand(-1, -1, width)
    return torch.stack([across, down], -1)


def _move_colour(sprites: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Premultiplied sprites with their dominant colour moved to the target."""
    kind, hue, saturation, value, new_hue, new_saturation, new_value = rows[:, :, None, None].unbind(1)
    alpha = sprites[:, 3]
    own_hue, own_saturation, own_value = _to_hsv(sprites[:, :3])
    is_pale = kind == KIND_CODES["achromatic"]
    distance = ((own_hue - hue + 180) % 360 - 180).abs()
    coloured = _ramp(distance, 65.0, 40.0) * _ramp(own_saturation, 0.08, 0.22)
    pale = _ramp(own_saturation, 0.38, 0.22)
    mask = torch.where(is_pale, pale, coloured)
    offset = torch.where(is_pale, 0.0, ((own_hue - hue + 180) % 360 - 180) * 0.4)
    ratio = new_saturation / saturation.clamp(min=0.05)
    moved_saturation = torch.where(is_pale, new_saturation, (own_saturation * ratio).clamp(max=1))
    moved_value = own_value * (new_value / value.clamp(min=0.08)).clamp(max=3.0)
    moved_value = torch.minimum(moved_value, alpha)
    moved = _to_rgb((new_hue + offset) % 360, moved_saturation, moved_value)
    blended = sprites[:, :3] + mask[:, None] * (moved - sprites[:, :3])
    return torch.cat([blended, sprites[:, 3:]], 1)


def _ramp(values: torch.Tensor, start: float, end: float) -> torch.Tensor:
    return ((values - start) / (end - start)).clamp(0, 1)


def _to_hsv(rgb: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    high, low = rgb.amax(1), rgb.amin(1)
    spread = (high - low).clamp(min=1e-6)
    red, green, blue = rgb.unbind(1)
    sector = torch.where(
        high == red,
        (green - blue) / spread % 6,
        torch.where(high == green, (blue - red) / spread + 2, (red - green) / spread + 4),
    )
    return sector * 60, (high - low) / high.clamp(min=1e-4), high


def _to_rgb(hue: torch.Tensor, saturation: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
    def channel(offset: float) -> torch.Tensor:
        k = (offset + hue / 60) % 6
        return value - value * saturation * torch.minimum(k, 4 - k).clamp(0, 1)

    return torch.stack([channel(5.0), channel(3.0), channel(1.0)], 1)
