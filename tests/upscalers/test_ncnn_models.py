"""SPAN and Real-ESRGAN with their own weights: the contract, and how near they come to the truth."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.upscalers.contract import Subject, TrainedUpscalerContract
from tests.upscalers.test_waifu2x import error_db

from renderlock.errors import UnknownName
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import Detail, UpscalerFactory, UpscalerOptions
from renderlock.upscalers.lanczos import resample
from renderlock.upscalers.ncnn_models import SPAN, VIDEO, Family, open_realesrgan, open_span
from renderlock.upscalers.ncnn_net import NcnnUpscaler, NetFiles


def subject_of(family: Family, model: str, folder: Path) -> Subject:
    """A family's smallest network from copies of its files, which a test may alter."""
    factor, name = min(family.models[model].items())
    paths = [family.package.path(name, f"{name}.{ending}") for ending in ("param", "bin")]
    graph, weights = (Path(shutil.copy(path, folder)) for path in paths)
    files = NetFiles(graph, weights, "data", "output", winograd=family.winograd)
    facts = replace(family.facts, scales=(factor,))
    return Subject(
        open=lambda options: NcnnUpscaler(facts, "1", {factor: files}, options),
        factor=factor,
        files=(graph, weights),
    )


class TestSpan(TrainedUpscalerContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> Subject:
        return subject_of(SPAN, "", tmp_path_factory.mktemp("span"))


class TestRealesrganForFilms(TrainedUpscalerContract):
    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> Subject:
        return subject_of(VIDEO, "animevideo", tmp_path_factory.mktemp("video"))


def test_span_is_nearer_the_truth_than_lanczos_by_more_than_two_decibels(photo: Pixels, astronaut: Pixels) -> None:
    enlarged = open_span("", UpscalerOptions()).enlarge(photo, 2)
    assert error_db(enlarged, astronaut) > error_db(resample(photo, Size(192, 192)), astronaut) + 2


@pytest.mark.parametrize("model", ["", "anime", "animevideo"])
def test_realesrgan_is_further_from_the_truth_than_lanczos(photo: Pixels, astronaut: Pixels, model: str) -> None:
    """It was trained to look sharp, not to come near an original: so its facts say that it invents."""
    network = open_realesrgan(model, UpscalerOptions())
    small, truth = resample(photo, Size(48, 48)), astronaut
    assert network.facts.detail is Detail.INVENTED
    assert error_db(network.enlarge(small, 4), truth) < error_db(resample(small, Size(192, 192)), truth)


@pytest.mark.parametrize("open_one", [open_span, open_realesrgan])
def test_a_model_that_is_not_there_is_named(open_one: UpscalerFactory) -> None:
    with pytest.raises(UnknownName, match="better"):
        open_one("better", UpscalerOptions())
