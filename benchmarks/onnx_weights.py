"""Weights of an ONNX file under the names the training code gives its parameters.

The exporter keeps most names, but stores the weight of a linear layer transposed or as a convolution's, and
the gain of a normalisation cast, all under a number. The weight is found through the bias beside it, the gain
through the name of the node that multiplies by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

FOLDED = ("Cast", "DequantizeLinear", "Identity", "Mul", "Reshape", "Sub", "Transpose")
"""What an exporter may put between a stored weight and its use."""

Arrays = dict[str, NDArray[np.float32]]


class Node(Protocol):
    """What is read of an ONNX node."""

    name: str
    op_type: str
    input: Sequence[str]
    output: Sequence[str]


def read_parameters(path: Path) -> Arrays:
    """The parameters in `path` by their training names, as the arithmetic sees them; needs the package `onnx`."""
    onnx = import_module("onnx")
    graph = onnx.load(path).graph
    stored = {tensor.name: onnx.numpy_helper.to_array(tensor) for tensor in graph.initializer}
    constants = _fold_constants(graph.node, stored)
    named = {name: array for name, array in constants.items() if "::" not in name and not name.startswith("/")}
    return {**named, **_linear_weights(graph.node, constants), **_gains(graph.node, constants)}


def _fold_constants(nodes: Sequence[Node], stored: Arrays) -> Arrays:
    """Every value that does not depend on the inputs; a stored weight's own name goes to its final form."""
    reference = import_module("onnx.reference")
    constants = dict(stored)
    stored_as = {name: name for name in constants}
    for node in nodes:
        sources = [name for name in node.input if name]
        if node.op_type not in FOLDED or not sources or any(name not in constants for name in sources):
            continue
        (result,) = reference.ReferenceEvaluator(node).run(None, {name: constants[name] for name in sources})
        origin = stored_as.get(sources[0], sources[0])
        stored_as[node.output[0]] = origin
        constants[node.output[0]] = result
        if node.op_type != "Transpose":
            constants[origin] = result
    return constants


def _linear_weights(nodes: Sequence[Node], constants: Arrays) -> Arrays:
    """Weights of linear layers, (out, in) or (out, in, 1), by the name of the bias beside them."""
    products = {
        node.output[0]: constants[node.input[1]]
        for node in nodes
        if node.op_type == "MatMul" and node.input[1] in constants
    }
    weights: Arrays = {}
    for node in nodes:
        factors = [products[name] for name in node.input if name in products]
        biases = [name for name in node.input if name.endswith("bias")]
        if node.op_type == "Add" and factors and biases:
            weights[biases[0].removesuffix("bias") + "weight"] = factors[0].T
        if node.op_type == "Conv" and node.input[1] in constants and len(node.input) > 2:
            weights[node.input[2].removesuffix("bias") + "weight"] = constants[node.input[1]]
    return weights


def _gains(nodes: Sequence[Node], constants: Arrays) -> Arrays:
    """Gains a channel, (C, 1, 1), by the module whose node multiplies by them: `/coarse.0/norm_in/Mul_2`."""
    gains: Arrays = {}
    for node in nodes:
        factors = [constants[name] for name in node.input if name in constants and constants[name].ndim >= 3]
        if node.op_type == "Mul" and factors:
            module = ".".join(node.name.strip("/").split("/")[:-1])
            gains[f"{module}.gain"] = factors[0]
    return gains
