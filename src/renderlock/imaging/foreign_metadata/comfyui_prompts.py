"""The prompts of one sampling pass of a ComfyUI graph: from its conditioning back to the texts that were encoded."""

from __future__ import annotations

from renderlock.imaging.foreign_metadata.comfyui_graph import (
    MOST_VISITS,
    Graph,
    Link,
    Node,
    number_at,
    text_at,
    upstream,
)

_ENCODED = ("text", "t5xxl", "text_g", "clip_g", "prompt", "text_l", "clip_l", "llama", "qwen25_7b", "string")
"""Inputs of text encoders, the one that holds the whole prompt before those that hold a part of it."""

_NOT_CONDITIONING = frozenset(
    ("model", "clip", "vae", "control_net", "clip_vision", "image", "pixels", "mask", "latent", "samples", "noise_mask")
)
_DEEPEST = 100

Extras = tuple[tuple[str, str], ...]


def prompts_of(graph: Graph, sampler: Node) -> tuple[str | None, str | None, Extras]:
    """Prompt, negative prompt and what else the conditioning says (second texts, distilled guidance)."""
    positive, negative = _conditioning_links(graph, sampler)
    texts = _Texts(graph)
    prompt = texts.join(positive, "positive") if positive else None
    # Without a negative conditioning (FLUX's BasicGuider) there is no negative prompt, which is not "not known".
    negative_prompt = texts.join(negative, "negative") if negative else ("" if positive else None)
    extras = [("second prompt", text) for text in texts.seconds if text not in (prompt, negative_prompt)]
    guidance = _distilled_guidance(graph, positive)
    if guidance is not None:
        extras.append(("distilled guidance", str(guidance)))
    return prompt, negative_prompt, tuple(extras)


def _conditioning_links(graph: Graph, sampler: Node) -> tuple[Link | None, Link | None]:
    """The links to the positive and the negative conditioning, the sampler's own or its guider's."""
    guider = graph.get(sampler.links["guider"].node) if "guider" in sampler.links else None
    node = sampler if guider is None else guider
    positive = next((node.links[name] for name in ("positive", "conditioning", "cond1") if name in node.links), None)
    return positive, node.links.get("negative")


def _distilled_guidance(graph: Graph, start: Link | None) -> object:
    nodes = upstream(graph, start, _conditioning_inputs) if start else ()
    return next((value for node, _ in nodes if (value := number_at(graph, node, "guidance")) is not None), None)


class _Texts:
    """Collects the encoded texts above a conditioning, each node visited once."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.seconds: list[str] = []
        self._visits = MOST_VISITS

    def join(self, start: Link, role: str) -> str | None:
        """All texts above `start`, a line each; None where no text was found, empty where it was zeroed out."""
        found: list[str] = []
        self._walk(start, role, found, frozenset())
        return "\n".join(dict.fromkeys(text for text in found if text)) if found else None

    def _walk(self, link: Link, role: str, found: list[str], inside: frozenset[str]) -> None:
        self._visits -= 1
        node = self.graph.get(link.node)
        if node is None or self._visits < 0 or node.key in inside or len(inside) > _DEEPEST:
            return
        if "zeroout" in node.kind.lower():
            found.append("")
            return
        if self._encoded(node, found):
            return
        inside |= {node.key}
        both = {"positive", "negative"}
        if both & node.links.keys() or both & node.literals.keys():
            self._walk_pair(node, link, role, found, inside)
            return
        for name in _conditioning_inputs(node):
            self._walk(node.links[name], role, found, inside)

    def _walk_pair(self, node: Node, link: Link, role: str, found: list[str], inside: frozenset[str]) -> None:
        """Follows a node that carries both conditionings: ControlNet and inpainting pass them on, loaders make them."""
        literal = node.literals.get(role)
        if isinstance(literal, str):
            found.append(literal)
            return
        source = self.graph.get(node.links[role].node) if role in node.links else None
        text = None if source is None or source.links else text_at(self.graph, node, role)
        if text is not None:
            found.append(text)
        elif _role(link, role) in node.links:
            self._walk(node.links[_role(link, role)], role, found, inside)

    def _encoded(self, node: Node, found: list[str]) -> bool:
        """Takes the texts of a text encoder; False where the node is none."""
        is_encoder = "clip" in node.links or "textencode" in node.kind.lower().replace(" ", "")
        names = [name for name in _ENCODED if name in node.literals or name in node.links]
        if not is_encoder or not names:
            return False
        texts = [text for name in names if (text := text_at(self.graph, node, name)) is not None]
        main = next((text for text in texts if text.strip()), texts[0] if texts else "")
        found.append(main)
        self.seconds.extend(text for text in texts if text.strip() and text != main and text not in self.seconds)
        return True


def _role(link: Link, role: str) -> str:
    """Nodes that carry both conditionings give the positive one first; later slots hold latents or pipes."""
    return {0: "positive", 1: "negative"}.get(link.slot, role)


def _conditioning_inputs(node: Node) -> list[str]:
    return [name for name in node.links if name not in _NOT_CONDITIONING]
