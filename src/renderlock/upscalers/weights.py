"""Weight files of installed packages, found by the package's record and without importing it.

Several of these packages cannot be imported without a graphics driver; their files are all that is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from renderlock.errors import ModelUnavailable, PackageMissing
from renderlock.spec.identity import ModelIdentity
from renderlock.upscalers.base import ENGINE, UpscalerOptions


@dataclass(frozen=True)
class Package:
    """A distribution that carries weights: its name, the folder in it that holds them, and how it is installed."""

    name: str
    folder: str
    install: str

    def version(self, feature: str) -> str:
        """The installed version; raises `PackageMissing`."""
        return self._distribution(feature).version

    def path(self, feature: str, file: str) -> Path:
        """Where a weight file is; raises `PackageMissing` without the package, `ModelUnavailable` without the file."""
        path = Path(str(self._distribution(feature).locate_file(f"{self.folder}/{file}")))
        if not path.is_file():
            action = f"Install {self.name} again: {self.install}"
            raise ModelUnavailable(model=feature, reason=f"{path} is not there", action=action)
        return path

    def _distribution(self, feature: str) -> Distribution:
        try:
            return distribution(self.name)
        except PackageNotFoundError as error:
            facts = {"feature": feature, "package": self.name, "command": self.install}
            raise PackageMissing(reason="is not installed", **facts) from error


def identify_files(
    reference: str, version: str, surface: str, paths: list[Path], options: UpscalerOptions
) -> ModelIdentity:
    """The identity of weights in files of different names; raises `ModelUnavailable` where one cannot be read."""
    try:
        files = tuple((path.name, options.hash_file(path)) for path in paths)
    except OSError as error:
        action = "Make the file readable, or install its package again."
        raise ModelUnavailable(model=reference, reason=error, action=action) from error
    return ModelIdentity(ENGINE, reference, revision=version, surface=surface, files=files)
