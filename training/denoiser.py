"""The denoiser: a small U-Net that predicts the velocity of a rectified flow (noise - picture).

Liu et al. 2022 (arXiv 2209.03003): x_t = (1 - t) picture + t noise, dx/dt = noise - picture.
Normalisation is per pixel (root mean square over channels), never over the canvas, so that a window
of a large canvas behaves as the canvas itself would. Where a cell lies on its canvas reaches the net
as coordinate channels computed from `place`.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from training.autoencoder import LATENT_CHANNELS
from training.text_encoder import CONTEXT_WIDTH, NEVER, join_heads, split_heads

WIDTHS = (96, 160, 192)
CONDITION_WIDTH = 192
HEAD_WIDTH = 32
TIME_WAVES = 32
REPEATS_CELLS = (4, 8, 16)
COORDINATE_CHANNELS = 2 + 2 * 2 * 2 + 2 * 2 * len(REPEATS_CELLS)
ENTRANCE_CHANNELS = LATENT_CHANNELS + COORDINATE_CHANNELS
NATIVE_CELLS = 16


class PixelNorm(nn.Module):
    """Scales each pixel's channels to unit root mean square, then by a learned gain."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of the same shape (B, width, h, w)."""
        scale = torch.rsqrt(self._power(x.float()) + 1e-5)
        return (x * scale).to(x.dtype) * self.gain.to(x.dtype)[:, None, None]

    def _power(self, x: torch.Tensor) -> torch.Tensor:
        """The mean square over channels, shape (B, 1, h, w)."""
        if not torch.onnx.is_in_onnx_export():
            return x.square().mean(1, keepdim=True)
        # ONNX Runtime sums a mean over axis 1 in another order for a batch of one; a convolution
        # gives each picture the same bits in every batch.
        shares = torch.full((1, len(self.gain), 1, 1), 1 / len(self.gain))
        return functional.conv2d(x.square(), shares)


class ConditionLinear(nn.Linear):
    """A linear layer over (B, width) whose bits for one row do not depend on the other rows.

    As a matrix product, ONNX Runtime sums a batch of one in another order than a larger batch.
    As a 1 x 1 convolution each picture of the batch is its own product.
    """

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """One row of output (B, out) for each row of input (B, in)."""
        weight = self.weight[:, :, None, None]
        return functional.conv2d(x[:, :, None, None], weight, self.bias)[:, :, 0, 0]


