"""The text encoder: a small transformer over word vectors distilled from MiniLM.

The vectors stay fixed and packed, four bits a number, so that words never seen in a caption still
lie near their synonyms; the transformer adds order and binding ("red apple and blue car").
"""

import torch
from torch import nn
from torch.nn import functional

from training.tokenizer import TOKEN_COUNT

VECTOR_WIDTH = 128
CONTEXT_WIDTH = 160
HEADS = 4
LAYERS = 3
NEVER = -1e4


class EncoderLayer(nn.Module):
    """Self-attention and a feed-forward net, each added to its input after normalisation."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.query_key_value = nn.Linear(width, 3 * width)
        self.merge = nn.Linear(width, width)
        self.feed_norm = nn.LayerNorm(width)
        self.feed = nn.Sequential(nn.Linear(width, 4 * width), nn.SiLU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """Tokens (B, T, width) that have read each other; bias (B, 1, 1, T) hides padding."""
        parts = self.query_key_value(self.attention_norm(x)).chunk(3, dim=-1)
        query, key, value = (split_heads(part, HEADS) for part in parts)
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        x = x + self.merge(join_heads(attended))
        return x + self.feed(self.feed_norm(x))


class TextEncoder(nn.Module):
    """Tokens (B, T) to context (B, T, 160) and pooled (B, 160); padding rows are zero."""

    def __init__(self, packed: torch.Tensor, scale: torch.Tensor) -> None:
        super().__init__()
        self.register_buffer("packed", packed)
        self.register_buffer("scale", scale)
        self.project = nn.Linear(VECTOR_WIDTH, CONTEXT_WIDTH)
        self.position = nn.Parameter(torch.randn(1, TOKEN_COUNT, CONTEXT_WIDTH) * 0.02)
        self.layers = nn.ModuleList(EncoderLayer(CONTEXT_WIDTH) for _ in range(LAYERS))
        self.norm = nn.LayerNorm(CONTEXT_WIDTH)

    def forward(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Context and pooled, both float32."""
        mask = (tokens > 0).float().unsqueeze(-1)
        bias = ((1 - mask) * NEVER).transpose(1, 2).unsqueeze(1)
        x = self.project(self._vectors(tokens)) + self.position
        for layer in self.layers:
            x = layer(x, bias.to(x.dtype))
        context = self.norm(x).float() * mask
        pooled = context.sum(1) / mask.sum(1).clamp(min=1)
        return context, pooled

    def _vectors(self, tokens: torch.Tensor) -> torch.Tensor:
        """The unpacked word vectors (B, T, 128)."""
        bytes_ = functional.embedding(tokens, self.packed).float()
        high = torch.floor(bytes_ / 16)
        low = bytes_ - high * 16
        scale = functional.embedding(tokens, self.scale).float()
        return (torch.cat([high, low], -1) - 8) * scale


def split_heads(x: torch.Tensor, heads: int) -> torch.Tensor:
    """(B, T, width) to (B, heads, T, width / heads)."""
    return x.unflatten(-1, (heads, x.shape[-1] // heads)).transpose(1, 2)


def join_heads(x: torch.Tensor) -> torch.Tensor:
    """(B, heads, T, width / heads) to (B, T, width)."""
    return x.transpose(1, 2).flatten(2)
