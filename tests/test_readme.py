"""The README's commands do what it shows: they are run here, in order, and their output compared.

In an expected line `…` stands for what changes between runs; `rl-…` in a command is the address shown last.
"""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from tests.cli.calls import Done, call

from renderlock.actions.project import write_project
from renderlock.cli.main import COMMANDS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(kind: str) -> list[str]:
    """The fenced blocks of a kind, in order."""
    return re.findall(rf"^```{kind}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def steps(block: str) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block with the output shown under it."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, *output = part.rstrip("\n").split("\n")
        yield command, output


def matches(shown: list[str], done: Done) -> bool:
    """Whether each shown line stands in the output, in order."""
    text = done.stdout + done.stderr
    pattern = ".*?".join(".*?".join(map(re.escape, line.split("…"))) for line in shown)
    return re.search(pattern, text, re.DOTALL) is not None


class Reader:
    """Somebody who types the README's commands one after another."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.address = ""

    def type(self, command: str) -> Done:
        """Runs one command where the last `cd` led."""
        words = [self.address if word == "rl-…" else word for word in shlex.split(command)]
        if words[0] == "cd":
            self.folder /= words[1]
            return Done(0, "", "")
        assert words[0] == "renderlock"
        done = call(self.folder, *words[1:])
        found = re.findall(r"approve (rl-[0-9a-z]{20})", done.stdout)
        self.address = found[0] if found else self.address
        return done


def test_every_command_gives_the_output_shown(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    broken = next(block for block in blocks("yaml") if block.startswith("# broken.yml"))
    consoles = [block for block in blocks("console") if "$ renderlock" in block]
    assert len(consoles) >= 3
    for command, shown in (step for block in consoles for step in steps(block)):
        (reader.folder / "broken.yml").write_text(broken)
        done = reader.type(command)
        assert matches(shown, done), f"$ {command}\n{done.stdout}{done.stderr}"


@pytest.mark.parametrize("pipeline", [block for block in blocks("yaml") if not block.startswith("# broken.yml")])
def test_a_pipeline_shown_is_valid_and_locks(tmp_path: Path, pipeline: str) -> None:
    write_project(tmp_path, "campaign", pipeline.encode())
    assert call(tmp_path, "lock").returncode == 0
    assert call(tmp_path, "run", "--dry-run").returncode == 0


def test_the_python_shown_runs(tmp_path: Path) -> None:
    with contextlib.chdir(tmp_path):
        for code in blocks("python"):
            exec(compile(code, "README.md", "exec"), {})
    with Image.open(tmp_path / "variant_1.png") as picture:
        assert picture.size == (128, 128)


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)", README))))
def test_every_link_leads_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_every_command_there_is_is_named() -> None:
    assert all(f"`{name}`" in README for name in COMMANDS)
