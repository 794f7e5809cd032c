"""The way to a provider: where keys may go, what may be fetched, and what a person is told before anything is sent."""

from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest
from tests.engines.hosted_contract import QUICK

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.hosted.engine import HostedEngine
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.resolve import Request, resolve
from renderlock.engines.table import open_engine
from renderlock.errors import BadAnswer, KeyRefused, ModelRetired, ModelUnavailable, NotCapable, SettingInvalid
from renderlock.settings import KeyRing
from renderlock.spec.recipe import Recipe, Size
from renderlock.testing import serve

KEY = "ideogram-key-0123456789abcdef"


def engine_of(reference: str, hosted: HostedOptions, *, offline: bool = False) -> HostedEngine:
    engine = open_engine(reference, EngineOptions(offline=offline, api_key=KEY, hosted=hosted))
    assert isinstance(engine, HostedEngine)
    return engine


def recipe_of(engine: HostedEngine) -> Recipe:
    return resolve(Request("a star", 1), engine.identify(), engine.capabilities, "refuse").recipe


def test_a_key_is_not_sent_in_clear_text_to_another_machine() -> None:
    engine = engine_of("ideogram-v2", HostedOptions(urls={"ideogram": "http://provider.example"}))
    with pytest.raises(SettingInvalid, match="RENDERLOCK_URL_IDEOGRAM"):
        engine.prepare()


def test_offline_no_machine_but_this_one_is_called() -> None:
    engine = engine_of("ideogram-v2", HostedOptions(), offline=True)
    with pytest.raises(ModelUnavailable, match="RENDERLOCK_OFFLINE"):
        engine.render(recipe_of(engine), None, Unwatched())
    engine_of("ideogram-v2", HostedOptions(urls={"ideogram": "http://127.0.0.1:9"}), offline=True).prepare()


def test_a_retired_model_is_refused_before_the_call_also_where_the_override_names_no_address() -> None:
    for hosted in (HostedOptions(), HostedOptions(allow_retired=True), HostedOptions(urls={"imagen": "https://mine"})):
        with pytest.raises(ModelRetired, match="2026-08-17") as retired:
            engine_of("imagen-4-generate", hosted).prepare()
        assert "renderlock lock --change ROLE --to nano-banana-2" in retired.value.advice
    engine_of("imagen-4-generate", HostedOptions(urls={"imagen": "https://mine"}, allow_retired=True)).prepare()


def test_a_size_the_model_has_not_is_refused_with_the_nearest_before_anything_is_written() -> None:
    engine = engine_of("ideogram-v2", HostedOptions())
    recipe = Recipe(engine.identify().key, "a star", 1, Size(500, 500))
    with pytest.raises(NotCapable, match="nearest it renders is 1024x1024"):
        engine.render(recipe, None, Unwatched())


def test_pictures_of_other_hosts_are_not_fetched_unless_they_are_allowed() -> None:
    for allowed, fetches in (((), 0), (("localhost",), 1)):
        with serve("ideogram", faults=["foreign-host"], pictures="sketch") as server:
            hosted = HostedOptions(urls={"ideogram": server.url}, patience=QUICK, picture_hosts=allowed)
            engine = open_engine("ideogram-v2", EngineOptions(api_key=server.key, hosted=hosted))
            assert isinstance(engine, HostedEngine)
            if allowed:
                engine.render(recipe_of(engine), None, Unwatched())
            else:
                with pytest.raises(BadAnswer, match="localhost"):
                    engine.render(recipe_of(engine), None, Unwatched())
            assert server.foreign_fetches == fetches
            engine.close()


def test_no_key_is_in_a_log_a_traceback_or_a_repr_of_a_failing_call(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with serve("ideogram", pictures="sketch") as server:
        ring = KeyRing({"IDEOGRAM_API_KEY": KEY}, Path("/nowhere"))
        hosted = HostedOptions(urls={"ideogram": server.url}, keys=ring, patience=QUICK)
        engine = open_engine("ideogram-v2", EngineOptions(hosted=hosted))
        assert isinstance(engine, HostedEngine)
        with pytest.raises(KeyRefused) as refused:
            engine.render(recipe_of(engine), None, Unwatched())
        shown = traceback.TracebackException.from_exception(refused.value, capture_locals=True).format()
        engine.close()

    assert caplog.text
    assert KEY not in caplog.text
    assert KEY not in "".join(shown)
    assert KEY not in repr((engine.channel, engine.options, ring, EngineOptions(api_key=KEY)))
