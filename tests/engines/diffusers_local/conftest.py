"""Three tiny models as folders, built once, and an engine over each for the whole session."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from renderlock.engines.base import EngineOptions
from renderlock.engines.diffusers_local.engine import DiffusersEngine, open_model


@pytest.fixture(scope="session")
def stable_diffusion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Stable Diffusion folder; tests must not change it (see `own_copy`)."""
    from tests.engines.diffusers_local import tiny_pipelines  # noqa: PLC0415 - imports torch, which takes 12 s

    with warnings.catch_warnings():
        # Building a pipeline by hand trips deprecations of the library that loading one does not.
        warnings.simplefilter("ignore")
        return tiny_pipelines.save_stable_diffusion(tmp_path_factory.mktemp("models") / "tiny-sd")


@pytest.fixture(scope="session")
def z_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Z-Image folder; tests must not change it (see `own_copy`)."""
    from tests.engines.diffusers_local import tiny_pipelines  # noqa: PLC0415 - imports torch, which takes 12 s

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tiny_pipelines.save_z_image(tmp_path_factory.mktemp("models") / "tiny-z")


@pytest.fixture(scope="session")
def flux(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FLUX.1 folder; tests must not change it."""
    from tests.engines.diffusers_local import tiny_pipelines  # noqa: PLC0415 - imports torch, which takes 12 s

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tiny_pipelines.save_flux(tmp_path_factory.mktemp("models") / "tiny-flux")


@pytest.fixture
def own_copy(stable_diffusion: Path, tmp_path: Path) -> Path:
    """A copy of the Stable Diffusion folder that a test may damage."""
    return Path(shutil.copytree(stable_diffusion, tmp_path / "model"))


@pytest.fixture(scope="session")
def sd_engine(stable_diffusion: Path) -> Iterator[DiffusersEngine]:
    """An engine over the Stable Diffusion folder, with its weights kept in memory."""
    engine = open_model(str(stable_diffusion), EngineOptions())
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def z_engine(z_image: Path) -> Iterator[DiffusersEngine]:
    """An engine over the Z-Image folder, with its weights kept in memory."""
    engine = open_model(str(z_image), EngineOptions())
    yield engine
    engine.close()
