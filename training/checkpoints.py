"""Saves and loads training state; large files can be split into pieces and joined again."""

import io
from pathlib import Path

import torch

PIECE_BYTES = 15 * 1024 * 1024


def save_pieces(state: dict, folder: Path, name: str) -> None:
    """Writes the state as `name.000`, `name.001`, ... of at most 15 MiB each."""
    stream = io.BytesIO()
    torch.save(state, stream)
    data = stream.getvalue()
    for number, start in enumerate(range(0, len(data), PIECE_BYTES)):
        (folder / f"{name}.{number:03d}").write_bytes(data[start : start + PIECE_BYTES])


def load_pieces(folder: Path, name: str, device: torch.device | str = "cpu") -> dict:
    """The state that `save_pieces` wrote."""
    data = b"".join(piece.read_bytes() for piece in sorted(folder.glob(f"{name}.[0-9]*")))
    return torch.load(io.BytesIO(data), map_location=device, weights_only=True)


def half_precision(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The state with its floats as 16-bit, for carrying."""
    return {name: value.half() if value.dtype == torch.float32 else value for name, value in state.items()}
