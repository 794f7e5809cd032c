"""The nodes that the loopback ComfyUI has: what `/object_info` says of them, and what they do to an order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

CHECKPOINTS = ("sd15.safetensors", "sdxl.safetensors")
SAMPLERS = ("euler", "euler_ancestral", "heun", "dpmpp_2m", "dpmpp_2m_sde", "ddim")
SCHEDULERS = ("normal", "karras", "simple", "sgm_uniform")
METHODS = ("nearest-exact", "bilinear", "area", "bicubic", "lanczos")


@dataclass(frozen=True)
class Input:
    """An input of a node: a kind that is linked, or a value with its range or its choices."""

    kind: str
    lowest: float = 0
    highest: float = 0
    choices: tuple[str, ...] = ()
    required: bool = True

    @property
    def is_link(self) -> bool:
        """Whether it takes another node's output."""
        return self.kind.isupper() and self.kind not in ("INT", "FLOAT", "STRING", "COMBO")

    def info(self) -> list[object]:
        """The input as `/object_info` has it."""
        match self.kind:
            case "COMBO":
                return [list(self.choices)]
            case "INT" | "FLOAT":
                return [self.kind, {"min": self.lowest, "max": self.highest}]
            case "STRING":
                return ["STRING", {"multiline": True}]
            case _:
                return [self.kind]


@dataclass(frozen=True)
class Node:
    """A class of nodes."""

    inputs: dict[str, Input]
    outputs: tuple[str, ...]
    is_output: bool = False

    def info(self, name: str) -> dict[str, object]:
        """The node as `/object_info` has it."""
        return {
            "input": {"required": {key: each.info() for key, each in self.inputs.items() if each.required}},
            "output": list(self.outputs),
            "output_is_list": [False] * len(self.outputs),
            "output_name": list(self.outputs),
            "name": name,
            "display_name": name,
            "description": "",
            "python_module": "nodes",
            "category": "sd",
            "output_node": self.is_output,
        }


def _whole(lowest: int, highest: int) -> Input:
    return Input("INT", lowest, highest)


SEED = _whole(0, 2**64 - 1)
SIDE = _whole(16, 16_384)

NODES: dict[str, Node] = {
    "CheckpointLoaderSimple": Node({"ckpt_name": Input("COMBO", choices=CHECKPOINTS)}, ("MODEL", "CLIP", "VAE")),
    "CLIPTextEncode": Node({"text": Input("STRING"), "clip": Input("CLIP")}, ("CONDITIONING",)),
    "EmptyLatentImage": Node({"width": SIDE, "height": SIDE, "batch_size": _whole(1, 4096)}, ("LATENT",)),
    "LoadImage": Node({"image": Input("STRING")}, ("IMAGE", "MASK")),
    "ImageScale": Node(
        {
            "image": Input("IMAGE"),
            "upscale_method": Input("COMBO", choices=METHODS),
            "width": SIDE,
            "height": SIDE,
            "crop": Input("COMBO", choices=("disabled", "center")),
        },
        ("IMAGE",),
    ),
    "VAEEncode": Node({"pixels": Input("IMAGE"), "vae": Input("VAE")}, ("LATENT",)),
    "KSampler": Node(
        {
            "model": Input("MODEL"),
            "seed": SEED,
            "steps": _whole(1, 10_000),
            "cfg": Input("FLOAT", 0, 100),
            "sampler_name": Input("COMBO", choices=SAMPLERS),
            "scheduler": Input("COMBO", choices=SCHEDULERS),
            "positive": Input("CONDITIONING"),
            "negative": Input("CONDITIONING"),
            "latent_image": Input("LATENT"),
            "denoise": Input("FLOAT", 0, 1),
        },
        ("LATENT",),
    ),
    "VAEDecode": Node({"samples": Input("LATENT"), "vae": Input("VAE")}, ("IMAGE",)),
    "SaveImage": Node({"images": Input("IMAGE"), "filename_prefix": Input("STRING")}, (), is_output=True),
    "PreviewImage": Node({"images": Input("IMAGE")}, (), is_output=True),
}

Problem = dict[str, object]
Kind = Literal["required_input_missing", "value_not_in_list", "bad_linked_input", "invalid_input_type"]


def problem(kind: str, message: str, details: str) -> Problem:
    """A problem as ComfyUI writes it."""
    return {"type": kind, "message": message, "details": details, "extra_info": {}}
