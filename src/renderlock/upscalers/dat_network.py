"""The light Dual Aggregation Transformer, computed in plain torch from its published weights.

Chen et al., "Dual Aggregation Transformer for Image Super-Resolution", ICCV 2023 (arXiv 2308.03364). Blocks attend by
turns over space, in strips of 8 x 32 and 32 x 8, and over channels; each adds a depthwise convolution, and the two are
weighted by each other. Names of weights are those of the authors' files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

WIDTH = 60
HEADS = 6
STRIP = (8, 32)
BLOCKS = 18
MEAN_RGB = (0.4488, 0.4371, 0.4040)

_BATCH_NORM_EPS = 1e-5
_FORBIDDEN = -100.0


@dataclass(frozen=True)
class Weights:
    """Tensors of a file, read under a common beginning of their names."""

    tensors: Mapping[str, Tensor]
    prefix: str = ""

    def __getitem__(self, name: str) -> Tensor:
        return self.tensors[self.prefix + name]

    def under(self, name: str) -> Weights:
        """The tensors whose names go on after `name`."""
        return Weights(self.tensors, f"{self.prefix}{name}.")

    def linear(self, name: str, x: Tensor) -> Tensor:
        """... x in to ... x out."""
        return functional.linear(x, self[f"{name}.weight"], self[f"{name}.bias"])

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Layer normalisation over the last axis."""
        return functional.layer_norm(x, x.shape[-1:], self[f"{name}.weight"], self[f"{name}.bias"])

    def conv(self, name: str, x: Tensor, *, padding: int = 1, groups: int = 1) -> Tensor:
        """1 x C x H x W to the same H and W."""
        return functional.conv2d(x, self[f"{name}.weight"], self[f"{name}.bias"], padding=padding, groups=groups)

    def batch_norm(self, name: str, x: Tensor) -> Tensor:
        """The statistics of training, applied."""
        mean, variance = self[f"{name}.running_mean"], self[f"{name}.running_var"]
        weight, bias = self[f"{name}.weight"], self[f"{name}.bias"]
        return functional.batch_norm(x, mean, variance, weight, bias, eps=_BATCH_NORM_EPS)


def enlarge(weights: Weights, picture: Tensor, factor: int) -> Tensor:
    """1 x 3 x H x W (0 to 1) at `factor` times its sides; equation 1 of the paper with one residual group."""
    mean = picture.new_tensor(MEAN_RGB).view(1, 3, 1, 1)
    shallow = weights.conv("conv_first", picture - mean)
    start = weights.norm("before_RG.1", _tokens(shallow))
    x, size = start, (picture.shape[2], picture.shape[3])
    for index in range(BLOCKS):
        x = _block(weights.under(f"layers.0.blocks.{index}"), index, x, size)
    x = _tokens(_three_convs(weights, "layers.0.conv", _planes(x, size))) + start
    deep = _three_convs(weights, "conv_after_body", _planes(weights.norm("norm", x), size)) + shallow
    return functional.pixel_shuffle(weights.conv("upsample.0", deep), factor) + mean


def _tokens(planes: Tensor) -> Tensor:
    """1 x C x H x W as 1 x HW x C."""
    return planes.flatten(2).transpose(1, 2)


def _planes(tokens: Tensor, size: tuple[int, int]) -> Tensor:
    """1 x HW x C as 1 x C x H x W."""
    return tokens.transpose(1, 2).reshape(1, -1, *size)


def _three_convs(weights: Weights, name: str, x: Tensor) -> Tensor:
    x = functional.leaky_relu(weights.conv(f"{name}.0", x), 0.2)
    x = functional.leaky_relu(weights.conv(f"{name}.2", x, padding=0), 0.2)
    return weights.conv(f"{name}.4", x)


def _block(weights: Weights, index: int, x: Tensor, size: tuple[int, int]) -> Tensor:
    """Attention, over space in even blocks and over channels in odd ones, then the gated feed-forward."""
    normed, attention = weights.norm("norm1", x), weights.under("attn")
    if index % 2:
        x = x + _channel_attention(attention, normed, size)
    else:
        x = x + _spatial_attention(attention, normed, size, shifted=index > 0 and (index - 2) % 4 == 0)
    return x + _feed_forward(weights.under("ffn"), weights.norm("norm2", x), size)


def _feed_forward(weights: Weights, x: Tensor, size: tuple[int, int]) -> Tensor:
    """Equation 9: half of the channels, convolved, gates the other half."""
    kept, gate = functional.gelu(weights.linear("fc1", x)).chunk(2, dim=-1)
    gate = _tokens(weights.conv("sg.conv", _planes(weights.norm("sg.norm", gate), size), groups=kept.shape[-1]))
    return weights.linear("fc2", kept * gate)


