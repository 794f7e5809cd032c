"""Any model file that spandrel knows the architecture of: ESRGAN, SwinIR, HAT, SPAN, Compact and some forty more.

Nothing is known about what such a file was trained for, so it counts as one that invents detail, and the gate looks at
it as such.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from renderlock.errors import EngineFailed, MissingDependency, ModelUnavailable, NotCapable, OutOfMemory, UnknownName
from renderlock.imaging.pixels import Raster
from renderlock.spec.identity import ModelIdentity
from renderlock.upscalers.base import Detail, UpscalerFacts, UpscalerOptions
from renderlock.upscalers.depth import levels_of, shares_of
from renderlock.upscalers.spandrel_import import import_spandrel
from renderlock.upscalers.weights import identify_files

try:
    import torch
except ImportError as error:
    raise MissingDependency(feature="A model file", package="torch", extra="local") from error

from renderlock.upscalers.torch_device import pick_device

if TYPE_CHECKING:
    from spandrel import ImageModelDescriptor

SPANDREL = import_spandrel()
SURFACE = "torch-spandrel-1"
ENDINGS = (".safetensors", ".pth", ".pt", ".ckpt")

HALO_PX = 32
"""More than any convolutional network in use needs; transformers see further, hence the tolerance."""


class ModelFile:
    """A model file in torch, by spandrel."""

    def __init__(self, path: Path, options: UpscalerOptions) -> None:
        self._path = path
        self._options = options
        self._device = pick_device(options.device)

    @property
    def facts(self) -> UpscalerFacts:
        """The facts that the file's architecture tells; reads the file."""
        network = self._network
        multiple = network.size_requirements.multiple_of
        align = multiple if multiple <= HALO_PX else 1
        return UpscalerFacts(
            reference=f"spandrel:{self._path.name}",
            summary=f"{network.architecture.name}, from a file of yours",
            scales=(network.scale,),
            halo_px=-(-HALO_PX // align) * align,
            detail=Detail.INVENTED,
            licence="the file's own",
            weights_from="a file of yours",
            tolerance_levels=24,
            align_px=align,
            multiple=multiple,
            tile_px=192,
            takes_16_bits=True,
        )

    def identify(self) -> ModelIdentity:
        """The file by its hash."""
        reference = f"spandrel:{self._path.name}"
        return identify_files(reference, SPANDREL.__version__, SURFACE, [self._path], self._options)

    def enlarge(self, pixels: Raster, factor: int) -> Raster:
        """The patch through the network."""
        if factor != self._network.scale:
            raise NotCapable(model=self._path.name, listing=f"  it enlarges {self._network.scale} times, not {factor}")
        planes = torch.from_numpy(np.ascontiguousarray(shares_of(pixels).transpose(2, 0, 1))).to(self._device)
        threads = torch.get_num_threads()
        torch.set_num_threads(self._options.threads)
        try:
            with torch.inference_mode():
                answer = self._network(planes[None])[0]
        except (torch.OutOfMemoryError, MemoryError) as error:
            size = f"{pixels.shape[1]}x{pixels.shape[0]}"
            raise OutOfMemory(model=self._path.name, reason=f"a patch of {size} pixels does not fit") from error
        except RuntimeError as error:
            raise EngineFailed(model=self._path.name, reason=error) from error
        finally:
            torch.set_num_threads(threads)
        return levels_of(answer.permute(1, 2, 0).cpu().numpy(), pixels)

    def close(self) -> None:
        """Lets go of the weights."""
        self.__dict__.pop("_network", None)

    @cached_property
    def _network(self) -> ImageModelDescriptor:
        action = f"Give a file of an upscaling network ({', '.join(ENDINGS)}) that spandrel knows."
        try:
            network = SPANDREL.ModelLoader(self._device).load_from_file(self._path)
        except Exception as error:
            # spandrel and the loaders under it raise many kinds for a file they cannot read.
            raise ModelUnavailable(model=str(self._path), reason=error, action=action) from error
        is_rgb = isinstance(network, SPANDREL.ImageModelDescriptor) and network.input_channels == 3
        if not is_rgb or network.output_channels != 3 or network.scale < 2:
            raise ModelUnavailable(model=str(self._path), reason="it does not enlarge RGB pictures", action=action)
        return network.eval()


def open_model(model: str, options: UpscalerOptions) -> ModelFile:
    """The model file at a path; raises `UnknownName` without one, `ModelUnavailable` where there is none."""
    if not model:
        raise UnknownName(kind="model of spandrel", name=model, known="spandrel:PATH, a model file")
    path = Path(model)
    if path.suffix.lower() not in ENDINGS or not path.is_file():
        action = f"Give the path of a model file ({', '.join(ENDINGS)})."
        raise ModelUnavailable(model=model, reason="there is no such model file", action=action)
    return ModelFile(path, options)
