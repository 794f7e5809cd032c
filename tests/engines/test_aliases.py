"""Every alias opens the model it stands for, and every price note is of a model there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.engines.aliases import ALIASES, full_reference
from renderlock.engines.base import EngineOptions, Hosted
from renderlock.engines.hosted.engine import HostedEngine
from renderlock.engines.hosted.prices import our_prices, price_of
from renderlock.engines.resolve import Request, resolve
from renderlock.engines.table import open_engine
from renderlock.errors import InputUnusable, NotCapable, UnknownName
from renderlock.spec.recipe import Init, Size

PAGE = (Path(__file__).parents[2] / "docs" / "hosted.md").read_text("utf-8")

OWN = """{"format": "renderlock prices 1", "rows": [
  {"model": "ideogram:V_2", "amount": "0.05", "currency": "EUR", "date": "2026-11-01"}]}"""


@pytest.mark.parametrize("name", ALIASES)
def test_the_page_of_hosted_models_names_every_alias(name: str) -> None:
    assert f"`{name}`" in PAGE


@pytest.mark.parametrize("name", ALIASES)
def test_the_page_names_every_variable_that_may_hold_a_key(name: str) -> None:
    engine = open_engine(name, EngineOptions())
    assert isinstance(engine, HostedEngine)
    assert not [key for key in engine.model.provider.key_variables if f"`{key}`" not in PAGE]


@pytest.mark.parametrize("name", ALIASES)
def test_an_alias_opens_the_model_it_stands_for(name: str) -> None:
    engine = open_engine(name, EngineOptions())
    assert engine.identify() == open_engine(ALIASES[name], EngineOptions()).identify()
    assert engine.identify().key.reference == ALIASES[name]
    assert isinstance(engine, Hosted)
    assert engine.capabilities.hosted


def test_options_of_a_model_are_part_of_its_identity_in_any_order() -> None:
    plain = open_engine("ideogram-v2", EngineOptions()).identify()
    one = open_engine("ideogram-v2?style=DESIGN&magic_prompt=ON", EngineOptions()).identify()
    two = open_engine("ideogram:V_2?magic_prompt=ON&style=DESIGN", EngineOptions()).identify()
    assert one == two
    assert one.key != plain.key
    assert full_reference("embedded") == "embedded"


@pytest.mark.parametrize(
    ("reference", "told"),
    [
        ("ideogram:V_9", "Did you mean"),
        ("ideogram-v2?magic_promt=ON", "Did you mean magic_prompt"),
        ("ideogram-v2?style=LOUD", "GENERAL"),
        ("imagen:imagen-3", "imagen-4.0-generate-001"),
        ("gemini:gemini-9", "gemini-3.1-flash-image"),
        ("nano-banana?thinking=high", "none"),
        ("ideogram-v22", "Did you mean ideogram-v2"),
    ],
)
def test_an_unknown_model_or_option_is_named_with_what_there_is(reference: str, told: str) -> None:
    with pytest.raises(UnknownName) as unknown:
        open_engine(reference, EngineOptions())
    assert told in f"{unknown.value} {unknown.value.advice}"


@pytest.mark.parametrize("note", our_prices(), ids=lambda note: note.model)
def test_every_price_note_is_dated_sourced_and_of_a_model_there_is(note: object) -> None:
    notes = [one for one in our_prices() if one == note]
    assert notes[0].date.startswith("2026-")
    assert notes[0].source
    assert open_engine(notes[0].model, EngineOptions()).identify().key.reference == notes[0].model


def test_a_price_depends_on_the_size_where_the_provider_says_so() -> None:
    small, large = (price_of("gemini:gemini-3.1-flash-image", Size(side, side)) for side in (512, 1024))
    assert small is not None
    assert large is not None
    assert small.cost.amount < large.cost.amount
    assert price_of("gemini:gemini-3.1-flash-image", Size(4096, 4096)) is None
    assert price_of("gemini:vertex/gemini-3.1-flash-image", Size(1024, 1024)) == large


def test_a_price_file_of_ones_own_comes_first(tmp_path: Path) -> None:
    path = tmp_path / "prices.json"
    path.write_text(OWN)
    mine, theirs = price_of("ideogram:V_2", Size(1, 1), path), price_of("ideogram:V_2A", Size(1, 1), path)
    assert str(mine) == "0.05 EUR a picture (2026-11-01, your own price file)"
    assert theirs is not None
    path.write_text('{"rows": []}')
    with pytest.raises(InputUnusable):
        price_of("ideogram:V_2", Size(1, 1), path)


def test_a_seed_beyond_the_models_range_is_refused_or_recorded() -> None:
    engine = open_engine("ideogram-v2", EngineOptions())
    request = Request("a star", 2**31 + 5)
    with pytest.raises(NotCapable, match="seeds up to 2147483647"):
        resolve(request, engine.identify(), engine.capabilities, "refuse")
    resolved = resolve(request, engine.identify(), engine.capabilities, "record")
    assert resolved.recipe.seed == 5
    assert [deviation.field for deviation in resolved.deviations] == ["seed"]


def test_a_strength_that_a_model_cannot_follow_is_refused_or_recorded() -> None:
    engine = open_engine("nano-banana", EngineOptions())
    request = Request("a star", 1, size=Size(1024, 1024), init=Init("0" * 64, 0.4))
    with pytest.raises(NotCapable, match="strength"):
        resolve(request, engine.identify(), engine.capabilities, "refuse")
    resolved = resolve(request, engine.identify(), engine.capabilities, "record")
    assert resolved.recipe.init == Init("0" * 64, 0.4)
    assert [deviation.field for deviation in resolved.deviations] == ["strength"]
