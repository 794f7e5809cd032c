"""The table of metrics: complete, importable, documented."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from renderlock.errors import UnknownName
from renderlock.metrics.table import METRICS, MetricFacts, metric_named

_PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("facts", METRICS, ids=lambda facts: facts.name)
def test_each_metric_names_a_module_that_names_it(facts: MetricFacts) -> None:
    found = metric_named(facts.name)
    module = import_module(f"renderlock.metrics.{found.module}")
    assert module.__file__ is not None
    assert re.fullmatch(r"[a-z]+/[a-z0-9]+@\d+", found.name)


@pytest.mark.parametrize("facts", METRICS, ids=lambda facts: facts.name)
def test_the_metrics_page_has_every_metric(facts: MetricFacts) -> None:
    page = (_PROJECT / "docs" / "metrics.md").read_text()
    assert f"`{facts.name}`" in page


def test_an_unknown_metric_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownName) as caught:
        metric_named("layout/occ@0")
    assert "layout/occ@1" in caught.value.advice


def test_importing_renderlock_loads_no_metric() -> None:
    code = "import sys, renderlock; print([name for name in sys.modules if 'metrics' in name or 'skimage' in name])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
