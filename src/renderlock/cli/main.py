"""The command line's root: which commands there are, and the one boundary where errors become text and exit codes.

Commands are imported when they are called, so that `--help` answers at once.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from renderlock.cli.console import answer_json, error_to_json, prepare_streams, show_bug, show_error
from renderlock.errors import Interrupted, RenderlockError, UsageError

READER_GONE = 141
"""The exit code of a program that SIGPIPE ended, as a shell shows it."""

WrongWords: type[typer.BadParameter] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""What typer raises for wrong options and arguments; it does not export the class."""


@dataclass(frozen=True)
class CommandEntry:
    """A command: the module that has it, and the line `--help` shows."""

    module: str
    summary: str


COMMANDS = {
    "init": CommandEntry("make", "Start a project: a pipeline.yml to edit."),
    "demo": CommandEntry("make", "Make a small campaign from nothing, on this machine."),
    "lock": CommandEntry("make", "Pin the models, check the pins, or change one on record."),
    "run": CommandEntry("run", "Render what is missing, up to the next approval."),
    "variants": CommandEntry("variants", "Render one prompt with several seeds, measured."),
    "tile": CommandEntry("tile", "Render the tiles of one large picture."),
    "merge": CommandEntry("merge", "Merge tiles into one picture, as a stream."),
    "compose": CommandEntry("compose", "Lay SVGs over pictures; hold colours and texts."),
    "approve": CommandEntry("curate", "Say that a render is approved."),
    "reject": CommandEntry("curate", "Say that a render is rejected."),
    "show": CommandEntry("curate", "Show a render: its recipe, its decisions, its files."),
    "describe": CommandEntry("describe", "Say what a provider sees in a picture."),
    "upscale": CommandEntry("upscale", "Enlarge a picture behind a gate."),
    "study": CommandEntry("study", "Measured comparisons: upscalers."),
    "replay": CommandEntry("curate", "Render a picture again and say how equal it came out."),
    "import": CommandEntry("curate", "Take old pictures of other tools into the store."),
    "store": CommandEntry("store", "Look after the store: check, rebuild, gc, info."),
    "calls": CommandEntry("calls", "List paid calls that are open, and decide about them."),
    "engines": CommandEntry("operate", "List the engines and what their models can do."),
    "doctor": CommandEntry("operate", "Check every line of the lock against this machine."),
    "testing": CommandEntry("testing", "Serve strict providers on this machine, to rehearse hosted pipelines."),
    "schema": CommandEntry("operate", "Print the JSON Schema of pipeline.yml."),
}


class ReaderGone(Exception):
    """Who read our output closed it (`| head`): there is nobody to tell anything."""


class LazyCommands(TyperGroup):
    """A group that imports a command when it is called, and lists it without."""

    _listing = False

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]  # typer passes its own Context
        """The commands in the order of a project's life."""
        return list(COMMANDS)

    def get_command(self, ctx: typer.Context, cmd_name: str) -> TyperCommand | TyperGroup | None:  # type: ignore[override]  # as above
        """The command, or a stand-in that only knows its summary while help is listed."""
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        if self._listing:
            return TyperCommand(cmd_name, help=entry.summary)
        app: typer.Typer = import_module(f"renderlock.cli.{entry.module}").app
        loaded = get_command(app)
        if entry.module == cmd_name:
            return loaded  # type: ignore[return-value]  # typer builds its own kinds
        return loaded.commands[cmd_name]  # type: ignore[attr-defined,no-any-return]  # an app of several commands is a group

    def format_help(self, ctx: typer.Context, formatter: object) -> None:  # type: ignore[override]  # as above
        """Writes the help with the summaries of the table."""
        self._listing = True
        try:
            super().format_help(ctx, formatter)  # type: ignore[arg-type]  # typer's own formatter, passed on
        finally:
            self._listing = False

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]  # as above
        """Runs the command; Ctrl-C becomes an error like any other, and a reader that has gone is left to `main`."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as stop:
            raise Interrupted(done=0) from stop
        except BrokenPipeError as gone:
            raise ReaderGone from gone


app = typer.Typer(
    cls=LazyCommands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        version: str = import_module("renderlock").__version__
        typer.echo(f"renderlock {version}")
        raise typer.Exit


@app.callback()
def root(
    version: bool = typer.Option(False, "--version", help="Print the version.", is_eager=True, callback=_print_version),
) -> None:
    """Makes image generation repeatable: locked models, deterministic renders, measured drift."""


def main() -> None:
    """Runs the command line of this process and exits with the documented code."""
    prepare_streams()
    # A container that is stopped ends a run as Ctrl-C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        code = _exit_code(as_json="--json" in sys.argv)
        sys.stdout.flush()
    except (ReaderGone, BrokenPipeError):
        _discard_output()
        code = READER_GONE
    if _is_someone_rendering():
        # After a second Ctrl-C nobody waits for an engine that does not stop; the store is made for being killed.
        os._exit(code)
    sys.exit(code)


def _exit_code(*, as_json: bool) -> int:
    """Runs the command and shows its error, if it ends with one."""
    try:
        ended: object = app(prog_name="renderlock", standalone_mode=False)
    except RenderlockError as error:
        with _undisturbed():
            show_error(error, as_json=as_json)
        return error.exit_code
    except WrongWords as error:
        error.show()
        if as_json:
            answer_json({"error": error_to_json(UsageError(reason=str(error)))})
        return UsageError.exit_code
    except ReaderGone:
        raise
    except Exception as bug:  # noqa: BLE001 - the one place where our own bugs are caught, to be reported
        return show_bug(bug, as_json=as_json)
    return ended if isinstance(ended, int) else 0


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Lets what is said be said to its end: a further Ctrl-C has nothing left to stop."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _discard_output() -> None:
    """Points both streams at nothing, so that Python does not complain while it ends."""
    nothing = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            os.dup2(nothing, stream.fileno())


def _is_someone_rendering() -> bool:
    others = [thread for thread in threading.enumerate() if thread is not threading.main_thread()]
    return any(not thread.daemon for thread in others)


if __name__ == "__main__":
    main()
