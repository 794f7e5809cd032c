"""Model files through spandrel itself: three real architectures with weights made here, and what is no model file."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from tests.upscalers.contract import OtherTiles, Subject, UpscalerContract

from renderlock.errors import ModelUnavailable, NotCapable, PackageMissing, UnknownName
from renderlock.imaging.pixels import Pixels
from renderlock.spec.recipe import Size
from renderlock.upscalers.base import Detail, Upscaler, UpscalerOptions
from renderlock.upscalers.spandrel_file import SPANDREL, open_model
from renderlock.upscalers.spandrel_import import import_spandrel
from renderlock.upscalers.table import open_upscaler
from renderlock.upscalers.tiled import enlarge_whole


def compact() -> torch.nn.Module:
    """The network of Real-ESRGAN's small models, 2 times."""
    from spandrel.architectures.Compact import Compact  # noqa: PLC0415  # after spandrel_file has imported spandrel

    network: torch.nn.Module = Compact(num_feat=8, num_conv=2, upscale=2)
    return network


def esrgan() -> torch.nn.Module:
    """ESRGAN with one block, 4 times."""
    from spandrel.architectures.ESRGAN import ESRGAN  # noqa: PLC0415  # as above

    network: torch.nn.Module = ESRGAN(num_filters=8, num_blocks=1)
    return network


def swin() -> torch.nn.Module:
    """SwinIR with one group of windows, 2 times."""
    from spandrel.architectures.SwinIR import SwinIR  # noqa: PLC0415  # as above

    sizes = {"img_size": 16, "embed_dim": 12, "depths": [2], "num_heads": [2], "window_size": 8, "mlp_ratio": 2}
    network: torch.nn.Module = SwinIR(**sizes, upscale=2, upsampler="pixelshuffledirect")
    return network


def write_model(path: Path, make: Callable[[], torch.nn.Module]) -> Path:
    """A model file with the weights a network begins with."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        state = make().state_dict()
    if path.suffix == ".safetensors":
        save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    else:
        torch.save({"params": state}, path)
    return path


class TestModelFile(UpscalerContract):
    has_random_weights = True

    @pytest.fixture(scope="class")
    @classmethod
    def subject(cls, tmp_path_factory: pytest.TempPathFactory) -> Subject:
        path = write_model(tmp_path_factory.mktemp("spandrel") / "compact.safetensors", compact)
        return Subject(open=lambda options: open_model(str(path), options), factor=2, files=(path,))


@pytest.mark.filterwarnings("ignore:torch.meshgrid")  # by spandrel's SwinIR
@pytest.mark.parametrize(
    ("make", "name", "factor"), [(compact, "Compact", 2), (esrgan, "ESRGAN", 4), (swin, "SwinIR", 2)]
)
@pytest.mark.parametrize("ending", ["safetensors", "pth"])
def test_the_files_architecture_is_recognised_and_enlarges(
    tmp_path: Path, photo: Pixels, make: Callable[[], torch.nn.Module], name: str, factor: int, ending: str
) -> None:
    path = write_model(tmp_path / f"mine.{ending}", make)
    upscaler = open_upscaler(f"spandrel:{path}", UpscalerOptions())
    assert name in upscaler.facts.summary
    assert (upscaler.facts.scales, upscaler.facts.detail) == ((factor,), Detail.INVENTED)
    assert upscaler.enlarge(photo[:5, :21], factor).shape == (5 * factor, 21 * factor, 3)


def test_what_it_gives_is_what_the_network_gives(tmp_path: Path, photo: Pixels) -> None:
    path = write_model(tmp_path / "esrgan.safetensors", esrgan)
    network = SPANDREL.ModelLoader().load_from_file(path).eval()
    with torch.inference_mode():
        planes = network(torch.from_numpy(photo[:40, :40].transpose(2, 0, 1).copy())[None].float() / 255)[0]
    expected = (planes * 255).round().byte().permute(1, 2, 0).numpy()
    assert (open_model(str(path), UpscalerOptions()).enlarge(photo[:40, :40], 4) == expected).all()


def test_tiles_of_a_network_of_convolutions_are_the_whole_to_a_level(tmp_path: Path, photo: Pixels) -> None:
    upscaler: Upscaler = open_model(str(write_model(tmp_path / "esrgan.pth", esrgan)), UpscalerOptions())
    tiled = enlarge_whole(photo, Size(384, 384), OtherTiles(upscaler, 48), project=False)
    assert np.abs(tiled.astype(int) - upscaler.enlarge(photo, 4)).max() <= 1


def test_no_torchvision_is_left_behind_where_none_loads() -> None:
    """What stood in for it while spandrel was imported would deceive everybody else."""
    import_spandrel()
    found = [module for name, module in sys.modules.items() if name.partition(".")[0] == "torchvision"]
    assert all(getattr(module, "__file__", None) for module in found)


def test_without_spandrel_the_commands_that_install_it_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "spandrel", None)
    monkeypatch.delitem(sys.modules, "renderlock.upscalers.spandrel_file")
    with pytest.raises(PackageMissing, match="spandrel") as raised:
        open_upscaler(f"spandrel:{tmp_path / 'model.safetensors'}", UpscalerOptions())
    assert "--no-deps spandrel" in raised.value.advice


def test_another_factor_than_the_files_is_refused(tmp_path: Path, photo: Pixels) -> None:
    upscaler = open_model(str(write_model(tmp_path / "two.safetensors", compact)), UpscalerOptions())
    with pytest.raises(NotCapable, match="two"):
        upscaler.enlarge(photo[:8, :8], 4)


def test_a_file_of_other_tensors_is_no_upscaler(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"something": torch.zeros(3)}, path)
    with pytest.raises(ModelUnavailable, match="other"):
        _ = open_model(str(path), UpscalerOptions()).facts


@pytest.mark.parametrize("named", ["absent.safetensors", "picture.png"])
def test_a_path_that_is_no_model_file_is_said(tmp_path: Path, named: str) -> None:
    (tmp_path / "picture.png").write_bytes(b"")
    with pytest.raises(ModelUnavailable, match=named):
        open_model(str(tmp_path / named), UpscalerOptions())


def test_a_reference_without_a_path_is_answered_with_how_to_write_it() -> None:
    with pytest.raises(UnknownName) as raised:
        open_model("", UpscalerOptions())
    assert "spandrel:PATH" in raised.value.advice
