"""Upscaling networks in ncnn's format, run on the CPU by the plain `ncnn` wheel.

Measured: the same bits on every run and for every number of threads. `ncnn.Mat(array)` keeps a bare pointer to the
array, so every array here is held in a name until the answer is copied; without that the answer is plausible rubbish.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from renderlock.errors import EngineFailed, MissingDependency, ModelUnavailable, OutOfMemory
from renderlock.imaging.pixels import Raster
from renderlock.spec.identity import ModelIdentity
from renderlock.upscalers.base import UpscalerFacts, UpscalerOptions
from renderlock.upscalers.depth import largest_level, levels_of
from renderlock.upscalers.weights import identify_files

try:
    import ncnn
except ImportError as error:
    raise MissingDependency(feature="This upscaler", package="ncnn", extra="upscalers") from error

SURFACE = "ncnn-cpu-1"

Planes = NDArray[np.float32]
"""3 x H x W, 0 to 1."""

_NO_MEMORY = -100


@dataclass(frozen=True)
class NetFiles:
    """A network: its graph, its weights, and the names of its ends.

    `border_px` is what its convolutions without padding take away at each side, in source pixels. `winograd` takes the
    faster convolutions, whose rounding depends on where a patch begins.
    """

    graph: Path
    weights: Path
    enters: str
    leaves: str
    border_px: int = 0
    winograd: bool = True


class NcnnUpscaler:
    """Networks of one family, one for each factor, behind the Upscaler protocol."""

    def __init__(
        self, facts: UpscalerFacts, version: str, nets: Mapping[int, NetFiles], options: UpscalerOptions
    ) -> None:
        self._facts = facts
        self._version = version
        self._files = nets
        self._options = options
        self._loaded: dict[int, ncnn.Net] = {}
        self._loading = threading.Lock()

    @property
    def facts(self) -> UpscalerFacts:
        """The facts of the family."""
        return self._facts

    def identify(self) -> ModelIdentity:
        """Version of the package, and every file's hash."""
        paths = [path for files in self._files.values() for path in (files.graph, files.weights)]
        return identify_files(self._facts.reference, self._version, SURFACE, paths, self._options)

    def enlarge(self, pixels: Raster, factor: int) -> Raster:
        """The patch through the network of that factor."""
        files = self._files[factor]
        border = files.border_px
        # The picture's own rim goes on as its last pixel; inner tile edges bring real context within their halo.
        padded = np.pad(pixels, ((border, border), (border, border), (0, 0)), mode="edge") if border else pixels
        planes = np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.float32)
        planes *= np.float32(1 / largest_level(pixels))
        enlarged = self._run(self._net(factor), files, planes)
        height, width = pixels.shape[:2]
        if enlarged.shape != (3, height * factor, width * factor):
            reason = f"it gave {enlarged.shape} for a patch of {width}x{height}"
            raise EngineFailed(model=self._facts.reference, reason=reason)
        return levels_of(enlarged.transpose(1, 2, 0), pixels)

    def close(self) -> None:
        """Lets go of the networks."""
        with self._loading:
            self._loaded.clear()

    def _run(self, net: ncnn.Net, files: NetFiles, planes: Planes) -> Planes:
        extractor = net.create_extractor()
        extractor.input(files.enters, ncnn.Mat(planes))
        status, answer = extractor.extract(files.leaves)
        if status == _NO_MEMORY:
            side = f"{planes.shape[2]}x{planes.shape[1]}"
            raise OutOfMemory(model=self._facts.reference, reason=f"a patch of {side} pixels does not fit")
        if status != 0:
            raise EngineFailed(model=self._facts.reference, reason=f"ncnn ended with status {status}")
        return np.array(answer, dtype=np.float32)

    def _net(self, factor: int) -> ncnn.Net:
        with self._loading:
            if factor not in self._loaded:
                self._loaded[factor] = _load(self._files[factor], self._facts.reference, self._options.threads)
            return self._loaded[factor]


def _load(files: NetFiles, reference: str, threads: int) -> ncnn.Net:
    net = ncnn.Net()
    net.opt.use_vulkan_compute = False
    net.opt.num_threads = threads
    net.opt.use_winograd_convolution = files.winograd
    # Half precision would give other pixels on processors that have it.
    for option in ("use_fp16_packed", "use_fp16_storage", "use_fp16_arithmetic", "use_bf16_storage"):
        setattr(net.opt, option, False)
    if net.load_param(str(files.graph)) != 0 or net.load_model(str(files.weights)) != 0:
        action = "Install its package again."
        raise ModelUnavailable(model=reference, reason=f"ncnn cannot read {files.weights}", action=action)
    return net
