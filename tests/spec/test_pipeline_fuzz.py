"""Whatever a file holds, loading it gives a pipeline or a `ConfigurationError`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.errors import ConfigurationError, Problem
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.spec.pipeline_model import AssetModel, PipelineModel, StepModel

_KEYS = sorted({*PipelineModel.model_fields, *AssetModel.model_fields, *StepModel.model_fields, "vars", "at", "x"})
_WORDS = ["review", "${review_model}", "${x}", "${x.y}", "$${", "*a", "&a b", "!t", "512", "1x1", "auto", "-1", ".nan"]
_FRAGMENTS = st.sampled_from(
    [
        *_KEYS,
        *_WORDS,
        ": ",
        ":",
        "- ",
        "\n",
        "\n  ",
        "\n    ",
        "{",
        "}",
        "[",
        "]",
        ",",
        '"',
        "'",
        "|",
        "#",
        "\t",
        "é",
        "💡",
    ]
)
_SCALARS = st.sampled_from([*_WORDS, "é", "", "quick"]) | st.none() | st.booleans() | st.integers() | st.floats()
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_KEYS), inner, max_size=4),
    max_leaves=25,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz") / "pipeline.yml"


def problems_of(path: Path, content: bytes) -> Sequence[Problem]:
    path.write_bytes(content)
    try:
        load_pipeline(path)
    except ConfigurationError as error:
        return error.problems or pytest.fail("an error without a problem")
    return ()


def load(path: Path, content: bytes) -> None:
    assert all(problem.line >= 1 and problem.column >= 1 for problem in problems_of(path, content))


@given(fragments=st.lists(_FRAGMENTS, max_size=60))
def test_text_that_looks_like_yaml_never_breaks_loading(file: Path, fragments: list[str]) -> None:
    load(file, "".join(fragments).encode())


@given(content=st.binary(max_size=200))
def test_bytes_never_break_loading(file: Path, content: bytes) -> None:
    load(file, content)


@given(text=st.text(max_size=200))
def test_text_never_breaks_loading(file: Path, text: str) -> None:
    load(file, text.encode("utf-8", "surrogatepass"))


def flow(value: object) -> str:
    match value:
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{key}: {flow(item)}" for key, item in value.items()) + "}"
        case str():
            return f'"{value}"'
        case None:
            return "~"
        case _:
            return str(value).lower()


@given(values=st.dictionaries(st.sampled_from(sorted(PipelineModel.model_fields)), _VALUES, max_size=6), step=_VALUES)
def test_values_of_any_kind_under_any_key_never_break_loading(
    file: Path, values: dict[str, object], step: object
) -> None:
    load(file, flow({"review_model": "m", "steps": [step, {"name": "quick", "model": "review"}], **values}).encode())
