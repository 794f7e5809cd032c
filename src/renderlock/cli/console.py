"""What the command line writes: results on stdout, everything else on stderr, errors in one form."""

from __future__ import annotations

import io
import json
import os
import sys
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime

from renderlock.errors import ConfigurationError, FileUnwritable, RenderlockError
from renderlock.files import write_file
from renderlock.settings import current_settings


def prepare_streams() -> None:
    """Lets every text be written in every locale, and where a stream is closed: what cannot be shown is escaped."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # Else the next file that is opened, the store's index even, would be taken for the closed stream.
            os.open(os.devnull, os.O_RDWR)
    # None where Python started without the stream.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  it stays open
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115  as above
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """A line for the person, on stderr."""
    print(text, file=sys.stderr, flush=True)


def answer(text: str) -> None:
    """A line of the result, on stdout; raises `BrokenPipeError` where the reader has gone, `FileUnwritable`."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise FileUnwritable(path="the standard output", reason=error.strerror) from error


def answer_json(fields: Mapping[str, object]) -> None:
    """The one JSON document of a `--json` call, on stdout."""
    shows_all = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "") == "utf8"
    answer(json.dumps(fields, indent=2, ensure_ascii=not shows_all, sort_keys=True))


def show_error(error: RenderlockError, *, as_json: bool) -> None:
    """The error and what to do next on stderr; with `--json` also as a document on stdout."""
    say(f"renderlock: {error}")
    if error.advice:
        say(f"  → {error.advice}")
    if as_json:
        answer_json({"error": error_to_json(error)})


def error_to_json(error: RenderlockError) -> dict[str, object]:
    """The error as data: its class, sentence, advice, exit code and facts."""
    fields: dict[str, object] = {
        "type": type(error).__name__,
        "message": str(error),
        "advice": error.advice,
        "exit_code": error.exit_code,
        "facts": {name: _plain(value) for name, value in error.facts.items()},
    }
    if isinstance(error, ConfigurationError):
        fields["problems"] = [vars(problem) for problem in error.problems]
    return fields


def show_bug(bug: Exception, *, as_json: bool) -> int:
    """Says that this is our bug, writes the report beside the logs, and gives exit code 3."""
    report = "".join(traceback.format_exception(bug))
    sentence = f"this is our bug: {type(bug).__name__}: {bug}"
    say(f"renderlock: {sentence}")
    try:
        folder = current_settings().log_folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"bug-{datetime.now(UTC):%Y%m%dT%H%M%S%f}.txt"
        write_file(path, report.encode())
        say(f"  → The report is in {path}; please send it with the command you ran. Your store is safe.")
    except (OSError, RenderlockError):
        say(report)
    if as_json:
        answer_json({"error": error_to_json(RenderlockError(reason=sentence))})
    return RenderlockError.exit_code


def _plain(value: object) -> object:
    return value if isinstance(value, str | int | float | bool | None) else str(value)
