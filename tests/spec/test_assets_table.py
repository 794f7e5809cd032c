from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from renderlock.errors import ConfigurationError, Problem
from renderlock.spec.assets_table import LARGEST_TABLE_BYTES
from renderlock.spec.pipeline import Asset
from renderlock.spec.pipeline_file import load_pipeline

PIPELINE = """\
review_model: m
assets_from: prompts.csv
vars: {style: in soft light}
seeds: [8]
steps: [{name: quick, model: review}]
"""


@pytest.fixture
def assets_of(write_pipeline: Callable[[str], Path]) -> Callable[[str | bytes], tuple[Asset, ...]]:
    """The assets of a table beside a pipeline that names it."""

    def assets(table: str | bytes) -> tuple[Asset, ...]:
        path = write_pipeline(PIPELINE)
        (path.parent / "prompts.csv").write_bytes(table if isinstance(table, bytes) else table.encode())
        return load_pipeline(path).assets

    return assets


@pytest.fixture
def table_problems(assets_of: Callable[[str | bytes], tuple[Asset, ...]]) -> Callable[[str | bytes], list[Problem]]:
    """The problems of a table."""

    def problems(table: str | bytes) -> list[Problem]:
        with pytest.raises(ConfigurationError) as caught:
            assets_of(table)
        return list(caught.value.problems)

    return problems


AssetsOf = Callable[[str | bytes], tuple[Asset, ...]]
TableProblems = Callable[[str | bytes], list[Problem]]


def test_a_row_is_an_asset_with_every_column(write_pipeline: Callable[[str], Path]) -> None:
    path = write_pipeline(PIPELINE.replace("review", "final").replace("model: final}", "model: final, strength: 0.5}"))
    header = "name,prompt,negative_prompt,seeds,init_image,text,tags"
    (path.parent / "prompts.csv").write_text(f'{header}\nhero,"a cat, red",dogs,1;2,in/cat.png,Sale;Now,cats;red\n')

    (asset,) = load_pipeline(path).assets

    init_image = path.parent / "in/cat.png"
    wanted = Asset("hero", "a cat, red", "dogs", (1, 2), init_image, text=("Sale", "Now"), tags=("cats", "red"))
    assert asset == wanted


def test_an_empty_cell_is_as_if_it_were_not_there(assets_of: AssetsOf) -> None:
    assert assets_of("name,prompt,seeds,tags\nhero,a cat,,\nicon,a fish\n") == (
        Asset("hero", "a cat", seeds=(8,)),
        Asset("icon", "a fish", seeds=(8,)),
    )


def test_cells_take_references(assets_of: AssetsOf) -> None:
    table = "name,prompt,seeds\nhero,a cat ${style},${seeds}\n"

    assert assets_of(table) == (Asset("hero", "a cat in soft light", seeds=(8,)),)


def test_a_spreadsheets_byte_order_mark_and_line_ends_are_read(assets_of: AssetsOf) -> None:
    assert assets_of(b"\xef\xbb\xbfname,prompt\r\nhero,a cat\r\n\r\n") == (Asset("hero", "a cat", seeds=(8,)),)


@pytest.mark.parametrize(
    ("table", "line", "key", "found"),
    [
        ("name,prompt\nhero,a\n,b\n", 3, "assets_from[1].name", "nothing"),
        ("name,prompt\nhero,a\na b,c\n", 3, "assets_from[1].name", "a b"),
        ('name,prompt\nhero,"a\n\nb"\nhero,c\n', 5, "assets_from[1].name", "again"),
        ("name,prompt,seeds\nhero,a,1;x\n", 2, "assets_from[0].seeds[1]", '"x"'),
        ("name,prompt\nhero,a,b\n", 2, "assets_from[0]", "3 cells"),
        ("name,prompt\nhero,${nope}\n", 2, "assets_from[0].prompt", "unknown variable"),
        ("name,promt\nhero,a\n", 1, "assets_from", "promt"),
        ("name;prompt\nhero;a\n", 1, "assets_from", "no column `name`"),
        ("name,prompt,name\nhero,a,b\n", 1, "assets_from", "again"),
        ("", 1, "assets_from", "no column `prompt`"),
        ('name,prompt\nhero,"a\n', 2, "", "unexpected end"),
        (b"name,prompt\nhero,caf\xe9\n", 2, "", "0xE9"),
        ("name,prompt\nhero,a\0b\n", 2, "assets_from[0].prompt", r"a\x00b"),
    ],
)
def test_a_problem_carries_the_tables_own_file_and_line(
    table_problems: TableProblems, table: str | bytes, line: int, key: str, found: str
) -> None:
    problems = table_problems(table)

    assert all(problem.file.endswith("prompts.csv") for problem in problems)
    assert any((problem.line, problem.key) == (line, key) and found in problem.found for problem in problems)


def test_a_misspelt_column_is_met_with_the_nearest_known_one(table_problems: TableProblems) -> None:
    assert "prompt" in {problem.suggestion for problem in table_problems("name,promt\nhero,a\n")}


def test_a_name_in_both_the_table_and_the_file_is_refused(write_pipeline: Callable[[str], Path]) -> None:
    path = write_pipeline(PIPELINE + "assets: [{name: hero, prompt: a}]\n")
    (path.parent / "prompts.csv").write_text("name,prompt\nicon,b\nHero,c\n")

    with pytest.raises(ConfigurationError) as caught:
        load_pipeline(path)

    (problem,) = caught.value.problems
    assert (problem.file, problem.line) == (str(path.parent / "prompts.csv"), 3)
    assert f"{path}:6:17" in problem.allowed


def test_assets_of_the_file_stand_before_those_of_the_table(write_pipeline: Callable[[str], Path]) -> None:
    path = write_pipeline(PIPELINE + "assets: [{name: hero, prompt: a}]\n")
    (path.parent / "prompts.csv").write_text("name,prompt\nicon,b\n")

    assert [asset.name for asset in load_pipeline(path).assets] == ["hero", "icon"]


def test_a_table_that_is_not_there_is_a_problem_where_it_is_named(write_pipeline: Callable[[str], Path]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        load_pipeline(write_pipeline(PIPELINE))

    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.key) == (2, 14, "assets_from")


def test_a_table_beyond_the_bound_is_refused_by_its_size(table_problems: TableProblems) -> None:
    (problem,) = table_problems(b"x" * (LARGEST_TABLE_BYTES + 1))

    assert "bytes" in problem.allowed


def test_text_of_a_table_is_what_the_pictures_must_carry(write_pipeline: Callable[[str], Path]) -> None:
    path = write_pipeline(PIPELINE.replace("review", "final"))
    (path.parent / "prompts.csv").write_text("name,prompt,text\nicon,b,Sale\n")

    texts = {asset.name: asset.text for asset in load_pipeline(path).assets}

    assert texts["icon"] == ("Sale",)
