"""Upscalers by any reference: those of `upscalers`, and engines that enlarge, behind the one Upscaler protocol."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import numpy as np

from renderlock.actions.models import Models, names_engine
from renderlock.engines.base import Engine, EngineOptions, Render, Unwatched
from renderlock.engines.files import FileHashes
from renderlock.engines.upscaling import UpscalingEngine
from renderlock.errors import EngineFailed, NotCapable
from renderlock.imaging.pixels import Raster
from renderlock.spec.deviation import Deviation
from renderlock.spec.identity import ModelIdentity
from renderlock.upscalers.base import Detail, Upscaler, UpscalerFacts, UpscalerOptions
from renderlock.upscalers.depth import in_8_bits
from renderlock.upscalers.table import open_upscaler

_WHOLE_PX = 4096
"""A provider's limit is its own to tell; up to here a picture is sent whole, as each part costs a call."""


@dataclass
class EngineUpscaler:
    """An engine's own way to enlarge, as an upscaler; what it did differently is gathered in `deviations`."""

    reference: str
    engine: Engine
    ability: UpscalingEngine
    deviations: list[Deviation] = field(default_factory=list)

    @property
    def facts(self) -> UpscalerFacts:
        """What is known of every provider's upscaler: it may invent, and no halo makes its parts exact."""
        return UpscalerFacts(
            reference=self.reference,
            summary="a provider's upscaler",
            scales=self.ability.upscale_factors,
            halo_px=64,
            detail=Detail.INVENTED,
            licence="the provider's terms",
            weights_from="the provider",
            tolerance_levels=255,
            tile_px=_WHOLE_PX,
            hosted=self.engine.capabilities.hosted,
        )

    def identify(self) -> ModelIdentity:
        """The engine's model."""
        return self.engine.identify()

    def enlarge(self, pixels: Raster, factor: int) -> Raster:
        """The patch as the engine enlarges it; raises `EngineFailed` where its sides are not what was asked."""
        render: Render = self.ability.upscale(in_8_bits(pixels), factor, Unwatched())
        self.deviations += render.deviations
        wanted = (pixels.shape[0] * factor, pixels.shape[1] * factor)
        if render.pixels.shape[:2] != wanted:
            height, width = render.pixels.shape[:2]
            reason = f"it gave {width}x{height} pixels for {wanted[1]}x{wanted[0]}"
            raise EngineFailed(model=self.reference, reason=reason)
        return np.ascontiguousarray(render.pixels[:, :, :3])

    def close(self) -> None:
        """Leaves the engine to the models it came from."""


@dataclass
class Upscalers:
    """Opened upscalers by reference, under one set of options; engines are asked for when a reference names one."""

    options: UpscalerOptions
    engine_of: Callable[[str], Engine]
    _opened: dict[str, Upscaler] = field(default_factory=dict)

    def open(self, reference: str) -> Upscaler:
        """The upscaler for a reference, opened at the first call.

        Raises as `open_upscaler` does, and `NotCapable` for an engine's model that does not enlarge.
        """
        if reference not in self._opened:
            self._opened[reference] = self._open(reference)
        return self._opened[reference]

    def _open(self, reference: str) -> Upscaler:
        if not names_engine(reference):
            return open_upscaler(reference, self.options)
        engine = self.engine_of(reference)
        if not isinstance(engine, UpscalingEngine):
            raise NotCapable(model=reference, listing="  enlarge a finished picture")
        return EngineUpscaler(reference, engine, engine)

    def close(self) -> None:
        """Lets go of all weights."""
        for upscaler in self._opened.values():
            upscaler.close()
        self._opened.clear()


@contextmanager
def open_upscalers(options: EngineOptions) -> Iterator[Upscalers]:
    """Upscalers under the options of the engines, whose journal takes down what is paid; closed at the end."""
    with ExitStack() as stack:
        models = stack.enter_context(Models(options))
        upscalers = Upscalers(upscaler_options(options), models.engine)
        stack.callback(upscalers.close)
        yield upscalers


def upscaler_options(options: EngineOptions) -> UpscalerOptions:
    """What the owner of the machine decided for engines, for upscalers."""
    hashes: FileHashes = options.file_hashes
    return UpscalerOptions(threads=options.threads, device=options.device, hash_file=hashes.of)
