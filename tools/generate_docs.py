"""Writes the pages that are made from the code, or checks that they are current: `docs/cli.md`, `docs/errors.md`.

python -m tools.generate_docs [--check]
"""

from __future__ import annotations

import inspect
import json
import re
import sys
from pathlib import Path

from typer.testing import CliRunner

from renderlock import errors
from renderlock.cli.main import COMMANDS, app
from renderlock.spec.pipeline_schema import pipeline_schema

DOCS = Path(__file__).parent.parent / "docs"
STORE_COMMANDS = ("check", "rebuild", "gc", "info")
TESTING_COMMANDS = ("serve", "faults")


def cli_page() -> str:
    """Every command with its `--help`, as a terminal of 80 columns shows it."""
    calls = [(), *((name,) for name in COMMANDS), *(("store", name) for name in STORE_COMMANDS)]
    calls += [("testing", name) for name in TESTING_COMMANDS]
    parts = ["# Commands\n\nMade from the code by `make docs`. Exit codes are in [errors.md](errors.md).\n"]
    for call in calls:
        words = " ".join(("renderlock", *call))
        parts.append(f"## `{words}`\n\n```text\n{help_of(call)}\n```\n")
    return "\n".join(parts)


def help_of(call: tuple[str, ...]) -> str:
    """What `renderlock CALL --help` prints."""
    runner = CliRunner(env={"COLUMNS": "80", "TERMINAL_WIDTH": "80", "NO_COLOR": "1"})
    result = runner.invoke(app, [*call, "--help"], prog_name="renderlock")
    assert result.exit_code == 0, result.output
    return "\n".join(line.rstrip() for line in result.output.strip().splitlines())


def errors_page() -> str:
    """Every error a person can meet: its sentence, what to do, exit code and HTTP status."""
    lines = [
        "# Errors and exit codes",
        "",
        "Made from the code by `make docs`. A name in braces is filled in with the facts of the case.",
        "",
        "| exit code | means |",
        "| --- | --- |",
        "| 0 | fine |",
        "| 1 | a check or gate failed: `lock --check`, `doctor`, `store check`, a drifted `replay` |",
        "| 2 | configuration, usage, or the lock |",
        "| 3 | our bug; a report file is written and named |",
        "| 4 | an engine failed |",
        "| 5 | the store |",
        "| 6 | out of memory |",
        "| 130 | interrupted, or told to end (SIGTERM) |",
        "| 141 | who read the output closed it, as in `renderlock … \\| head` |",
        "",
        "| error | when | what it says | what to do | exit | HTTP |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind in error_classes():
        when = (inspect.getdoc(kind) or "").split("\n")[0]
        cells = (f"`{kind.__name__}`", when, cell(kind.template), cell(kind.hint))
        lines.append(f"| {' | '.join(cells)} | {kind.exit_code} | {kind.http_status} |")
    return "\n".join(lines) + "\n"


def error_classes() -> list[type[errors.RenderlockError]]:
    """The error classes in the order in which the docstring of `renderlock.errors` tells the tree."""
    values: list[object] = [getattr(errors, name) for name in errors.__all__]
    kinds = [kind for kind in values if isinstance(kind, type) and issubclass(kind, errors.RenderlockError)]
    tree = re.findall(r"── (\w+)", errors.__doc__ or "")
    return sorted(
        (kind for kind in kinds if kind is not errors.RenderlockError), key=lambda kind: tree.index(kind.__name__)
    )


def cell(text: str) -> str:
    """A text that fits into one cell of a table."""
    return text.replace("\n", " ").replace("|", "\\|").replace("`", "'") or "–"


def schema_text() -> str:
    """The JSON Schema of pipeline.yml, as `renderlock schema` prints it."""
    return json.dumps(pipeline_schema(), indent=2, ensure_ascii=False) + "\n"


def pages() -> dict[str, str]:
    """Every generated page by its path under `docs/`."""
    return {"cli.md": cli_page(), "errors.md": errors_page(), "pipeline.schema.json": schema_text()}


def main(arguments: list[str]) -> int:
    """Writes the pages, or with `--check` names those that are not current."""
    stale = [name for name, text in pages().items() if not is_current(DOCS / name, text)]
    if "--check" in arguments:
        for name in stale:
            print(f"docs/{name} is not what the code makes: run `make docs`")
        return 1 if stale else 0
    for name in stale:
        (DOCS / name).write_text(pages()[name], encoding="utf-8")
        print(f"wrote docs/{name}")
    return 0


def is_current(path: Path, text: str) -> bool:
    """Whether a page holds exactly this text."""
    return path.exists() and path.read_text(encoding="utf-8") == text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
