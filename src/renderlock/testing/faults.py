"""Faults as data: what a loopback provider does wrong, and on which calls.

A fault is named here and nowhere else; each provider says which of the names it can act on, and `serve` refuses
the others, so that no rehearsal passes because a fault did nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Literal, get_args

from renderlock.errors import UnknownName, UsageError

Target = Literal["generate", "picture", "poll"]
"""What is counted: generation requests that passed every check, downloads of a picture, and polls or listings."""


@dataclass(frozen=True)
class FaultFacts:
    """What a fault does, on which calls unless told otherwise, and its seconds where nobody says."""

    summary: str
    target: Target = "generate"
    seconds: float = 0.0


FAULTS: dict[str, FaultFacts] = {
    "rate-limit": FaultFacts("429 that does not say when to come back"),
    "rate-limit-retry-after": FaultFacts("429 with a Retry-After header of SECONDS", seconds=1.0),
    "rate-limit-retry-info": FaultFacts("429 with Google's RetryInfo of SECONDS in the body", seconds=0.1),
    "payment-required": FaultFacts("402: no credit is left"),
    "server-error": FaultFacts("500, nothing accepted"),
    "unavailable": FaultFacts("503, nothing accepted"),
    "retired-model": FaultFacts("the provider's answer for a model that is gone"),
    "prompt-blocked": FaultFacts("the prompt is refused by the safety check"),
    "slow-answer": FaultFacts("accepted; the first byte comes SECONDS late", seconds=5.0),
    "slow-body": FaultFacts("accepted; the body trickles over SECONDS", seconds=5.0),
    "cut-before-answer": FaultFacts("accepted; the connection closes without an answer"),
    "cut-in-body": FaultFacts("accepted; the connection closes half-way through the body"),
    "garbage-json": FaultFacts("accepted; 200 with a body that is no JSON"),
    "truncated-base64": FaultFacts("accepted; the picture's base64 stops in the middle of a group"),
    "truncated-picture": FaultFacts("accepted; the picture's bytes stop half-way"),
    "not-a-picture": FaultFacts("accepted; an HTML page in the picture's place"),
    "wrong-mime": FaultFacts("accepted; a PNG that is called a JPEG"),
    "huge-picture": FaultFacts("accepted; a sound picture of 40 megapixels"),
    "bomb-picture": FaultFacts("accepted; a picture of a hundred kilobytes that decodes to 900 megapixels"),
    "expired-link": FaultFacts("accepted; the picture's link has expired already"),
    "foreign-host": FaultFacts("accepted; the picture's link leads to another host"),
    "one-filtered": FaultFacts("accepted; one picture of several is filtered"),
    "all-filtered": FaultFacts("accepted; every picture is filtered"),
    "unsafe": FaultFacts("accepted and billed; 200 that calls the picture unsafe and holds none"),
    "text-only": FaultFacts("accepted; 200 with a text and no picture"),
    "no-image": FaultFacts("accepted; 200 that says that no picture came about"),
    "deprecation-headers": FaultFacts("the answer announces the end of this endpoint"),
    "failed-later": FaultFacts("accepted; the job fails while it is polled"),
    "out-of-memory": FaultFacts("the server's device runs out of memory"),
    "node-errors": FaultFacts("200 that drops some outputs of the workflow"),
    "execution-error": FaultFacts("accepted; a node of the workflow raises"),
    "no-socket": FaultFacts("the progress socket is refused", target="poll"),
    "cut-socket": FaultFacts("the progress socket closes while the work goes on", target="poll"),
}
"""Every fault by name."""

ON_THE_WIRE = frozenset({"slow-answer", "slow-body", "cut-before-answer", "cut-in-body"})
REFUSALS = frozenset({"rate-limit", "rate-limit-retry-after", "server-error", "unavailable"})
IN_THE_PICTURE = frozenset({"truncated-picture", "not-a-picture", "wrong-mime", "huge-picture", "bomb-picture"})
EVERYWHERE = ON_THE_WIRE | REFUSALS | IN_THE_PICTURE | {"garbage-json"}
"""What every provider can do wrong."""


@dataclass(frozen=True)
class Fault:
    """One fault: it strikes `times` calls in a row from the `nth` one on (0 times: for ever), counted from 1.

    `on` overrides which calls are counted; `seconds` is the fault's time where it has one. Both are filled in from
    `FAULTS` where they are left out. Raises `UnknownName` for a name that is not there, `UsageError` for a count
    that cannot be.
    """

    name: str
    nth: int = 1
    times: int = 1
    on: Target | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        facts = FAULTS.get(self.name)
        if facts is None:
            near = get_close_matches(self.name, FAULTS, 1)
            raise UnknownName(kind="fault", name=self.name, known=", ".join(near or sorted(FAULTS)))
        if self.nth < 1 or self.times < 0:
            raise UsageError(reason=f"The fault {self.name} needs nth of 1 or more and times of 0 or more.")
        object.__setattr__(self, "on", self.on or facts.target)
        object.__setattr__(self, "seconds", facts.seconds if self.seconds is None else self.seconds)

    @property
    def time_s(self) -> float:
        """The fault's time in seconds."""
        return self.seconds or 0.0

    def strikes(self, count: int) -> bool:
        """Whether the `count`th call of its kind is struck."""
        return count >= self.nth and (self.times == 0 or count < self.nth + self.times)


def parse_fault(text: str) -> Fault:
    """The fault that `name` or `name:nth=2,times=3,seconds=0.5,on=picture` names; raises as `Fault` does."""
    name, _, rest = text.partition(":")
    fault = Fault(name)
    for pair in filter(None, rest.split(",")):
        key, _, value = pair.partition("=")
        fault = _with(fault, key.strip(), value.strip(), text)
    return fault


def faults_of(faults: Iterable[Fault | str]) -> tuple[Fault, ...]:
    """The faults, with names and texts among them read."""
    return tuple(fault if isinstance(fault, Fault) else parse_fault(fault) for fault in faults)


class Script:
    """Counts the calls of each kind and says which faults strike one."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._faults = faults
        self._counts: Counter[Target] = Counter()

    def strike(self, target: Target) -> tuple[Fault, ...]:
        """Counts one call and gives the faults that strike it."""
        self._counts[target] += 1
        return tuple(fault for fault in self._faults if fault.on == target and fault.strikes(self._counts[target]))


def _with(fault: Fault, key: str, value: str, text: str) -> Fault:
    try:
        match key:
            case "nth":
                return replace(fault, nth=int(value))
            case "times":
                return replace(fault, times=int(value))
            case "seconds":
                return replace(fault, seconds=float(value))
            case "on":
                return replace(fault, on=_target(value))
    except ValueError as error:
        raise UsageError(reason=f"The fault {text!r} cannot be read: {error}.") from error
    raise UsageError(reason=f"The fault {text!r} has no {key!r}; it can have nth, times, seconds and on.")


def _target(value: str) -> Target:
    for target in get_args(Target):
        if value == target:
            return target  # type: ignore[no-any-return]  # get_args is untyped; the comparison proves it
    raise ValueError(f"on is {value!r}, not one of {', '.join(get_args(Target))}")
