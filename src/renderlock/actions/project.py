"""New projects: a pipeline to edit, and the small campaign of the demo."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Literal

from renderlock.actions.user_files import write_user_file
from renderlock.actions.workspace import PIPELINE_NAME
from renderlock.errors import WouldOverwrite

Template = Literal["starter", "campaign"]

IGNORED = "# Renders live in the store; pipeline.yml and pipeline.lock are what to commit.\n.renderlock/\nreports/\n"


def project_text(template: Template) -> bytes:
    """The pipeline a template starts with."""
    return files("renderlock.actions").joinpath("projects", f"{template}.yml").read_bytes()


def write_project(folder: Path, template: Template) -> Path:
    """Writes pipeline.yml and .gitignore into a folder, made where needed, and gives the pipeline's path.

    Raises `WouldOverwrite` where there is a pipeline.yml already, `FileUnwritable` where none can be written; a
    .gitignore that is there is kept.
    """
    path = folder / PIPELINE_NAME
    if path.exists():
        raise WouldOverwrite(path=path)
    write_user_file(path, project_text(template))
    ignore = folder / ".gitignore"
    if not ignore.exists():
        write_user_file(ignore, IGNORED.encode())
    return path
