"""What a ComfyUI server tells about itself and its queue; nothing here makes a picture."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from renderlock.engines.hosted.channel import Channel
from renderlock.engines.hosted.wire import Json, Part, WireRequest
from renderlock.errors import HostedError
from renderlock.imaging.pixels import Pixels, digest_pixels, encode_png
from renderlock.spec.fields import JsonObject

FOLDERS = {
    "ckpt_name": "checkpoints",
    "unet_name": "diffusion_models",
    "vae_name": "vae",
    "lora_name": "loras",
    "control_net_name": "controlnet",
    "style_model_name": "style_models",
    "model_name": "upscale_models",
}
"""The folder of a model file by the name of the input that names it; text encoders have several such inputs."""
_HASH_KEYS = ("modelspec.hash_sha256", "sshs_model_hash")


@dataclass(frozen=True)
class Job:
    """What became of a prompt: the files of its outputs, or the error and whether somebody stopped it."""

    files: tuple[Mapping[str, str], ...]
    error: Json | None
    interrupted: bool


@dataclass(frozen=True)
class Server:
    """Asks a server."""

    channel: Channel

    def input_choices(self, node_class: str, name: str) -> Json:
        """The rule of an input of a node class, as `/object_info` has it."""
        found = self._get(f"/object_info/{node_class}").at(node_class).at("input")
        for group in ("required", "optional"):
            if found.at(group) and (rule := found.at(group).at(name)):
                return rule
        raise found.wrong(f"an object that has the input {name}")

    def has(self, node_class: str) -> bool:
        """Whether the server has a node class."""
        return bool(self._get(f"/object_info/{node_class}").at(node_class))

    def version(self) -> str:
        """ComfyUI's version."""
        return self._get("/system_stats").at("system").at("comfyui_version").text("unknown")

    def evidence(self, name: str, file: str) -> tuple[str, str]:
        """What the server says that proves a model file: its kind and a value; its name where it says nothing more."""
        for kind, found in (("asset hash", self._asset_hash(file)), ("header hash", self._header_hash(name, file))):
            if found:
                return kind, found
        return "name only", file

    def job(self, prompt_id: str) -> Job | None:
        """What became of a prompt, None while it waits, runs or is unknown."""
        entry = self._get(f"/history/{prompt_id}").at(prompt_id)
        if not entry:
            return None
        status = entry.at("status")
        messages = [message.items() for message in status.at("messages").items()]
        said = {message[0].text(): message[1] for message in messages if len(message) == 2}
        failed = status.at("status_str").text("success") != "success" or not status.at("completed").truth(default=True)
        stopped = "execution_interrupted" in said
        error = said.get("execution_error", status) if failed and not stopped else None
        return Job(_files(entry.at("outputs")), error, stopped)

    def is_queued(self, prompt_id: str) -> bool:
        """Whether a prompt waits or runs."""
        queue = self._get("/queue")
        entries = [*queue.at("queue_running").items(), *queue.at("queue_pending").items()]
        return any(len(entry.items()) > 1 and entry.items()[1].value == prompt_id for entry in entries)

    def stop(self, prompt_id: str) -> None:
        """Takes a prompt out of the queue and interrupts it where it runs; other prompts go on."""
        self._post("/queue", {"delete": [prompt_id]})
        self._post("/interrupt", {"prompt_id": prompt_id})

    def free(self) -> None:
        """Lets the server unload its models, as the only way back after it ran out of memory."""
        self._post("/free", {"unload_models": True, "free_memory": True})

    def upload(self, pixels: Pixels) -> str:
        """Hands over an init picture and gives the name that workflows load it by."""
        name = f"renderlock-{digest_pixels(pixels)[:24]}.png"
        picture = Part("image", encode_png(pixels, {}), "image/png", name)
        request = WireRequest("/upload/image", parts=(Part.text("overwrite", "true"), picture))
        answer = self.channel.send(request, billable=False).json(self.channel.model.reference)
        folder = answer.at("subfolder").text("")
        return f"{folder}/{answer.at('name').text()}" if folder else answer.at("name").text()

    def fetch(self, file: Mapping[str, str]) -> bytes:
        """The bytes of an output file."""
        request = WireRequest("/view", method="GET", query=tuple(file.items()))
        return self.channel.send(request, billable=False).body

    def _asset_hash(self, file: str) -> str:
        plain = file.replace("\\", "/").rpartition("/")[2]
        try:
            answer = self._get("/api/assets", (("name_contains", plain), ("limit", "50")))
            for item in answer.at("assets").items():
                if item.at("name").text("") in (file, plain):
                    return item.at("hash").text("") or item.at("asset_hash").text("")
        except HostedError:
            return ""
        return ""

    def _header_hash(self, name: str, file: str) -> str:
        folder = FOLDERS.get(name, "text_encoders" if name.startswith("clip_name") else "")
        if not folder:
            return ""
        try:
            header = self._get(f"/view_metadata/{folder}", (("filename", file),))
            return next((text for key in _HASH_KEYS if (text := header.at(key).text(""))), "")
        except HostedError:
            return ""

    def _get(self, path: str, query: tuple[tuple[str, str], ...] = ()) -> Json:
        request = WireRequest(path, method="GET", query=query)
        return self.channel.send(request, billable=False).json(self.channel.model.reference)

    def _post(self, path: str, body: JsonObject) -> None:
        self.channel.send(WireRequest(path, json=body), billable=False)


def evidence_file(name: str, file: str, evidence: tuple[str, str]) -> tuple[str, str]:
    """A model file for an identity: its path with what proves it, and the SHA-256 of that proof."""
    kind, value = evidence
    folder = FOLDERS.get(name, name)
    return f"{folder}/{file} ({kind})", hashlib.sha256(value.encode()).hexdigest()


def _files(outputs: Json) -> tuple[Mapping[str, str], ...]:
    """The files of all outputs by node id, those to keep before temporary ones."""
    found = []
    for node in sorted(outputs.keys(), key=lambda name: (len(name), name)):
        for image in outputs.at(node).at("images").items():
            names = ("filename", "subfolder", "type")
            found.append({name: image.at(name).text("") for name in names})
    return tuple(sorted(found, key=lambda file: file["type"] != "output"))
