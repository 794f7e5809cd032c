"""The upscaler study as one self-contained HTML page."""

from __future__ import annotations

import base64

from renderlock.actions.pages.html import page_templates
from renderlock.actions.pages.pareto import Place, Plot, lay_out
from renderlock.actions.upscale_report_values import StudyValues, headline_of


def render_study_html(values: StudyValues, *, machine: str, budget_text: str = "") -> str:
    """The page: the choice for each class, the plot of each factor, the same place by each, all figures, the method."""
    classes = values.classes if len(values.classes) > 1 else ()
    tables = [("All pictures", values.rows), *((f"Class {one.name}", one.rows) for one in classes)]
    samples = [
        (
            sample,
            [
                (label, f"data:image/png;base64,{base64.b64encode(data).decode()}", sample.note_on(label, values))
                for label, data in sample.crops
            ],
        )
        for sample in values.samples
    ]
    return (
        page_templates()
        .get_template("upscale_study.html")
        .render(
            values=values,
            notice="",
            headline=headline_of(values),
            plots=[(factor, plot_of(values, factor)) for factor in values.factors],
            samples=samples,
            tables=tables,
            with_text=any(row.text_error is not None for row in values.rows),
            machine=machine,
            budget_text=budget_text,
            busy=values.busy,
        )
    )


def plot_of(values: StudyValues, factor: int) -> Plot:
    """The plot of one factor over all pictures."""
    return lay_out([Place(row.upscaler, row.cpu_s, row.ssim, row.on_front, row.refused) for row in values.at(factor)])
