"""What other tools wrote into a picture, as one value: the frame that every reader fills.

Readers get `PictureTexts` (the texts found in a file, decoded and bounded) and give `ForeignMetadata` or None.
Whatever they give is made safe to store here: valid Unicode, no NUL, finite numbers, bounded lengths.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

LARGEST_TEXT_BYTES = 8 * 1024 * 1024
"""All text of one picture, uncompressed; what is beyond it is left out and noted."""

LONGEST_RAW = 262_144
LONGEST_FIELD = 65_536
LONGEST_EXTRA = 4_096
MOST_EXTRAS = 200
LARGEST_SEED = 2**64 - 1
"""ComfyUI draws seeds from all 64-bit numbers, the largest range of the tools read here."""

LARGEST_SIDE_PX = 2**31 - 1


@dataclass(frozen=True)
class PictureTexts:
    """The texts of one picture file by key, its pixel size where the header told it, and what could not be read.

    Keys are PNG keywords; EXIF and XMP texts have the keys their tags have (`UserComment`, `Software`, ...), a
    text hidden in the pixels has `parameters`. `file_name` is the name without folders, or empty.
    """

    texts: Mapping[str, str]
    size: tuple[int, int] | None = None
    file_name: str = ""
    notes: tuple[str, ...] = ()

    def parameters(self) -> str:
        """The text most tools share: PNG `parameters`, or `UserComment` where the format has no keys."""
        return self.texts.get("parameters") or self.texts.get("UserComment") or ""


@dataclass(frozen=True)
class ForeignMetadata:
    """How a picture was made, as far as its file says; None is "not said", never a default.

    `sampler` is as the tool wrote it, `sampler_name` the k-diffusion spelling and `schedule` the noise schedule,
    both None where not known. `size` is what was generated, which may be smaller than the picture. `raw` is the
    text the fields were read from, cut at `LONGEST_RAW` characters. `extras` holds all other fields as text.
    """

    tool: str
    prompt: str | None = None
    negative_prompt: str | None = None
    seed: int | None = None
    steps: int | None = None
    guidance_scale: float | None = None
    sampler: str | None = None
    sampler_name: str | None = None
    schedule: str | None = None
    size: tuple[int, int] | None = None
    model: str | None = None
    model_hash: str | None = None
    denoising_strength: float | None = None
    version: str | None = None
    raw: str = ""
    extras: tuple[tuple[str, str], ...] = ()
    notes: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        for name in (
            "prompt",
            "negative_prompt",
            "sampler",
            "sampler_name",
            "schedule",
            "model",
            "model_hash",
            "version",
        ):
            object.__setattr__(self, name, _safe_text(getattr(self, name), LONGEST_FIELD))
        if len(self.raw) > LONGEST_RAW:
            object.__setattr__(self, "notes", (*self.notes, f"raw text cut at {LONGEST_RAW} characters"))
        object.__setattr__(self, "raw", _safe_text(self.raw, LONGEST_RAW))
        object.__setattr__(self, "seed", _in_range(self.seed, 0, LARGEST_SEED))
        object.__setattr__(self, "steps", _in_range(self.steps, 1, 1_000_000))
        object.__setattr__(self, "size", _safe_size(self.size))
        object.__setattr__(self, "guidance_scale", _finite(self.guidance_scale))
        object.__setattr__(self, "denoising_strength", _finite(self.denoising_strength))
        extras = tuple((_safe(name, 200), _safe(value, LONGEST_EXTRA)) for name, value in self.extras[:MOST_EXTRAS])
        object.__setattr__(self, "extras", extras)

    def to_json(self) -> dict[str, object]:
        """The fields as plain JSON values; what the file does not say is left out."""
        fields: dict[str, object] = {
            "tool": self.tool,
            "prompt": self.prompt,
            "negative_prompt": self.negative_prompt,
            "seed": self.seed,
            "steps": self.steps,
            "guidance_scale": self.guidance_scale,
            "sampler": self.sampler,
            "sampler_name": self.sampler_name,
            "schedule": self.schedule,
            "width": None if self.size is None else self.size[0],
            "height": None if self.size is None else self.size[1],
            "model": self.model,
            "model_hash": self.model_hash,
            "denoising_strength": self.denoising_strength,
            "version": self.version,
            "extras": dict(self.extras) or None,
            "notes": list(self.notes) or None,
        }
        return {name: value for name, value in fields.items() if value is not None}


class Reader(Protocol):
    """Reads one tool's metadata: None where the texts are not that tool's. It never raises for any texts."""

    def __call__(self, found: PictureTexts, /) -> ForeignMetadata | None:
        """What the tool wrote, or None."""
        ...


def _safe(text: str, longest: int) -> str:
    return text[:longest].encode("utf-8", "replace").decode("utf-8").replace("\0", "\N{REPLACEMENT CHARACTER}")


def _safe_text(text: str | None, longest: int) -> str | None:
    return None if text is None else _safe(text, longest)


def _in_range(value: int | None, least: int, most: int) -> int | None:
    return value if value is not None and least <= value <= most else None


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _safe_size(size: tuple[int, int] | None) -> tuple[int, int] | None:
    if size is None or not all(1 <= side <= LARGEST_SIDE_PX for side in size):
        return None
    return size
