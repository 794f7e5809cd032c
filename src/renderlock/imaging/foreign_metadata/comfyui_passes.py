"""Which sampling passes of a ComfyUI graph made the saved picture, in which order, and at which size."""

from __future__ import annotations

from pathlib import PurePosixPath

from renderlock.imaging.foreign_metadata.comfyui_graph import Graph, Link, Node, every_input, number_at, upstream
from renderlock.imaging.foreign_metadata.json_text import number_of, size_of

_LATENTS = ("latent_image", "latent", "samples", "optional_latent", "latents")
_IMAGES = ("images", "image", "pixels")
_SEEDED = {"seed", "noise_seed", "noise"}
_SAMPLING = {"steps", "sigmas", "sampler_name", "sampler", "guider", "positive"}
_UNKNOWN_SCALES = {"upscale_model", "megapixels"}
_MOST_PASSES = 16
_LONGEST_CHAIN = 64


def passes_of(graph: Graph, file_name: str) -> list[Node]:
    """The sampling passes of the saved picture, the last one first; empty where the graph samples nothing."""
    starts = [link for sink in _sinks(graph, file_name) for name in _IMAGES if (link := sink.links.get(name))]
    last = next(
        (node for start in starts for node, _ in upstream(graph, start, every_input) if _is_sampler(node)), None
    )
    if last is None:
        last = _unlinked_sampler(graph)
    passes: list[Node] = []
    while last is not None and last not in passes and len(passes) < _MOST_PASSES:
        passes.append(last)
        last = _pass_before(graph, last)
    return passes


def latent_size(graph: Graph, sampler: Node) -> tuple[int, int] | None:
    """The size in pixels that a pass worked at, from the nodes that made and scaled its latents."""
    scale = 1.0
    link: Link | None = _latent_link(sampler)
    for _ in range(_LONGEST_CHAIN):
        node = graph.get(link.node) if link else None
        if node is None or _UNKNOWN_SCALES & (node.literals.keys() | node.links.keys()):
            return None
        width, height = number_of(number_at(graph, node, "width")), number_of(number_at(graph, node, "height"))
        if width and height:
            return size_of(float(round(width * scale)), float(round(height * scale)))
        scale *= number_of(number_at(graph, node, "scale_by", "upscale_by")) or 1.0
        link = _latent_link(node) or next((node.links[name] for name in _IMAGES if name in node.links), None)
        link = link or next(iter(node.links.values()), None)
    return None


def _sinks(graph: Graph, file_name: str) -> list[Node]:
    """The nodes that may have saved this file, the likeliest first: by its name's beginning, by their class."""
    linked = {link.node for node in graph.values() for link in node.links.values()}
    sinks = [node for node in graph.values() if any(name in node.links for name in _IMAGES)]
    sinks = [node for node in sinks if node.key not in linked or "save" in node.kind.lower()]
    return sorted(sinks, key=lambda node: (not _named_by(node, file_name), "save" not in node.kind.lower()))


def _named_by(node: Node, file_name: str) -> bool:
    prefix = PurePosixPath(node.text("filename_prefix") or "").name
    return bool(prefix) and file_name.startswith(prefix)


def _is_sampler(node: Node) -> bool:
    """Whether the node samples: it takes latents, a seed or noise, and something that says how to sample."""
    inputs = node.literals.keys() | node.links.keys()
    return bool(inputs & _SEEDED and inputs & _SAMPLING) and _latent_link(node) is not None


def _latent_link(node: Node) -> Link | None:
    return next((node.links[name] for name in _LATENTS if name in node.links), None)


def _pass_before(graph: Graph, sampler: Node) -> Node | None:
    """The nearest pass above the latents of `sampler`: directly, or through decoding, scaling and encoding."""
    link = _latent_link(sampler)
    nodes = upstream(graph, link, _picture_inputs) if link else ()
    return next((node for node, _ in nodes if _is_sampler(node)), None)


def _picture_inputs(node: Node) -> list[str]:
    carried = [name for name in node.links if name in (*_LATENTS, *_IMAGES)]
    # Reroutes and custom nodes name their inputs freely; loaders and prompts above them are no samplers anyway.
    return carried or [name for name in node.links if name not in ("model", "clip", "vae", "positive", "negative")]


def _unlinked_sampler(graph: Graph) -> Node | None:
    """A sampler no saving node leads to: the last one that no other sampler takes latents from."""
    samplers = [node for node in graph.values() if _is_sampler(node)]
    earlier = {before.key for node in samplers[:100] if (before := _pass_before(graph, node))}
    return next((node for node in reversed(samplers) if node.key not in earlier), None)
