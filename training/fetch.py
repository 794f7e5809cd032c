"""Fetches the pinned packages with `npm pack` and checks each against its integrity hash."""

import argparse
import base64
import hashlib
import subprocess
import tarfile
from pathlib import Path

from training.sources import Source, load_caption_sources, load_icon_sets


def fetch(source: Source, work: Path) -> Path:
    """The folder of the unpacked package, fetched only where it is missing."""
    folder = source.folder(work)
    if folder.exists():
        return folder
    tarballs = work / "tarballs"
    tarballs.mkdir(parents=True, exist_ok=True)
    tarball = tarballs / source.tarball_name
    if not tarball.exists():
        wanted = f"{source.package}@{source.version}"
        subprocess.run(["npm", "pack", wanted], cwd=tarballs, check=True, stdout=subprocess.DEVNULL)
    check_integrity(tarball, source.integrity)
    unpack(tarball, folder)
    return folder


def check_integrity(tarball: Path, expected: str) -> None:
    """Stops with a message when the file's hash is not the pinned one (npm's `sha512-` form)."""
    digest = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != expected:
        raise SystemExit(f"{tarball.name}: integrity differs from sources.toml; delete and refetch")


def unpack(tarball: Path, folder: Path) -> None:
    """Writes the package's files below `folder`, without npm's leading `package/`."""
    with tarfile.open(tarball) as archive:
        for member in archive.getmembers():
            member.name = member.name.removeprefix("package/")
        archive.extractall(folder, filter="data")


def main() -> None:
    """Fetches every package of `sources.toml`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    work = parser.parse_args().work
    for source in load_icon_sets() + load_caption_sources():
        print(f"{source.package} {source.version} ({source.licence}): {fetch(source, work)}")


if __name__ == "__main__":
    main()
