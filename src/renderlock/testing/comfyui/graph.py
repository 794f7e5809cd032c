"""Workflows in API format: validated as ComfyUI does, then walked from an output back to what it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from renderlock.imaging.pixels import Pixels, fit_to
from renderlock.spec.recipe import Size
from renderlock.testing.comfyui.nodes import NODES, Input, Problem, problem
from renderlock.testing.pictures import Order

Graph = Mapping[str, Mapping[str, object]]
BAD_LINK = "Bad linked input, must be a length-2 list of [node_id, slot_index]"


class Refusal(Exception):
    """A workflow that is not taken: the error, and the problems by node."""

    def __init__(self, error: Problem, nodes: dict[str, object]) -> None:
        self.error = error
        self.nodes = nodes
        super().__init__(error["message"])


def validate(prompt: object) -> tuple[Graph, list[str]]:
    """The graph and the ids of its output nodes; raises `Refusal`."""
    if not isinstance(prompt, dict) or not all(isinstance(node, dict) for node in prompt.values()):
        raise Refusal(problem("invalid_prompt", "The prompt is not a graph in API format", ""), {})
    for name, node in prompt.items():
        kind = node.get("class_type")
        if not isinstance(kind, str) or kind not in NODES:
            details = f"Node ID '#{name}'"
            raise Refusal(problem("missing_node_type", f"Node '{kind}' not found.", details), {})
    outputs = [name for name, node in prompt.items() if NODES[node["class_type"]].is_output]
    if not outputs:
        raise Refusal(problem("prompt_no_outputs", "Prompt has no outputs", ""), {})
    wrong = {name: errors for name, node in prompt.items() if (errors := _problems(node, prompt))}
    if wrong:
        error = problem("prompt_outputs_failed_validation", "Prompt outputs failed validation", "")
        raise Refusal(error, {name: node_errors(prompt[name], errors, outputs) for name, errors in wrong.items()})
    _refuse_cycles(prompt)
    return prompt, outputs


def node_errors(node: Mapping[str, object], errors: list[Problem], outputs: list[str]) -> dict[str, object]:
    """A node's problems as ComfyUI writes them."""
    return {"errors": errors, "dependent_outputs": outputs, "class_type": node["class_type"]}


def _problems(node: Mapping[str, object], graph: Graph) -> list[Problem]:
    known = NODES[str(node["class_type"])].inputs
    given = node.get("inputs")
    given = given if isinstance(given, dict) else {}
    found = [problem("extra_input", "Unknown input", name) for name in given.keys() - known.keys()]
    for name, rule in known.items():
        if name not in given:
            found.append(problem("required_input_missing", "Required input is missing", name))
        elif trouble := _value_problem(name, rule, given[name], graph):
            found.append(trouble)
    return found


def _value_problem(name: str, rule: Input, value: object, graph: Graph) -> Problem | None:
    if isinstance(value, list):
        source = graph.get(str(value[0])) if len(value) == 2 else None
        if source is None or not isinstance(value[1], int):
            return problem(
                "bad_linked_input", "Bad linked input, must be a length-2 list of [node_id, slot_index]", name
            )
        outputs = NODES[str(source["class_type"])].outputs
        if value[1] >= len(outputs) or (rule.is_link and outputs[value[1]] != rule.kind):
            return problem("return_type_mismatch", "Return type mismatch between linked nodes", name)
        return None
    if rule.is_link:
        return problem("bad_linked_input", BAD_LINK, name)
    if rule.kind == "COMBO" and value not in rule.choices:
        return problem("value_not_in_list", "Value not in list", f"{name}: {value!r} not in {list(rule.choices)}")
    if rule.kind == "STRING" and not isinstance(value, str):
        return problem("invalid_input_type", "Failed to convert an input value to a STRING value", name)
    if rule.kind in ("INT", "FLOAT"):
        return _number_problem(name, rule, value)
    return None


