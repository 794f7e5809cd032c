"""What an upscaler study shows, as values: the page, the picture and the JSON are made from these alone."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

from renderlock.actions.upscale_table import Choice, Row


@dataclass(frozen=True)
class Sample:
    """The same place of one picture by every upscaler: label and PNG bytes, the original last."""

    asset_class: str
    factor: int
    crops: tuple[tuple[str, bytes], ...]

    def note_on(self, label: str, values: StudyValues) -> str:
        """What is to be known of a crop: that it was chosen for its class, or that the gate refuses its upscaler."""
        mine = [one for one in values.classes if one.name == self.asset_class]
        if any(one.choice.upscaler == label for one in mine):
            return "chosen"
        rows = [row for one in mine for row in one.rows if (row.upscaler, row.factor) == (label, self.factor)]
        return "refused" if any(row.refused for row in rows) else ""


@dataclass(frozen=True)
class ClassFigures:
    """One class of pictures: how many, its choice, and a row for each upscaler and factor."""

    name: str
    pictures: int
    choice: Choice
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class StudyValues:
    """A whole study; `rows` are over all pictures, `left_out` says why an upscaler has none."""

    title: str
    subtitle: str
    rows: tuple[Row, ...]
    classes: tuple[ClassFigures, ...]
    samples: tuple[Sample, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def factors(self) -> tuple[int, ...]:
        """The factors that were tried."""
        return tuple(sorted({row.factor for row in self.rows}))

    @property
    def busy(self) -> float:
        """How many times longer the wall showed than the processor worked, in the middle of all rows."""
        return median(row.p50_s / row.cpu_s for row in self.rows if row.cpu_s > 0) if self.rows else 1.0

    def at(self, factor: int) -> tuple[Row, ...]:
        """The rows of one factor."""
        return tuple(row for row in self.rows if row.factor == factor)


def headline_of(values: StudyValues) -> str:
    """The study's finding in one sentence."""
    chosen = {one.choice.upscaler for one in values.classes}
    if len(chosen) == 1:
        return f"{chosen.pop()} is the choice for all pictures."
    parts = [f"{one.choice.upscaler} for {one.name}" for one in values.classes]
    return f"The choice is {', '.join(parts[:-1])} and {parts[-1]}."
