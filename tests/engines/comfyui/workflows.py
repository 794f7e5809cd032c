"""Workflows with placeholders, written into a folder."""

from __future__ import annotations

import json
from pathlib import Path

TEXT_TO_IMAGE: dict[str, dict[str, object]] = {
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15.safetensors"}},
    "5": {
        "class_type": "EmptyLatentImage",
        "inputs": {"width": "{{width=128}}", "height": "{{height=128}}", "batch_size": 1},
    },
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "{{prompt}}, studio light", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "{{negative_prompt}}", "clip": ["4", 1]}},
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": "{{seed}}",
            "steps": "{{steps=4}}",
            "cfg": "{{guidance_scale=6.5}}",
            "sampler_name": "{{sampler=dpmpp_2m}}",
            "scheduler": "normal",
            "denoise": 1.0,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "renderlock", "images": ["8", 0]}},
}

IMAGE_TO_IMAGE: dict[str, dict[str, object]] = {
    **{name: node for name, node in TEXT_TO_IMAGE.items() if name not in ("3", "5")},
    "1": {"class_type": "LoadImage", "inputs": {"image": "{{init}}"}},
    "2": {
        "class_type": "ImageScale",
        "inputs": {
            "image": ["1", 0],
            "upscale_method": "lanczos",
            "width": "{{width=128}}",
            "height": "{{height=128}}",
            "crop": "disabled",
        },
    },
    "5": {"class_type": "VAEEncode", "inputs": {"pixels": ["2", 0], "vae": ["4", 2]}},
    "3": {
        "class_type": "KSampler",
        "inputs": {**dict(TEXT_TO_IMAGE["3"]["inputs"]), "denoise": "{{strength}}"},  # type: ignore[call-overload]  # a dict
    },
}


def written(folder: Path, graph: object, name: str = "workflow.json") -> Path:
    """The file that holds a graph."""
    path = folder / name
    path.write_text(json.dumps(graph))
    return path
