"""What ComfyUI writes: the executed graph under `prompt`, from which the recipe has to be worked out.

Of several sampling passes the first one, which turns noise into a picture, gives seed, prompts, steps, guidance,
sampler and model; the last one, which feeds the saved picture, gives the size; the passes after the first are
listed in the extras. A file with only the editor's graph (`workflow`) is recognised, and its fields stay unknown.
"""

from __future__ import annotations

import re

from renderlock.imaging.foreign_metadata.base import ForeignMetadata, PictureTexts
from renderlock.imaging.foreign_metadata.comfyui_graph import (
    Graph,
    Link,
    Node,
    every_input,
    number_at,
    parse_graph,
    text_at,
    upstream,
)
from renderlock.imaging.foreign_metadata.comfyui_passes import latent_size, passes_of
from renderlock.imaging.foreign_metadata.comfyui_prompts import prompts_of
from renderlock.imaging.foreign_metadata.json_text import number_of, parse_map, whole_of
from renderlock.imaging.foreign_metadata.samplers import canonical_sampler, canonical_schedule

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_MODEL_FILES = ("ckpt_name", "unet_name", "base_ckpt_name", "gguf_name", "model_name", "model", "model_path")
_MODEL_LINKS = ("model", "model1", "model_opt", "base_model", "pipe", "guider", "any", "", "value")


def read_comfyui(found: PictureTexts) -> ForeignMetadata | None:
    """What ComfyUI wrote; None where there is neither an executed graph nor an editor's."""
    text = found.texts.get("prompt", "")
    fields = parse_map(text)
    graph = parse_graph(fields) if fields else {}
    if any(node.kind for node in graph.values()):
        return _from_graph(graph, found.file_name, text)
    workflow = parse_map(found.texts.get("workflow", ""))
    if workflow is None or not isinstance(workflow.get("nodes"), list):
        return None
    return ForeignMetadata(
        tool="comfyui",
        raw=found.texts["workflow"],
        notes=("only the editor's graph is in the file, not the executed one, so its fields are not known",),
    )


def _from_graph(graph: Graph, file_name: str, raw: str) -> ForeignMetadata:
    passes = passes_of(graph, file_name)
    if not passes:
        return _without_sampler(graph, raw)
    first, last = passes[-1], passes[0]
    prompt, negative, extras = prompts_of(graph, first)
    sampler = _setting(graph, first, "sampler_name", "sampler")
    schedule = _setting(graph, first, "scheduler", "sigmas")
    name, own_schedule = canonical_sampler(sampler)
    return ForeignMetadata(
        tool="comfyui",
        prompt=prompt,
        negative_prompt=negative,
        seed=_seed(graph, first),
        steps=whole_of(_number(graph, first, "steps", "sigmas")),
        guidance_scale=_guidance(graph, first, dict(extras).get("distilled guidance")),
        sampler=sampler,
        sampler_name=name,
        schedule=canonical_schedule(schedule) or own_schedule,
        size=latent_size(graph, last),
        model=_model(graph, first),
        denoising_strength=number_of(_number(graph, first, "denoise", "sigmas")),
        raw=raw,
        extras=(*extras, *_loras(graph, first), *_later_passes(graph, passes)),
    )


def _without_sampler(graph: Graph, raw: str) -> ForeignMetadata:
    """What the nodes of a hosted model say, which sample elsewhere: the node with a prompt of its own."""
    node = next((node for node in graph.values() if node.text("prompt") or "prompt" in node.links), None)
    if node is None:
        return ForeignMetadata(tool="comfyui", raw=raw, notes=("the graph has no sampler",))
    return ForeignMetadata(
        tool="comfyui",
        prompt=text_at(graph, node, "prompt"),
        negative_prompt=text_at(graph, node, "negative_prompt"),
        seed=whole_of(number_at(graph, node, "seed")),
        model=node.text(*_MODEL_FILES) or node.kind,
        raw=raw,
        notes=("the graph has no sampler; read from a node with a prompt",),
    )


def _setting(graph: Graph, sampler: Node, name: str, through: str) -> str | None:
    """A text setting of the sampler itself, or of the nodes linked to its input `through`."""
    if name in sampler.literals or name in sampler.links:
        return text_at(graph, sampler, name)
    link = sampler.links.get(through)
    nodes = [node for node, _ in upstream(graph, link, every_input)] if link else []
    found = next((node for node in nodes if name in node.literals or name in node.links), None)
    if found is not None:
        return text_at(graph, found, name)
    # Nodes of one sampler or schedule only say which in their class: SamplerEulerAncestral, KarrasScheduler.
    words = _CAMEL.sub(" ", nodes[0].kind) if nodes else ""
    return words.removeprefix("Sampler").removesuffix("Scheduler").strip(" _") or None


def _number(graph: Graph, sampler: Node, name: str, through: str) -> object:
    """A number of the sampler itself, or of the nearest node with it above its input `through`."""
    own = number_at(graph, sampler, name)
    link = sampler.links.get(through)
    if own is not None or link is None:
        return own
    for node, _ in upstream(graph, link, every_input):
        if name in node.literals or name in node.links:
            return number_at(graph, node, name)
    return None


def _seed(graph: Graph, sampler: Node) -> int | None:
    own = number_at(graph, sampler, "seed", "noise_seed")
    return whole_of(_number(graph, sampler, "noise_seed", "noise") if own is None else own)


def _guidance(graph: Graph, sampler: Node, distilled: str | None) -> float | None:
    """Classifier-free guidance, or the distilled guidance where the model has only that."""
    own = number_of(_number(graph, sampler, "cfg", "guider"))
    return number_of(distilled) if own is None else own


def _model_link(sampler: Node) -> Link | None:
    return next((sampler.links[name] for name in ("model", "guider", "pipe") if name in sampler.links), None)


def _model_inputs(node: Node) -> list[str]:
    return [name for name in node.links if name in _MODEL_LINKS]


def _model(graph: Graph, sampler: Node) -> str | None:
    link = _model_link(sampler)
    for node, _ in upstream(graph, link, _model_inputs) if link else ():
        for name in _MODEL_FILES:
            if name in node.literals or (name in node.links and name.endswith("_name")):
                return text_at(graph, node, name)
    return None


def _loras(graph: Graph, sampler: Node) -> tuple[tuple[str, str], ...]:
    link = _model_link(sampler)
    nodes = (node for node, _ in (upstream(graph, link, _model_inputs) if link else ()))
    found = [(node.text("lora_name"), node.literals.get("strength_model")) for node in nodes]
    return tuple((f"lora {number}", f"{name}: {strength}") for number, (name, strength) in
                 enumerate((pair for pair in found if pair[0]), 1))  # fmt: skip


def _later_passes(graph: Graph, passes: list[Node]) -> tuple[tuple[str, str], ...]:
    pairs = []
    for number, sampler in enumerate(reversed(passes[:-1]), 2):
        values = {
            "seed": _seed(graph, sampler),
            "steps": _number(graph, sampler, "steps", "sigmas"),
            "cfg": _number(graph, sampler, "cfg", "guider"),
            "sampler": _setting(graph, sampler, "sampler_name", "sampler"),
            "denoise": _number(graph, sampler, "denoise", "sigmas"),
        }
        listed = ", ".join(f"{name}: {value}" for name, value in values.items() if value is not None)
        pairs.append((f"pass {number}", listed))
    return tuple(pairs)