def _channel_attention(weights: Weights, x: Tensor, size: tuple[int, int]) -> Tensor:
    """Equation 5: attention between channels, which sees the whole patch at once."""
    count = x.shape[1]
    queries, keys, values = weights.linear("qkv", x).view(count, 3, HEADS, WIDTH // HEADS).permute(1, 2, 3, 0)
    queries, keys = functional.normalize(queries, dim=-1), functional.normalize(keys, dim=-1)
    attention = (queries @ keys.transpose(-2, -1) * weights["temperature"]).softmax(dim=-1)
    attended = (attention @ values).reshape(1, WIDTH, *size)
    convolved = _depthwise(weights, values.reshape(1, WIDTH, *size))
    over_space = _spatial_weights(weights, convolved)
    over_channels = _channel_weights(weights, attended)
    return weights.linear("proj", _tokens(attended * over_space + convolved * over_channels))


def _spatial_attention(weights: Weights, x: Tensor, size: tuple[int, int], *, shifted: bool) -> Tensor:
    """Equation 4: attention in strips, lying for one half of the channels and standing for the other."""
    planes = weights.linear("qkv", x).view(1, *size, 3, WIDTH).permute(3, 0, 4, 1, 2)
    padded = functional.pad(planes, (0, -size[1] % max(STRIP), 0, -size[0] % max(STRIP)))
    halves = []
    for half, strip in enumerate((STRIP, STRIP[::-1])):
        part = padded[:, 0, half * WIDTH // 2 : (half + 1) * WIDTH // 2]
        halves.append(_attend_in_strips(weights.under(f"attns.{half}"), part, strip, shifted=shifted))
    attended = torch.cat(halves)[None, :, : size[0], : size[1]]
    convolved = _depthwise(weights, planes[2])
    over_channels = _channel_weights(weights, convolved)
    over_space = _spatial_weights(weights, attended)
    return weights.linear("proj", _tokens(attended * over_channels + convolved * over_space))


def _depthwise(weights: Weights, x: Tensor) -> Tensor:
    return functional.gelu(weights.batch_norm("dwconv.1", weights.conv("dwconv.0", x, groups=WIDTH)))


def _channel_weights(weights: Weights, x: Tensor) -> Tensor:
    """1 x C x 1 x 1, 0 to 1, from the mean of each channel."""
    pooled = weights.conv("channel_interaction.1", x.mean(dim=(2, 3), keepdim=True), padding=0)
    excited = functional.gelu(weights.batch_norm("channel_interaction.2", pooled))
    return weights.conv("channel_interaction.4", excited, padding=0).sigmoid()


def _spatial_weights(weights: Weights, x: Tensor) -> Tensor:
    """1 x 1 x H x W, 0 to 1."""
    squeezed = weights.conv("spatial_interaction.0", x, padding=0)
    excited = functional.gelu(weights.batch_norm("spatial_interaction.1", squeezed))
    return weights.conv("spatial_interaction.3", excited, padding=0).sigmoid()


def _attend_in_strips(weights: Weights, qkv: Tensor, strip: tuple[int, int], *, shifted: bool) -> Tensor:
    """3 x C x H x W (H and W multiples of the strip) to C x H x W."""
    channels, height, width = qkv.shape[1:]
    shift = (strip[0] // 2, strip[1] // 2)
    if shifted:
        qkv = torch.roll(qkv, (-shift[0], -shift[1]), dims=(2, 3))
    heads = HEADS // 2
    parts = qkv.view(3, heads, channels // heads, height // strip[0], strip[0], width // strip[1], strip[1])
    queries, keys, values = parts.permute(0, 3, 5, 1, 4, 6, 2).reshape(
        3, -1, heads, strip[0] * strip[1], channels // heads
    )
    scores = queries @ keys.transpose(-2, -1) * (channels // heads) ** -0.5 + _position_bias(weights, strip)
    if shifted:
        scores = scores + _wrap_mask(height, width, strip, scores)[:, None]
    attended = (scores.softmax(dim=-1) @ values).view(
        height // strip[0], width // strip[1], heads, *strip, channels // heads
    )
    joined = attended.permute(2, 5, 0, 3, 1, 4).reshape(channels, height, width)
    return torch.roll(joined, shift, dims=(1, 2)) if shifted else joined


def _position_bias(weights: Weights, strip: tuple[int, int]) -> Tensor:
    """Heads x N x N: a small network's answer to each pair's distance within a strip."""
    bias = weights.linear("pos.pos_proj", weights["rpe_biases"])
    for layer in ("pos.pos1", "pos.pos2", "pos.pos3"):
        bias = weights.linear(f"{layer}.2", functional.relu(weights.norm(f"{layer}.0", bias)))
    count = strip[0] * strip[1]
    return bias[weights["relative_position_index"].view(-1)].view(count, count, -1).permute(2, 0, 1)


def _wrap_mask(height: int, width: int, strip: tuple[int, int], like: Tensor) -> Tensor:
    """Strips x N x N: forbids attention between pixels that only the cyclic shift brought together."""
    rows = _regions(height, strip[0], like)
    columns = _regions(width, strip[1], like)
    region = (rows[:, None] * 3 + columns[None, :]).view(height // strip[0], strip[0], width // strip[1], strip[1])
    region = region.transpose(1, 2).reshape(-1, strip[0] * strip[1])
    return (region[:, None] != region[:, :, None]) * _FORBIDDEN


def _regions(side: int, strip: int, like: Tensor) -> Tensor:
    """0 before the last strip, 1 in its first half, 2 in the half that was brought round."""
    place = torch.arange(side, device=like.device)
    return (place >= side - strip).long() + (place >= side - strip // 2).long()
