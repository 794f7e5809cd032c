"""Decoding a latent in overlapping tiles that share their normalisation, so that a large picture needs the memory of
one.

Tiles decoded each for itself differ in tone, since every GroupNorm sees another mean and spread. Here the statistics
come from the whole picture once, decoded small, as Tiled VAE does it (pkuliyi2015, multidiffusion-upscaler, "fast
mode"); the tiles then differ only where their surroundings are cut off, and that is blended. Tiles that are done are
not decoded again where a later one ran out of memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import cast

import torch

from renderlock.engines.diffusers_local.library_types import Autoencoder, Forward
from renderlock.engines.diffusers_local.questions import hash_question

OVERLAP_SHARE = 0.25
"""Part of a tile that it shares with its neighbour."""

Moments = Sequence[tuple[torch.Tensor, torch.Tensor]]
"""Variance and mean (B, groups) of each GroupNorm of a decoder, in the order of its modules."""


@dataclass
class TilesDone:
    """How far a picture came that is decoded in tiles: the weighted sums (B, 3, H, W) and (1, 1, H, W) over the tiles
    that are done, what normalises them, and whether the sums are divided already."""

    question: str = ""
    count: int = 0
    divided: bool = False
    moments: Moments = ()
    sums: list[torch.Tensor] = field(default_factory=list)

    def forget(self) -> None:
        """Lets go of all of it."""
        self.question, self.count, self.divided, self.moments = "", 0, False, ()
        self.sums.clear()

    def begin(self, question: str, shape: tuple[int, int], latent: torch.Tensor) -> None:
        """Goes on with a picture, on the device of its latent, or starts another one of `shape` (H, W)."""
        if question != self.question:
            self.forget()
            shapes = (latent.shape[0], 3, *shape), (1, 1, *shape)
            self.sums += [torch.zeros(*one, dtype=torch.float32, device=latent.device) for one in shapes]
            self.question = question
        self._move(latent.device)

    def set_aside(self) -> None:
        """Moves what is done off a device that is full; lets go of it where the machine's memory is full too."""
        try:
            self._move(torch.device("cpu"))
        except (RuntimeError, MemoryError):
            self.forget()

    def _move(self, device: torch.device) -> None:
        self.sums[:] = [one.to(device) for one in self.sums]
        self.moments = [(variance.to(device), mean.to(device)) for variance, mean in self.moments]


@contextmanager
def decoded_in_tiles(vae: Autoencoder, tile_px: int, done: TilesDone) -> Iterator[None]:
    """Makes the autoencoder decode in tiles of `tile_px` pixels a side, for the length of a render; `done` holds those
    of an attempt before."""
    from diffusers.models.autoencoders.vae import DecoderOutput  # noqa: PLC0415 - only where tiles are wanted

    whole = vae._decode

    def one(latent: torch.Tensor) -> torch.Tensor:
        return cast("tuple[torch.Tensor]", whole(latent, return_dict=False))[0]

    def decode(latent: torch.Tensor, return_dict: bool = True) -> object:
        try:
            picture = decode_in_tiles(vae, latent, tile_px, one, done)
        except Exception:
            done.set_aside()
            raise
        return DecoderOutput(sample=picture) if return_dict else (picture,)

    vae._decode = cast("Forward", decode)
    try:
        yield
    finally:
        del vae._decode


