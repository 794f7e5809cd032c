"""The autoencoder: pictures to latents an eighth the size with 8 channels, and back.

No layer looks at the whole picture (no normalisation, no attention), so that a latent decodes alike
wherever it stands and tiles meet without seams.
"""

import torch
from torch import nn
from torch.nn import functional

LATENT_CHANNELS = 8


class ConvBlock(nn.Module):
    """Two 3 x 3 convolutions added to their input."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.zeros_(self.second.weight)
        nn.init.zeros_(self.second.bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Features of the same shape (B, width, h, w)."""
        return x + self.second(functional.silu(self.first(functional.silu(x))))


class Encoder(nn.Module):
    """Picture (B, 3, 8h, 8w) in [-1, 1] to latent (B, 8, h, w) of about unit variance."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 64, 4, stride=4),
            ConvBlock(64),
            nn.Conv2d(64, 128, 4, stride=2, padding=1),
            ConvBlock(128),
            ConvBlock(128),
            nn.Conv2d(128, LATENT_CHANNELS, 1),
        )
        self.register_buffer("mean", torch.zeros(1, LATENT_CHANNELS, 1, 1))
        self.register_buffer("deviation", torch.ones(1, LATENT_CHANNELS, 1, 1))

    def forward(self, picture: torch.Tensor) -> torch.Tensor:
        """The latent of pictures in [-1, 1] whose sides are multiples of 8."""
        return (self.body(picture) - self.mean) / self.deviation


class Decoder(nn.Module):
    """Latent (B, 8, h, w) to picture (B, 3, 8h, 8w), about in [-1, 1]."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(1, LATENT_CHANNELS, 1, 1))
        self.register_buffer("deviation", torch.ones(1, LATENT_CHANNELS, 1, 1))
        self.body = nn.Sequential(
            nn.Conv2d(LATENT_CHANNELS, 128, 3, padding=1),
            ConvBlock(128),
            ConvBlock(128),
            ConvBlock(128),
            nn.Conv2d(128, 80 * 4, 1),
            nn.PixelShuffle(2),
            ConvBlock(80),
            ConvBlock(80),
            nn.Conv2d(80, 48 * 4, 1),
            nn.PixelShuffle(2),
            ConvBlock(48),
            ConvBlock(48),
            nn.SiLU(),
            nn.Conv2d(48, 3 * 4, 3, padding=1),
            nn.PixelShuffle(2),
        )

    def forward(self, latent: torch.Tensor) -> torch.Tensor:
        """The pictures of latents of any size."""
        return self.body(latent * self.deviation + self.mean)


@torch.no_grad()
def set_latent_scale(encoder: Encoder, decoder: Decoder, pictures: torch.Tensor) -> None:
    """Makes the latents of such pictures zero in mean and one in deviation, channel by channel."""
    raw = encoder(pictures) * encoder.deviation + encoder.mean
    mean = raw.mean((0, 2, 3), keepdim=True)
    deviation = raw.std((0, 2, 3), keepdim=True).clamp(min=1e-3)
    for half in (encoder, decoder):
        half.mean.copy_(mean)
        half.deviation.copy_(deviation)
