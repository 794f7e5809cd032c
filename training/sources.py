"""Reads `sources.toml`: which packages the data comes from, and where they lie once fetched."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

SOURCES_FILE = Path(__file__).with_name("sources.toml")


@dataclass(frozen=True)
class Source:
    """One pinned package; `style` is the caption word of an icon set, empty for captions."""

    package: str
    version: str
    integrity: str
    licence: str
    author: str
    style: str = ""

    @property
    def tarball_name(self) -> str:
        """The file name that `npm pack` gives the package."""
        return f"{self.package.removeprefix('@').replace('/', '-')}-{self.version}.tgz"

    def folder(self, work: Path) -> Path:
        """Where the unpacked package lies under the work folder."""
        return work / "packages" / self.tarball_name.removesuffix(".tgz")


def load_icon_sets() -> list[Source]:
    """The icon sets, in the order of `sources.toml`."""
    return [Source(**entry) for entry in _read()["icon_set"]]


def load_caption_sources() -> list[Source]:
    """The caption packages, in the order of `sources.toml`."""
    return [Source(**entry) for entry in _read()["captions"]]


def find_source(name: str) -> Source:
    """The pinned package with this name."""
    return next(s for s in load_icon_sets() + load_caption_sources() if s.package == name)


def _read() -> dict[str, list[dict[str, str]]]:
    return tomllib.loads(SOURCES_FILE.read_text(encoding="utf-8"))