def decode_in_tiles(
    vae: Autoencoder,
    latent: torch.Tensor,
    tile_px: int,
    decode: Callable[[torch.Tensor], torch.Tensor],
    done: TilesDone | None = None,
) -> torch.Tensor:
    """The picture (B, 3, H, W) of a latent (B, C, h, w), decoded in tiles of at most `tile_px` a side.

    It goes on with the tiles that are `done`, and counts there as it goes.
    """
    done = done or TilesDone()
    scale = scale_of(vae)
    side = max(1, tile_px // scale)
    height, width = latent.shape[-2:]
    if height <= side and width <= side:
        return decode(latent)
    overlap = max(1, int(side * OVERLAP_SHARE))
    done.begin(hash_question((latent, side)), (height * scale, width * scale), latent)
    picture, weight = done.sums
    places = [(top, left) for top in _starts(height, side, overlap) for left in _starts(width, side, overlap)]
    if not done.moments:
        done.moments = _moments_of(vae, lambda: decode(_shrunk(latent, side)))
    with _normalised_by(vae, done.moments):
        for top, left in places[done.count :]:
            tile = decode(latent[..., top : top + side, left : left + side])
            window = _window(tile, overlap * scale)
            weighted = tile * window
            rows = slice(top * scale, top * scale + tile.shape[-2])
            columns = slice(left * scale, left * scale + tile.shape[-1])
            # Sums in place allocate nothing, so a tile is counted whole or not at all.
            picture[..., rows, columns] += weighted
            weight[..., rows, columns] += window
            done.count += 1
    if not done.divided:
        picture.div_(weight)
        done.divided = True
    return picture.to(latent.dtype)


def decode_one_tile(
    vae: Autoencoder, latent: torch.Tensor, tile_px: int, decode: Callable[[torch.Tensor], torch.Tensor]
) -> torch.Tensor:
    """As `decode_in_tiles`, but only the first tile: all that a dry run needs, since the others take the same."""
    scale = scale_of(vae)
    side = max(1, tile_px // scale)
    height, width = latent.shape[-2] * scale, latent.shape[-1] * scale
    picture = torch.zeros(latent.shape[0], 3, height, width, dtype=torch.float32)
    weight = torch.zeros(1, 1, height, width, dtype=torch.float32)
    tile = decode(latent[..., :side, :side])
    picture[..., : tile.shape[-2], : tile.shape[-1]] += tile * _window(tile, side)
    return picture.div_(weight).to(latent.dtype)


def scale_of(vae: Autoencoder) -> int:
    """How many pixels one latent is wide."""
    blocks = cast("list[int]", getattr(vae.config, "block_out_channels"))  # noqa: B009 - diffusers' config has no type
    return int(2 ** (len(blocks) - 1))


def _starts(length: int, side: int, overlap: int) -> list[int]:
    """Where tiles begin: evenly, the last one ending with the picture."""
    if length <= side:
        return [0]
    count = -(-(length - overlap) // (side - overlap))
    return [round(index * (length - side) / (count - 1)) for index in range(count)]


def _window(tile: torch.Tensor, overlap: int) -> torch.Tensor:
    """Weights of a tile (1, 1, H, W), float32: full inside, falling to every side over the overlap, never 0."""
    rows, columns = (_ramp(length, overlap, tile.device) for length in tile.shape[-2:])
    return rows[None, None, :, None] * columns[None, None, None, :]


def _ramp(length: int, overlap: int, device: torch.device) -> torch.Tensor:
    place = torch.arange(length, dtype=torch.float32, device=device) + 0.5
    return (torch.minimum(place, length - place) / overlap).clamp(max=1.0)


def _shrunk(latent: torch.Tensor, side: int) -> torch.Tensor:
    """The latent small enough for one tile, with its own mean and spread a channel, which shrinking would lessen."""
    share = side / max(latent.shape[-2:])
    size = [max(1, int(length * share)) for length in latent.shape[-2:]]
    small = torch.nn.functional.interpolate(latent.float(), size=size, mode="nearest")
    wide_spread, wide_mean = torch.std_mean(latent.float(), dim=(-2, -1), keepdim=True)
    spread, mean = torch.std_mean(small, dim=(-2, -1), keepdim=True)
    return ((small - mean) * (wide_spread / (spread + 1e-6)) + wide_mean).to(latent.dtype)


def _moments_of(vae: Autoencoder, look: Callable[[], object]) -> Moments:
    """What every GroupNorm of the decoder sees while `look` runs."""
    norms = _norms_of(vae)
    seen: _Seen = {}
    handles = [norm.register_forward_pre_hook(_noting(seen)) for norm in norms]
    try:
        look()
    finally:
        for handle in handles:
            handle.remove()
    return [seen[norm] for norm in norms]


@contextmanager
def _normalised_by(vae: Autoencoder, moments: Moments) -> Iterator[None]:
    """Has every GroupNorm of the decoder normalise by these."""
    with ExitStack() as stack:
        for norm, (variance, mean) in zip(_norms_of(vae), moments, strict=True):
            stack.enter_context(replaced(norm, _normalising(norm, variance, mean)))
        yield


@contextmanager
def replaced(norm: torch.nn.GroupNorm, forward: Callable[[torch.Tensor], torch.Tensor]) -> Iterator[None]:
    """Puts another `forward` in place; where weights are offloaded, inside of what brings them to the device."""
    own = vars(norm)
    name = "_old_forward" if "_old_forward" in own else "forward"
    before = own.get(name)
    own[name] = forward
    try:
        yield
    finally:
        if before is None:
            del own[name]
        else:
            own[name] = before


def _norms_of(vae: Autoencoder) -> list[torch.nn.GroupNorm]:
    return [module for module in vae.decoder.modules() if isinstance(module, torch.nn.GroupNorm)]


_Seen = dict[torch.nn.GroupNorm, tuple[torch.Tensor, torch.Tensor]]


def _noting(seen: _Seen) -> Callable[[torch.nn.GroupNorm, tuple[torch.Tensor]], None]:
    def note(norm: torch.nn.GroupNorm, given: tuple[torch.Tensor]) -> None:
        grouped = given[0].float().unflatten(1, (norm.num_groups, -1)).flatten(2)
        seen[norm] = torch.var_mean(grouped, dim=2, unbiased=False)

    return note


def _normalising(
    norm: torch.nn.GroupNorm, variance: torch.Tensor, mean: torch.Tensor
) -> Callable[[torch.Tensor], torch.Tensor]:
    def forward(given: torch.Tensor) -> torch.Tensor:
        """A gain and a shift a channel: one operation and one new tensor, as the library's own GroupNorm."""
        per_group = norm.num_channels // norm.num_groups
        gain = (variance + norm.eps).rsqrt().repeat_interleave(per_group, dim=1)
        shift = -mean.repeat_interleave(per_group, dim=1) * gain
        if norm.affine:
            gain, shift = gain * norm.weight.float(), shift * norm.weight.float() + norm.bias.float()
        shape = (*gain.shape, *[1] * (given.ndim - 2))
        return torch.addcmul(shift.view(shape).to(given.dtype), given, gain.view(shape).to(given.dtype))

    return forward
