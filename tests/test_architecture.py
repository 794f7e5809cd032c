"""The shape of the code, as tests: sizes, and that `__all__` says what a package gives."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = ("src", "tests", "training", "benchmarks", "tools")
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
PACKAGES = (
    "renderlock",
    "renderlock.store",
    "renderlock.imaging.foreign_metadata",
    "renderlock.imaging.merge",
    "renderlock.imaging.sinks",
    "renderlock.metrics.fidelity",
    "renderlock.metrics.seams",
    "renderlock.engines.diffusers_local",
    "renderlock.testing",
)


def sources() -> Iterator[Path]:
    """Every Python file of the project."""
    for folder in FOLDERS:
        yield from sorted((ROOT / folder).rglob("*.py"))


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Every function of a file with its lines, the docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            first = node.body[1] if ast.get_docstring(node) and len(node.body) > 1 else node
            yield f"{path.relative_to(ROOT)}:{node.lineno} {node.name}", node.end_lineno - first.lineno + 1


def test_no_file_is_longer_than_a_reader_holds() -> None:
    lengths = {path: sum(1 for line in path.read_text("utf-8").splitlines() if line.strip()) for path in sources()}
    assert not {str(path.relative_to(ROOT)): length for path, length in lengths.items() if length > LONGEST_FILE}


def test_no_function_is_longer_than_a_screen() -> None:
    lengths = [found for path in sources() for found in functions(path)]
    assert len(lengths) > 500
    assert not [found for found in lengths if found[1] > LONGEST_FUNCTION]


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "common", "helpers", "helper", "manager", "misc", "stuff"}
    assert not [path for path in sources() if path.stem in drawers or path.parent.name in drawers]


@pytest.mark.parametrize("name", PACKAGES)
def test_all_names_what_a_package_exports(name: str) -> None:
    package = import_module(name)
    tree = ast.parse(Path(str(package.__file__)).read_text(encoding="utf-8"))
    ours = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and "renderlock" in str(node.module)]
    imported = {alias.asname or alias.name for node in ours for alias in node.names}
    assert imported <= set(package.__all__)
    assert all(getattr(package, exported) is not None for exported in package.__all__)


def test_every_dependency_has_a_row_with_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [line for name, lines in project["optional-dependencies"].items() if name != "dev" for line in lines]
    page = (ROOT / "docs" / "design" / "0001-dependencies.md").read_text("utf-8")
    rows = re.sub("[ -]", "", "\n".join(line for line in page.splitlines() if line.startswith("|"))).lower()
    names = [re.split("[<>=[]", line)[0].replace("-", "").lower() for line in project["dependencies"] + extras]
    assert len(names) > 20
    assert not [name for name in names if name not in rows]


def test_the_licence_and_the_changelog_are_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text()
    assert (ROOT / "CHANGELOG.md").read_text().startswith("# Changelog")
