"""The variance report as JSON and as plain text."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.actions.drawn_variants import draw_variant, five_variants, variance_values

from renderlock.actions.variance_texts import FIGURE_LABELS, FORMAT, variance_to_json, variance_to_text
from renderlock.metrics.table import metric_named


def test_the_json_is_plain_json_and_names_variants_by_number_and_seed() -> None:
    found = json.loads(json.dumps(variance_to_json(variance_values(five_variants())), allow_nan=False))
    assert found["format"] == FORMAT == "renderlock-variance/1"
    assert found["farthest"] == {"number": 5, "seed": 104, "address": "rl/0005"}
    assert [variant["seed"] for variant in found["variants"]] == [100, 101, 102, 103, 104]
    assert np.array(found["distances"]).shape == (5, 5)
    assert np.array(found["occupancy"]).shape == (12, 12)


def test_the_json_of_one_variant_has_nulls_where_nothing_can_be_said() -> None:
    found = variance_to_json(variance_values([np.full((32, 32, 3), 9, np.uint8)]))
    assert found["farthest"] is None
    variants = found["variants"]
    assert isinstance(variants, list)
    assert variants[0]["centre_percent"] is None


def test_every_key_of_the_json_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "variance.md").read_text(encoding="utf-8")
    for key in variance_to_json(variance_values(five_variants())):
        assert f"`{key}`" in page


def test_every_figure_has_a_label_and_a_metric_of_the_table() -> None:
    for figure in variance_values(five_variants()).report.figures:
        assert FIGURE_LABELS[figure.metric]
        assert metric_named(figure.metric.partition(":")[0]).unit


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_text_has_a_line_a_variant_within_a_terminal(count: int) -> None:
    lines = variance_to_text(variance_values(five_variants()[:count])).splitlines()
    assert sum(line.split()[:1] == [str(number)] for number in range(1, count + 1) for line in lines) == count
    assert max(len(line) for line in lines) <= 120


def test_the_text_marks_what_sets_a_variant_apart() -> None:
    lines = variance_to_text(variance_values([*five_variants(), draw_variant(0.4, 0.5)])).splitlines()
    assert lines[-1].endswith("same as 1")


def test_columns_stay_aligned_with_the_largest_seed() -> None:
    values = variance_values(five_variants())
    rows = variance_to_text(values).splitlines()[-5:]
    assert len({row.index(" dB") for row in rows}) == 1
