"""Errors of how renderlock is set up: pipeline.yml, the environment, keys, prices and packages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from renderlock.errors.base import UsageError


@dataclass(frozen=True)
class Problem:
    """One thing wrong in a configuration file, with its place (line and column count from 1)."""

    file: str
    line: int
    column: int
    key: str
    found: str
    allowed: str
    suggestion: str = ""

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}:{self.column}"
        meant = f" Did you mean `{self.suggestion}`?" if self.suggestion else ""
        return f"{where}: {self.key or 'the file'}: found {self.found}; allowed: {self.allowed}.{meant}"


class ConfigurationError(UsageError):
    """pipeline.yml cannot be used; carries every problem found, not only the first."""

    template = "{count} problem(s) in {file}:\n{listing}"
    hint = "Correct the lines named above; `renderlock schema` prints every key and what it may hold."
    http_status = 422

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(file=file, count=len(self.problems), listing=listing)


class SettingInvalid(UsageError):
    """An environment variable holds what it may not."""

    template = "{name} is {found!r}, but must be {allowed}."
    hint = "Correct or unset {name}."


class KeyNotTaken(UsageError):
    """An API key for a model that takes none."""

    template = "{model} runs on this machine and takes no API key."
    hint = "Leave api_key out, or name the hosted model you meant."


class KeyMissing(UsageError):
    """A hosted model whose key is nowhere; found before anything is spent."""

    template = "{model} needs a key: {missing}."
    hint = "{action}"
    http_status = 401


class KeyFileUnsafe(UsageError):
    """A key file that others can read, or that cannot be read as one."""

    template = "The key file {path} is not used: {reason}."
    hint = "{action}"


class PriceUnknown(UsageError):
    """A budget cannot be kept for a model whose price nobody knows."""

    template = "No price is known for {model}, so a budget of {budget} cannot be kept."
    hint = "Write its price into a file and name it in RENDERLOCK_PRICES (docs/hosted.md), or take the budget out."


class CurrencyMismatch(UsageError):
    """A budget in another currency than the price."""

    template = "The budget is in {budget}, but {model} is paid in {price}; renderlock knows no exchange rates."
    hint = "Give the budget in {price}."


class MissingDependency(UsageError):
    """A feature of an extra that is not installed."""

    template = "{feature} needs {package}, which is not installed."
    hint = "Install it with `pip install 'renderlock[{extra}]'`."


class PackageMissing(MissingDependency):
    """A package beyond the extras, which a user installs by a command of its own."""

    template = "{feature} needs {package}, which {reason}."
    hint = "Install it with `{command}`; docs/upscalers.md says more."
