"""New projects: a pipeline to edit, and the small campaign of the demo."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Literal

from renderlock.actions.user_files import write_new_file, write_user_file
from renderlock.actions.workspace import PIPELINE_NAME
from renderlock.errors import WouldOverwrite

Template = Literal["starter", "campaign"]

IGNORED = "# Renders live in the store; pipeline.yml and pipeline.lock are what to commit.\n.renderlock/\nreports/\n"


def project_text(template: Template) -> bytes:
    """The pipeline a template starts with."""
    return _projects().joinpath(f"{template}.yml").read_bytes()


def write_project(folder: Path, template: Template, text: bytes | None = None) -> Path:
    """Writes pipeline.yml, .gitignore and what the template brings beside them; gives the pipeline's path.

    `text` stands in for the template's own pipeline. The folder is made where needed. Raises `WouldOverwrite` where
    there is a pipeline.yml already, or another file in the way, and `FileUnwritable`; a .gitignore that is there is
    kept.
    """
    path = folder / PIPELINE_NAME
    if path.exists():
        raise WouldOverwrite(path=path)
    for name, data in _brought(template):
        write_new_file(folder / name, data)
    write_user_file(path, project_text(template) if text is None else text)
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_user_file(ignore, IGNORED.encode())
    return path


def _projects() -> Traversable:
    return files("renderlock.actions").joinpath("projects")


def _brought(template: Template) -> Iterator[tuple[str, bytes]]:
    """The files of a template's own folder, by their paths in it."""
    folder = _projects().joinpath(template)
    if folder.is_dir():
        yield from _files_in(folder, "")


def _files_in(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for entry in sorted(folder.iterdir(), key=lambda one: one.name):
        if entry.is_dir():
            yield from _files_in(entry, f"{prefix}{entry.name}/")
        else:
            yield f"{prefix}{entry.name}", entry.read_bytes()
