"""ONNX Runtime behind one small class: loading and running one network, its errors told as ours.

Only `model.py` imports this, and the engine imports that when it first renders: naming, identifying and
describing a model never load ONNX Runtime. A network runs on the thread that calls it and on no other: ONNX
Runtime's own threads split a matrix product differently for each number of threads, and its last bits with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as native

from renderlock.errors import EngineFailed, OutOfMemory

Tensor = NDArray[np.float32] | NDArray[np.int64]

_NATIVE_ERRORS = (
    native.EPFail,
    native.EngineError,
    native.Fail,
    native.InvalidArgument,
    native.InvalidGraph,
    native.InvalidProtobuf,
    native.NotImplemented,
    native.RuntimeException,
)
"""What ONNX Runtime raises; its classes share no base of their own."""

_OUT_OF_MEMORY_SIGNS = ("bad_alloc", "failed to allocate memory", "available memory of")


class Network:
    """One ONNX network on the CPU; may be run from several threads at once."""

    def __init__(self, data: bytes, model: str, *, lean: bool = False) -> None:
        """Loads the network from its bytes; `lean` gives every tensor's memory back as soon as it is done with.

        Raises `EngineFailed` or `OutOfMemory` in the name of `model`.
        """
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.use_deterministic_compute = True
        # A plan is kept for every size ever seen; a process that renders many sizes must not grow with their number.
        options.enable_mem_pattern = False
        options.enable_cpu_mem_arena = not lean
        options.log_severity_level = 4
        self._model = model
        with _told_as_ours(model):
            self._session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])

    def run(self, inputs: Mapping[str, Tensor]) -> list[NDArray[np.float32]]:
        """The network's outputs in its own order; raises `EngineFailed` or `OutOfMemory`."""
        with _told_as_ours(self._model):
            outputs: list[NDArray[np.float32]] = self._session.run(None, dict(inputs))
        return outputs


@contextmanager
def _told_as_ours(model: str) -> Iterator[None]:
    try:
        yield
    except _NATIVE_ERRORS as error:
        text = str(error)
        if any(sign in text.lower() for sign in _OUT_OF_MEMORY_SIGNS):
            raise OutOfMemory(model=model, reason=text) from error
        raise EngineFailed(model=model, reason=text) from error
