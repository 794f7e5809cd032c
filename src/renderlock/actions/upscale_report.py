"""The files of an upscaler study: one page, one picture, one JSON document, and the events that planning reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from renderlock.actions.machine import host_name
from renderlock.actions.pages.upscale_study_page import render_study_html
from renderlock.actions.pages.upscale_study_picture import draw_study_png
from renderlock.actions.report_stamp import Stamp, read_stamp, refuse_foreign, write_stamp
from renderlock.actions.upscale_keeping import environment_of
from renderlock.actions.upscale_report_values import ClassFigures, Sample, StudyValues
from renderlock.actions.upscale_study import Study
from renderlock.actions.upscale_table import choices_of, rows_of
from renderlock.actions.upscale_timings import PACE, STEP, TIMING_KIND
from renderlock.actions.user_files import write_user_file
from renderlock.imaging.pixels import encode_png
from renderlock.store.records import NewEvent
from renderlock.store.store import Store

NAMES = ("upscaler-study.html", "upscaler-study.png", "upscaler-study.json")
STUDY_FORMAT = "renderlock upscaler study 1"


def study_values(study: Study, title: str, budget_s: float | None) -> StudyValues:
    """What the study shows."""
    classes = tuple(
        ClassFigures(choice.asset_class, len({one.picture for one in mine}), choice, rows_of(mine))
        for choice in choices_of(study, budget_s)
        for mine in [[one for one in study.tried if one.asset_class == choice.asset_class]]
    )
    pictures = len({one.picture for one in study.tried})
    subtitle = f"{pictures} pictures · factors {', '.join(map(str, study.options.factors))}"
    return StudyValues(title, subtitle, rows_of(study.tried), classes, tuple(_samples(study)), study.left_out)


def write_study(study: Study, values: StudyValues, out: Path, *, budget_s: float | None) -> tuple[Path, ...]:
    """Writes the three files into `out`; raises `WouldOverwrite` for a file of such a name that is no study's."""
    before = read_stamp(out)
    refuse_foreign(out, NAMES, before)
    budget = "" if budget_s is None else f" and take at most {budget_s:g} s/MP in 95 % of the cases"
    machine = "Measured on " + ", ".join(f"{name} {value}" for name, value in study.machine) + "."
    contents = (
        render_study_html(values, machine=machine, budget_text=budget).encode(),
        encode_png(draw_study_png(values), {}),
        json.dumps(study_to_json(study, values), indent=2, ensure_ascii=False).encode(),
    )
    write_stamp(out, Stamp("", dict.fromkeys(NAMES, 0)))
    for name, data in zip(NAMES, contents, strict=True):
        write_user_file(out / name, data)
    write_stamp(out, Stamp("", {name: len(data) for name, data in zip(NAMES, contents, strict=True)}))
    return tuple(out / name for name in NAMES)


def study_to_json(study: Study, values: StudyValues) -> dict[str, object]:
    """The study as data: choices, rows over all pictures and by class, and every trial."""
    return {
        "format": STUDY_FORMAT,
        "machine": dict(study.machine),
        "options": asdict(study.options),
        "choices": {one.name: asdict(one.choice) for one in values.classes},
        "rows": [asdict(row) for row in values.rows],
        "classes": {one.name: [asdict(row) for row in one.rows] for one in values.classes},
        "left_out": dict(study.left_out),
        "trials": [{"picture": one.picture, "class": one.asset_class, **asdict(one.trial)} for one in study.tried],
    }


def keep_timings(store: Store, values: StudyValues) -> int:
    """Keeps a timing event for each upscaler and factor, for planning; gives how many."""
    now, environment = datetime.now(UTC), environment_of().fingerprint
    for row in values.rows:
        fields = (
            ("work", STEP),
            ("model", row.upscaler),
            ("factor", str(row.factor)),
            ("seconds_per_megapixel_p50", f"{row.p50_s:.4f}"),
            (PACE, f"{row.p95_s:.4f}"),
            ("cpu_seconds_per_megapixel", f"{row.cpu_s:.4f}"),
            ("peak_bytes", "" if row.peak_bytes is None else str(row.peak_bytes)),
            ("environment", environment),
            ("host", host_name()),
        )
        store.append(NewEvent(TIMING_KIND, row.upscaler, "renderlock", now, fields))
    return len(values.rows)


def _samples(study: Study) -> Iterator[Sample]:
    """For each class a telling place of the first picture at the largest factor, by each upscaler, and the original."""
    factor = max(study.options.factors)
    for name in study.classes:
        mine = [one for one in study.tried if one.asset_class == name and one.trial.factor == factor]
        first = [one for one in mine if one.picture == mine[0].picture]
        crops = tuple((one.trial.upscaler, one.sample()) for one in first)
        if crops:
            yield Sample(name, factor, (*crops, ("the original", first[0].sample(original=True))))
