"""Stores an ONNX file's weights in eight bits, one scale for each output channel; small ones in 16.

Only storage shrinks. Cast and Mul nodes restore 32-bit weights when the file is loaded (the runtime
folds them into constants), so speed and the order of every sum stay those of the 32-bit network.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

SMALLEST_SIZE = 512
# The first and last convolutions are small and weigh most on the error of the whole.
SIXTEEN_BIT_SIZE = 30_000


def quantize_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """The model with its weights of two or more dimensions stored as int8 and a scale, or float16."""
    graph = model.graph
    channel_axes = _output_axes(graph)
    kept, nodes = [], []
    for initializer in graph.initializer:
        values = numpy_helper.to_array(initializer)
        if not _is_worth_it(values):
            kept.append(initializer)
            continue
        axis = channel_axes.get(initializer.name)
        if axis is None or (axis == 0 and values.size < SIXTEEN_BIT_SIZE):
            half = f"{initializer.name}.half"
            kept.append(numpy_helper.from_array(values.astype(np.float16), half))
            nodes.append(helper.make_node("Cast", [half], [initializer.name], to=TensorProto.FLOAT))
            continue
        levels, scale = to_int8(values, axis)
        name = initializer.name
        kept.append(numpy_helper.from_array(levels, f"{name}.int8"))
        kept.append(numpy_helper.from_array(scale, f"{name}.scale"))
        nodes.append(helper.make_node("Cast", [f"{name}.int8"], [f"{name}.float"], to=TensorProto.FLOAT))
        nodes.append(helper.make_node("Mul", [f"{name}.float", f"{name}.scale"], [name]))
    nodes.extend(graph.node)
    del graph.node[:], graph.initializer[:], graph.value_info[:]
    graph.initializer.extend(kept)
    graph.node.extend(nodes)
    return model


def to_int8(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Levels in [-127, 127] and scales that broadcast over them; each channel's best of 12 scales.

    A scale a little below the largest weight's clips that one and serves the others better; the one
    with the least squared error is taken.
    """
    others = tuple(i for i in range(values.ndim) if i != axis)
    largest = np.abs(values).max(others, keepdims=True).clip(1e-12)
    best_error = np.full(largest.shape, np.inf)
    best_scale = largest / 127
    for shrink in np.linspace(0.78, 1.0, 12):
        scale = largest * shrink / 127
        error = (_restore(values, scale) - values) ** 2
        error = error.sum(others, keepdims=True)
        better = error < best_error
        best_error, best_scale = (
            np.where(better, error, best_error),
            np.where(better, scale, best_scale),
        )
    levels = np.clip(np.round(values / best_scale), -127, 127).astype(np.int8)
    return levels, best_scale.astype(np.float32)


def _restore(values: np.ndarray, scale: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values / scale), -127, 127) * scale


def _is_worth_it(values: np.ndarray) -> bool:
    return values.dtype == np.float32 and values.ndim >= 2 and values.size >= SMALLEST_SIZE


def _output_axes(graph: onnx.GraphProto) -> dict[str, int]:
    """Which axis holds the output channels, for the weights of convolutions and products."""
    axes = {}
    for node in graph.node:
        if node.op_type == "Conv":
            axes[node.input[1]] = 0
        elif node.op_type == "MatMul":
            axes[node.input[1]] = 1
        elif node.op_type == "Gemm":
            transposed = any(a.name == "transB" and a.i for a in node.attribute)
            axes[node.input[1]] = 0 if transposed else 1
    return axes