class ResidualBlock(nn.Module):
    """Two convolutions added to their input; the condition scales and shifts between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm_in = PixelNorm(width)
        self.conv_in = nn.Conv2d(width, width, 3, padding=1)
        self.norm_out = PixelNorm(width)
        self.modulate = ConditionLinear(CONDITION_WIDTH, 2 * width)
        self.conv_out = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.modulate.weight)
        nn.init.zeros_(self.modulate.bias)
        nn.init.zeros_(self.conv_out.weight)
        nn.init.zeros_(self.conv_out.bias)

    def forward(self, x: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        """Features (B, width, h, w) under a condition (B, 192)."""
        scale, shift = self.modulate(condition)[:, :, None, None].chunk(2, dim=1)
        hidden = self.conv_in(functional.silu(self.norm_in(x)))
        hidden = self.norm_out(hidden) * (1 + scale) + shift
        return x + self.conv_out(functional.silu(hidden))


class TextAttention(nn.Module):
    """Lets every cell look at all cells (unless `looks_around` is off), then at the prompt's words."""

    def __init__(self, width: int, *, looks_around: bool) -> None:
        super().__init__()
        self.heads = width // HEAD_WIDTH
        self.looks_around = looks_around
        if looks_around:
            self.self_norm = nn.LayerNorm(width)
            self.query_key_value = nn.Linear(width, 3 * width)
            self.self_merge = _zeroed(nn.Linear(width, width))
        self.cross_norm = nn.LayerNorm(width)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(CONTEXT_WIDTH, 2 * width)
        self.cross_merge = _zeroed(nn.Linear(width, width))
        self.feed_norm = nn.LayerNorm(width)
        self.feed_in = nn.Linear(width, 2 * width)
        self.feed_out = _zeroed(nn.Linear(2 * width, width))

    def forward(self, x: torch.Tensor, context: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Features (B, width, h, w) that have read context (B, T, 160); bias (B, 1, 1, T) hides padding."""
        cells = x.flatten(2).transpose(1, 2)
        if self.looks_around:
            parts = self.query_key_value(self.self_norm(cells)).chunk(3, dim=-1)
            query, key, value = (split_heads(part, self.heads) for part in parts)
            attended = functional.scaled_dot_product_attention(query, key, value)
            cells = cells + self.self_merge(join_heads(attended))
        query = split_heads(self.query(self.cross_norm(cells)), self.heads)
        key, value = (split_heads(p, self.heads) for p in self.key_value(context).chunk(2, dim=-1))
        bias = bias.to(query.dtype)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        cells = cells + self.cross_merge(join_heads(attended))
        cells = cells + self.feed_out(functional.silu(self.feed_in(self.feed_norm(cells))))
        return cells.transpose(1, 2).unflatten(2, (x.shape[2], x.shape[3]))


class Denoiser(nn.Module):
    """Latent, time and prompt to velocity; see `forward` for the shapes."""

    def __init__(self) -> None:
        super().__init__()
        fine, middle, coarse = WIDTHS
        self.time = nn.Sequential(
            ConditionLinear(2 * TIME_WAVES, CONDITION_WIDTH),
            nn.SiLU(),
            ConditionLinear(CONDITION_WIDTH, CONDITION_WIDTH),
        )
        self.pooled = ConditionLinear(CONTEXT_WIDTH, CONDITION_WIDTH)
        self.canvas = ConditionLinear(4, CONDITION_WIDTH)
        self.no_words = nn.Parameter(torch.randn(1, 1, CONTEXT_WIDTH) * 0.02)
        self.enter = nn.Conv2d(ENTRANCE_CHANNELS, fine, 3, padding=1)
        self.fine_down = _blocks(fine, 3)
        self.fine_down_text = TextAttention(fine, looks_around=False)
        self.to_middle = nn.Conv2d(fine, middle, 4, stride=2, padding=1)
        self.middle_down = _blocks(middle, 2)
        self.middle_down_text = _attentions(middle, 2)
        self.to_coarse = nn.Conv2d(middle, coarse, 2, stride=2)
        self.coarse = _blocks(coarse, 2)
        self.coarse_text = _attentions(coarse, 2)
        self.from_coarse = nn.Sequential(nn.Conv2d(coarse, middle * 4, 1), nn.PixelShuffle(2))
        self.middle_merge = nn.Conv2d(2 * middle, middle, 1)
        self.middle_up = _blocks(middle, 2)
        self.middle_up_text = _attentions(middle, 2)
        self.from_middle = nn.Sequential(nn.Conv2d(middle, fine * 4, 1), nn.PixelShuffle(2))
        self.fine_merge = nn.Conv2d(2 * fine, fine, 1)
        self.fine_up = _blocks(fine, 3)
        self.fine_up_text = TextAttention(fine, looks_around=False)
        self.leave_norm = PixelNorm(fine)
        self.leave = _zeroed(nn.Conv2d(fine, LATENT_CHANNELS, 3, padding=1))

    def forward(
        self,
        latent: torch.Tensor,
        time: torch.Tensor,
        context: torch.Tensor,
        mask: torch.Tensor,
        pooled: torch.Tensor,
        place: torch.Tensor,
    ) -> torch.Tensor:
        """Velocity (B, 8, h, w) for latent (B, 8, h, w), time (B,), context (B, T, 160),
        mask (B, T), pooled (B, 160) and place (B, 4); h and w are multiples of 4."""
        condition = functional.silu(self._condition(time, pooled, place))
        words = torch.cat([self.no_words.expand(context.shape[0], -1, -1), context], 1)
        bias = functional.pad((1 - mask) * NEVER, (1, 0))[:, None, None, :]
        x = self._enter(torch.cat([latent, coordinates(latent, place)], 1))
        for block in self.fine_down:
            x = block(x, condition)
        fine_skip = x = self.fine_down_text(x, words, bias)
        x = self.to_middle(x)
        for block, text in zip(self.middle_down, self.middle_down_text, strict=True):
            x = text(block(x, condition), words, bias)
        middle_skip = x
        x = self.to_coarse(x)
        for block, text in zip(self.coarse, self.coarse_text, strict=True):
            x = text(block(x, condition), words, bias)
        x = self.middle_merge(torch.cat([self.from_coarse(x), middle_skip], 1))
        for block, text in zip(self.middle_up, self.middle_up_text, strict=True):
            x = text(block(x, condition), words, bias)
        x = self.fine_merge(torch.cat([self.from_middle(x), fine_skip], 1))
        x = self.fine_up_text(self.fine_up[0](x, condition), words, bias)
        for block in self.fine_up[1:]:
            x = block(x, condition)
        return self.leave(functional.silu(self.leave_norm(x))).float()

    def _enter(self, x: torch.Tensor) -> torch.Tensor:
        # An exported net has room for more channels than there are (see `export.widen_entrance`).
        missing = self.enter.in_channels - ENTRANCE_CHANNELS
        return self.enter(torch.cat([x, x[:, :missing] * 0], 1) if missing else x)

    def _condition(self, time: torch.Tensor, pooled: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
        steps = torch.arange(TIME_WAVES, device=time.device, dtype=torch.float32)
        angles = time[:, None] * torch.exp(steps * (math.log(1000.0) / (TIME_WAVES - 1)))
        waves = torch.cat([torch.cos(angles), torch.sin(angles)], 1)
        sides = torch.log2(place[:, 2:] / NATIVE_CELLS)
        shape = torch.cat([sides, sides[:, :1] - sides[:, 1:], sides.sum(1, keepdim=True)], 1)
        return self.time(waves) + self.pooled(pooled) + self.canvas(shape)


def coordinates(latent: torch.Tensor, place: torch.Tensor) -> torch.Tensor:
    """Coordinate channels (B, C, h, w): where each cell lies on its canvas, and on fixed grids."""
    height, width = latent.shape[2], latent.shape[3]
    ones = torch.ones_like(latent[:, :1])
    rows = torch.arange(height, device=latent.device, dtype=torch.float32) + 0.5
    columns = torch.arange(width, device=latent.device, dtype=torch.float32) + 0.5
    row = (rows[None, None, :, None] + place[:, 0, None, None, None]) * ones
    column = (columns[None, None, None, :] + place[:, 1, None, None, None]) * ones
    down = row / place[:, 2, None, None, None] * 2 - 1
    across = column / place[:, 3, None, None, None] * 2 - 1
    channels = [down, across]
    for wave in (math.pi, 2 * math.pi):
        for axis in (down, across):
            channels += [torch.sin(wave * axis), torch.cos(wave * axis)]
    for period in REPEATS_CELLS:
        for axis in (row, column):
            angle = axis * (2 * math.pi / period)
            channels += [torch.sin(angle), torch.cos(angle)]
    return torch.cat(channels, 1)


def _blocks(width: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(ResidualBlock(width) for _ in range(count))


def _attentions(width: int, count: int) -> nn.ModuleList:
    return nn.ModuleList(TextAttention(width, looks_around=True) for _ in range(count))


def _zeroed(layer: nn.Linear | nn.Conv2d) -> nn.Module:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
