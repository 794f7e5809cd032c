"""One good request for each provider, and what its answer holds, for tests that break something else."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import httpx

from renderlock.testing.server import Server

GRAPH: dict[str, dict[str, object]] = {
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "sd15.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 128, "height": 128, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": "a red apple", "clip": ["4", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "", "clip": ["4", 1]}},
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 5,
            "steps": 2,
            "cfg": 4,
            "sampler_name": "euler",
            "scheduler": "normal",
            "denoise": 1.0,
            "model": ["4", 0],
            "positive": ["6", 0],
            "negative": ["7", 0],
            "latent_image": ["5", 0],
        },
    },
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "9": {"class_type": "SaveImage", "inputs": {"filename_prefix": "x", "images": ["8", 0]}},
}


@dataclass(frozen=True)
class Asking:
    """How a provider is asked: path, body, authorization, and where the first picture is in its answer."""

    path: str
    body: Mapping[str, object]
    headers: Callable[[str], Mapping[str, str]]
    picture: Callable[[httpx.Response], bytes] = field(repr=False)

    def ask(self, server: Server, **changes: object) -> httpx.Response:
        """The answer to the good request, with top-level fields changed."""
        url, headers = f"{server.url}{self.path}", self.headers(server.key)
        return httpx.post(url, headers=headers, json={**self.body, **changes}, timeout=20)


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def _google(key: str) -> dict[str, str]:
    return {"x-goog-api-key": key}


def _gemini_picture(answer: httpx.Response) -> bytes:
    parts = answer.json()["candidates"][0]["content"]["parts"]
    return base64.b64decode(next(part["inlineData"]["data"] for part in parts if "inlineData" in part), validate=True)


def _linked(answer: httpx.Response) -> bytes:
    return httpx.get(answer.json()["data"][0]["url"]).content


ASKINGS = {
    "ideogram": Asking(
        "/generate",
        {"image_request": {"prompt": "a red apple", "seed": 7, "magic_prompt_option": "OFF"}},
        lambda key: {"Api-Key": key},
        _linked,
    ),
    "imagen": Asking(
        "/v1beta/models/imagen-4.0-generate-001:predict",
        {"instances": [{"prompt": "a red apple"}], "parameters": {"sampleCount": 1}},
        _google,
        lambda answer: base64.b64decode(answer.json()["predictions"][0]["bytesBase64Encoded"], validate=True),
    ),
    "gemini": Asking(
        "/v1beta/models/gemini-2.5-flash-image:generateContent",
        {"contents": [{"parts": [{"text": "a red apple"}]}]},
        _google,
        _gemini_picture,
    ),
    "openai": Asking(
        "/v1/images/generations",
        {"model": "gpt-image-2", "prompt": "a red apple", "size": "512x512"},
        _bearer,
        lambda answer: base64.b64decode(answer.json()["data"][0]["b64_json"], validate=True),
    ),
    "sglang": Asking(
        "/v1/images/generations", {"prompt": "a red apple", "size": "256x256", "seed": 3}, lambda key: {}, _linked
    ),
    "automatic1111": Asking(
        "/sdapi/v1/txt2img",
        {"prompt": "a red apple", "seed": 3, "steps": 2, "width": 128, "height": 128},
        lambda key: {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"},
        lambda answer: base64.b64decode(answer.json()["images"][0], validate=True),
    ),
    "comfyui": Asking("/prompt", {"prompt": GRAPH}, lambda key: {}, lambda answer: b""),
}
"""Every provider's good request; ComfyUI answers before its picture is there."""

ANSWERING = tuple(name for name in ASKINGS if name != "comfyui")
"""The providers whose answer to the request holds the picture, or the link to it."""