def _number_problem(name: str, rule: Input, value: object) -> Problem | None:
    legal = (int,) if rule.kind == "INT" else (int, float)
    if not isinstance(value, legal) or isinstance(value, bool):
        return problem("invalid_input_type", f"Failed to convert an input value to a {rule.kind} value", name)
    if value < rule.lowest:
        return problem("value_smaller_than_min", f"Value {value} smaller than min of {rule.lowest}", name)
    if value > rule.highest:
        return problem("value_bigger_than_max", f"Value {value} bigger than max of {rule.highest}", name)
    return None


def _refuse_cycles(graph: Graph) -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            error = problem("dependency_cycle", "Dependency cycle detected", " -> ".join((*path, name)))
            raise Refusal(error, {})
        if name in done:
            return
        for source in sources(graph, name):
            visit(source, (*path, name))
        done.add(name)

    for name in graph:
        visit(name, ())


def sources(graph: Graph, name: str) -> list[str]:
    """The nodes that a node takes something from."""
    inputs = graph[name].get("inputs")
    values = inputs.values() if isinstance(inputs, dict) else ()
    return [str(value[0]) for value in values if isinstance(value, list) and str(value[0]) in graph]


@dataclass(frozen=True)
class Walk:
    """Reads orders out of a graph; `pictures` are the uploaded files by name."""

    graph: Graph
    pictures: Mapping[str, Pixels]

    def order(self, output: str) -> Order:
        """The order behind an output node."""
        return self._image(self._link(output, "images"))

    def steps(self, output: str) -> int:
        """The steps of the sampler behind an output node; 1 where there is none."""
        name = output
        while found := sources(self.graph, name):
            name = found[0]
            if self.graph[name]["class_type"] == "KSampler":
                return self._whole(name, "steps")
            if self.graph[name]["class_type"] == "VAEDecode":
                name = self._link(name, "samples")
                return self._whole(name, "steps") if self.graph[name]["class_type"] == "KSampler" else 1
        return 1

    def _image(self, name: str) -> Order:
        match self.graph[name]["class_type"]:
            case "VAEDecode":
                return self._latent(self._link(name, "samples"))
            case "LoadImage":
                pixels = self.pictures[str(self._value(name, "image"))]
                return Order("", 0, Size(pixels.shape[1], pixels.shape[0]), init=pixels, enlarge=True)
            case "ImageScale":
                size = Size(self._whole(name, "width"), self._whole(name, "height"))
                inner = self._image(self._link(name, "image"))
                if inner.init is None:
                    return replace(inner, size=size)
                return replace(inner, size=size, init=fit_to(inner.init, size.width, size.height))
        raise AssertionError(f"{self.graph[name]['class_type']} gives no image")

    def _latent(self, name: str) -> Order:
        match self.graph[name]["class_type"]:
            case "EmptyLatentImage":
                return Order("", 0, Size(self._whole(name, "width"), self._whole(name, "height")))
            case "VAEEncode":
                return self._image(self._link(name, "pixels"))
            case "KSampler":
                inner = self._latent(self._link(name, "latent_image"))
                prompt = str(self._value(self._link(name, "positive"), "text"))
                unwanted = str(self._value(self._link(name, "negative"), "text"))
                guidance, denoise = self._number(name, "cfg"), self._number(name, "denoise")
                sampled = replace(inner, prompt=prompt, negative_prompt=unwanted, guidance_scale=guidance)
                return replace(sampled, seed=self._whole(name, "seed"), strength=denoise, enlarge=False)
        raise AssertionError(f"{self.graph[name]['class_type']} gives no latent")

    def _value(self, name: str, key: str) -> object:
        inputs = self.graph[name]["inputs"]
        assert isinstance(inputs, dict)
        return inputs[key]

    def _link(self, name: str, key: str) -> str:
        value = self._value(name, key)
        assert isinstance(value, list)
        return str(value[0])

    def _whole(self, name: str, key: str) -> int:
        value = self._value(name, key)
        assert isinstance(value, int)
        return value

    def _number(self, name: str, key: str) -> float:
        value = self._value(name, key)
        assert isinstance(value, int | float)
        return float(value)

    def missing_pictures(self) -> list[str]:
        """The pictures that the graph loads and nobody uploaded."""
        loading = [name for name, node in self.graph.items() if node["class_type"] == "LoadImage"]
        return [file for name in loading if (file := str(self._value(name, "image"))) not in self.pictures]
