"""What every error is: a sentence with facts, what to do next, an exit code and an HTTP status."""

from __future__ import annotations

from typing import ClassVar


class RenderlockError(Exception):
    """Base of all errors a user can meet: a sentence with facts, a hint, an exit code, an HTTP status."""

    template: ClassVar[str] = "{reason}"
    hint: ClassVar[str] = ""
    exit_code: ClassVar[int] = 3
    http_status: ClassVar[int] = 500

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.template.format(**facts))

    @property
    def advice(self) -> str:
        """What to do next, with this error's facts filled in."""
        return self.hint.format(**self.facts)


class UsageError(RenderlockError):
    """What was asked cannot be done as asked."""

    hint = "See `renderlock --help`."
    exit_code = 2
    http_status = 400


class Interrupted(RenderlockError):
    """A person stopped the work; everything finished is kept."""

    template = "Stopped. {done} picture(s) finished are kept."
    hint = "Run the same command again to go on."
    exit_code = 130
    http_status = 499
