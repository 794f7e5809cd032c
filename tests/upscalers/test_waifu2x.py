"""waifu2x keeps the contract, tiles to the bit, and is nearer the truth than interpolation."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.upscalers.contract import OtherTiles, Subject, TrainedUpscalerContract

from renderlock.errors import ModelUnavailable, UnknownName
from renderlock.imaging.pixels import Pixels, Raster
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import UpscalerOptions
from renderlock.upscalers.lanczos import resample
from renderlock.upscalers.ncnn_net import NcnnUpscaler, NetFiles
from renderlock.upscalers.tiled import enlarge_whole
from renderlock.upscalers.waifu2x import FACTS, MODELS, PACKAGE, open_model


def copied(folder: Path) -> NetFiles:
    """The plain model's files, where a test may alter them."""
    paths = [PACKAGE.path("waifu2x", f"{MODELS['']}.{ending}") for ending in ("param", "bin")]
    graph, weights = (Path(shutil.copy(path, folder)) for path in paths)
    return NetFiles(graph, weights, "Input1", "Eltwise4", border_px=7)


class TestWaifu2x(TrainedUpscalerContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> Subject:
        files = copied(tmp_path_factory.mktemp("waifu2x"))
        return Subject(
            open=lambda options: NcnnUpscaler(FACTS, "2.0.0", {2: files}, options),
            factor=2,
            files=(files.graph, files.weights),
        )


def error_db(result: Raster, truth: Pixels) -> float:
    return float(10 * np.log10(255**2 / np.mean((result.astype(float) - truth) ** 2)))


def test_it_is_nearer_the_truth_than_lanczos_by_more_than_a_decibel(photo: Pixels, astronaut: Pixels) -> None:
    enlarged = open_model("", UpscalerOptions()).enlarge(photo, 2)
    assert error_db(enlarged, astronaut) > error_db(resample(photo, Size(192, 192)), astronaut) + 1.5


def test_two_passes_in_tiles_are_two_passes_over_the_whole(photo: Pixels) -> None:
    upscaler = open_model("", UpscalerOptions())
    picture = photo[:50, :70]
    whole = upscaler.enlarge(upscaler.enlarge(picture, 2), 2)
    assert (enlarge_whole(picture, Size(280, 200), OtherTiles(upscaler, 24), project=False) == whole).all()


def test_models_that_remove_noise_are_other_models(photo: Pixels) -> None:
    plain, smooth = (open_model(model, UpscalerOptions()) for model in ("", "noise3"))
    assert plain.identify().key.weights != smooth.identify().key.weights
    assert smooth.facts.reference == "waifu2x:noise3"
    assert (plain.enlarge(photo[:32, :32], 2) != smooth.enlarge(photo[:32, :32], 2)).any()


def test_a_model_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownName, match="cunet") as raised:
        open_model("cunet", UpscalerOptions())
    assert "noise0" in raised.value.advice


def test_a_damaged_weight_file_is_said(tmp_path: Path, photo: Pixels) -> None:
    files = copied(tmp_path)
    files.graph.write_text("not a graph")
    with pytest.raises(ModelUnavailable, match=r"scale2\.0x_model"):
        NcnnUpscaler(FACTS, "2.0.0", {2: files}, UpscalerOptions()).enlarge(photo[:8, :8], 2)
