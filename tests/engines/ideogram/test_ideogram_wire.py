"""What Ideogram is sent, field by field, and what becomes of its ways to answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from tests.engines.hosted_contract import QUICK

from renderlock.actions.calls.book import read_book
from renderlock.actions.calls.journal import StoreJournal
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.describing import DescribingEngine
from renderlock.engines.hosted.connections import Connections
from renderlock.engines.hosted.engine import HostedEngine
from renderlock.engines.hosted.journal import Journal, Unjournalled
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.ideogram.engine import LegacyEngine, open_model
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import (
    Interrupted,
    MayBeBilled,
    ModelRetired,
    NotCapable,
    PictureElsewhere,
    PriceUnknown,
    RecipeError,
    SafetyBlocked,
    UnknownName,
)
from renderlock.imaging.pixels import digest_pixels, encode_png
from renderlock.spec.money import Cost
from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.store import Store
from renderlock.testing import serve
from renderlock.testing.server import Server

WIDE = Size(1536, 512)
PICTURE = np.random.default_rng(3).integers(0, 256, (512, 1536, 3), dtype=np.uint8)


@contextmanager
def opened(
    server: Server, model: str, journal: Journal | None = None, connections: Connections | None = None
) -> Iterator[HostedEngine]:
    with closing(connections or Connections()) as connected:
        hosted = HostedOptions(
            urls={"ideogram": server.url}, journal=journal or Unjournalled(), patience=QUICK, connections=connected
        )
        engine = open_model(model, EngineOptions(api_key=server.key, hosted=hosted))
        assert isinstance(engine, HostedEngine)
        yield engine


def recipe_of(engine: HostedEngine, prompt: str = "a star", *, seed: int = 7, init: Init | None = None) -> Recipe:
    wish = Request(prompt, seed, size=WIDE, negative_prompt="blur" if engine.capabilities.negative_prompt else "")
    wish = Request(prompt, seed, WIDE, wish.negative_prompt, init=init)
    return resolve(wish, engine.identify(), engine.capabilities, "refuse").recipe


def sent(server: Server, path: str) -> dict[str, object]:
    """The body of the last request to a path."""
    body = [call.body for call in server.calls if call.path == path][-1]
    assert isinstance(body, dict)
    return body


@pytest.mark.parametrize(
    ("model", "path", "fields"),
    [
        ("V_1", "/generate", {"model": "V_1", "aspect_ratio": "ASPECT_3_1", "negative_prompt": "blur"}),
        ("V_2", "/generate", {"model": "V_2", "resolution": "RESOLUTION_1536_512", "negative_prompt": "blur"}),
        ("V_2A_TURBO", "/generate", {"model": "V_2A_TURBO", "aspect_ratio": "ASPECT_3_1"}),
        (
            "V_2?magic_prompt=AUTO&style=DESIGN",
            "/generate",
            {
                "model": "V_2",
                "resolution": "RESOLUTION_1536_512",
                "negative_prompt": "blur",
                "magic_prompt_option": "AUTO",
                "style_type": "DESIGN",
            },
        ),
    ],
)
def test_the_legacy_api_gets_exactly_these_fields(model: str, path: str, fields: dict[str, object]) -> None:
    with serve("ideogram", pictures="sketch") as server, opened(server, model) as engine:
        engine.render(recipe_of(engine), None, Unwatched())
        always = {"prompt": "a star", "seed": 7, "num_images": 1, "magic_prompt_option": "OFF"}
        assert sent(server, path) == {"image_request": always | fields}
        assert {call.auth for call in server.calls if call.path == path} == {"api-key"}
        # The picture's host gets the link's own signature and no key.
        assert {call.auth for call in server.calls if "ephemeral" in call.path} == {"sig"}


def test_the_newer_apis_get_exactly_these_fields() -> None:
    with serve("ideogram", pictures="sketch") as server:
        with opened(server, "V_3?speed=TURBO") as engine:
            engine.render(recipe_of(engine), None, Unwatched())
        with opened(server, "v2/ideogram-2?speed=quality") as engine:
            engine.render(recipe_of(engine), None, Unwatched())

        common = {"prompt": "a star", "seed": 7, "num_images": 1, "negative_prompt": "blur"}
        third = {"resolution": "1536x512", "rendering_speed": "TURBO", "magic_prompt": "OFF"}
        second = {"aspect_ratio": "3x1", "rendering_speed": "quality", "magic_prompt": "off", "async": True}
        assert sent(server, "/v1/ideogram-v3/generate") == common | third
        assert sent(server, "/v2/image/generate/ideogram-2") == common | second


@pytest.mark.parametrize(("strength", "weight"), [(1.0, 1), (0.75, 25), (0.3, 70), (0.001, 100)])
def test_img2img_is_a_remix_whose_weight_keeps_what_the_strength_leaves(strength: float, weight: int) -> None:
    with serve("ideogram", pictures="sketch") as server, opened(server, "V_2") as engine:
        recipe = recipe_of(engine, init=Init(digest_pixels(PICTURE), strength))
        engine.render(recipe, PICTURE, Unwatched())
        body = sent(server, "/remix")
        assert f'"image_weight": {weight}' in str(body["image_request"])
        assert set(body) == {"image_request", "image_file"}


def test_a_reduced_picture_starts_from_its_init_at_the_size_that_is_bought() -> None:
    with serve("ideogram", pictures="sketch") as server, opened(server, "V_2") as engine:
        request = Request("a red apple", 3, size=Size(768, 256), init=Init(digest_pixels(PICTURE), 0.5))
        recipe = resolve(request, engine.identify(), engine.capabilities, "refuse").recipe

        render = engine.render(recipe, PICTURE, Unwatched())
        body = sent(server, "/remix")

    assert dict(recipe.extras) == {"reduced_from": "1536x512"}
    assert render.pixels.shape == (256, 768, 3)
    assert '"resolution": "RESOLUTION_1536_512"' in str(body["image_request"])
    file = body["image_file"]
    assert isinstance(file, dict)
    assert file["sha256"] == hashlib.sha256(encode_png(PICTURE, {})).hexdigest()


def test_a_recipe_that_is_reduced_from_no_multiple_is_refused_before_anything_is_sent() -> None:
    with serve("ideogram", pictures="sketch") as server, opened(server, "V_2") as engine:
        for named in ("1024x1024", "wide", "768x256"):
            recipe = Recipe(engine.identify().key, "a star", 1, Size(768, 256), extras=(("reduced_from", named),))
            with pytest.raises(RecipeError, match="reduced_from"):
                engine.render(recipe, None, Unwatched())

        assert server.calls == ()


def test_a_picture_is_enlarged_once_by_two_and_not_further_than_the_provider_goes(tmp_path: Path) -> None:
    small = PICTURE[:128, :256]
    with (
        serve("ideogram", pictures="sketch") as server,
        Store.create(tmp_path / "store") as store,
        opened(server, "V_2", StoreJournal(store)) as engine,
    ):
        assert isinstance(engine, LegacyEngine)
        render = engine.upscale(small, 2, Unwatched())
        again = engine.upscale(small, 2, Unwatched())
        for factor in (3, 4):
            with pytest.raises(NotCapable, match="factor 2"):
                engine.upscale(small, factor, Unwatched())
        with pytest.raises(NotCapable, match="4096"):
            engine.upscale(np.zeros((2049, 64, 3), np.uint8), 2, Unwatched())

        assert render.pixels.shape == (256, 512, 3)
        assert (again.pixels == render.pixels).all()
        assert server.accepted == 1
        assert '"detail": 1' in str(sent(server, "/upscale")["image_request"])


def test_a_picture_is_described() -> None:
    with serve("ideogram", pictures="sketch") as server, opened(server, "V_2") as engine:
        assert isinstance(engine, DescribingEngine)
        described = engine.describe(PICTURE)
        assert "1536 by 512" in described.texts[0]
        assert sent(server, "/describe")["describe_model_version"] == "V_2"


def test_a_budget_names_the_price_that_an_enlargement_or_a_description_lacks(tmp_path: Path) -> None:
    with (
        serve("ideogram", pictures="sketch") as server,
        Store.create(tmp_path / "store") as store,
        opened(server, "V_2?style=DESIGN", StoreJournal(store, Cost(Decimal(5), "USD"))) as engine,
    ):
        assert isinstance(engine, LegacyEngine)
        with pytest.raises(PriceUnknown, match="for ideogram:V_2/upscale,"):
            engine.upscale(PICTURE, 2, Unwatched())
        with pytest.raises(PriceUnknown, match="for ideogram:V_2/describe,"):
            engine.describe(PICTURE)
        assert server.accepted == 0


def test_a_generation_left_behind_is_asked_for_by_its_id_and_not_paid_again(tmp_path: Path) -> None:
    class StopsWhileItWaits:
        def on_step(self, done: int, steps: int) -> None:
            if server.accepted:
                raise Interrupted(done=0)

    with (
        serve("ideogram", pictures="sketch", latency_s=0.5) as server,
        Store.create(tmp_path / "store") as store,
        opened(server, "v2/ideogram-2", StoreJournal(store)) as engine,
    ):
        with pytest.raises(Interrupted):
            engine.render(recipe_of(engine), None, StopsWhileItWaits())
        (call,) = read_book(store).calls.values()
        assert call.standing == "open"
        assert call.said("resume")
        assert not call.needs_decision

        render = engine.render(recipe_of(engine), None, Unwatched())

        assert dict(render.source)["generation_id"] == call.said("resume")
        assert server.accepted == 1
        assert read_book(store).calls[call.id].standing == "kept"


def test_a_generation_that_takes_longer_than_an_answer_may_is_left_to_the_next_run(tmp_path: Path) -> None:
    with (
        serve("ideogram", pictures="sketch", latency_s=1.5) as server,
        Store.create(tmp_path / "store") as store,
        opened(server, "v2/ideogram-2", StoreJournal(store)) as engine,
    ):
        patient = engine.options
        engine.options = replace(patient, patience=replace(QUICK, answer_s=0.3))
        with pytest.raises(MayBeBilled, match=r"no answer within 0.3 s.*the next run asks for it again"):
            engine.render(recipe_of(engine), None, Unwatched())
        engine.options = patient
        engine.render(recipe_of(engine), None, Unwatched())

        assert server.accepted == 1


@pytest.mark.parametrize("fault", ["server-error", "rate-limit", "cut-before-answer", "garbage-json", "retired-model"])
def test_a_look_that_fails_after_a_generation_was_taken_leaves_it_paid_once(fault: str, tmp_path: Path) -> None:
    times = QUICK.attempts if fault == "rate-limit" else 1
    with (
        serve("ideogram", faults=[f"{fault}:on=poll,times={times}"], pictures="sketch") as server,
        Store.create(tmp_path / "store") as store,
        opened(server, "v2/ideogram-2", StoreJournal(store)) as engine,
    ):
        with pytest.raises(MayBeBilled, match="the next run asks for it again"):
            engine.render(recipe_of(engine), None, Unwatched())

        engine.render(recipe_of(engine), None, Unwatched())

        assert server.accepted == 1


def test_a_paid_picture_at_another_host_is_fetched_once_the_host_is_allowed(tmp_path: Path) -> None:
    with (
        serve("ideogram", faults=["foreign-host"], pictures="sketch") as server,
        Store.create(tmp_path / "store") as store,
        opened(server, "V_2", StoreJournal(store)) as engine,
    ):
        with pytest.raises(PictureElsewhere, match="localhost"):
            engine.render(recipe_of(engine), None, Unwatched())

        own = replace(engine.options, picture_hosts=("localhost",))
        allowing = open_model("V_2", EngineOptions(api_key=server.key, hosted=own))
        allowing.render(recipe_of(engine), None, Unwatched())

        assert server.accepted == 1


def test_a_generation_the_provider_has_forgotten_is_left_for_a_person(tmp_path: Path) -> None:
    with (
        serve("ideogram", faults=["retired-model:on=poll,times=0"], pictures="sketch") as server,
        Store.create(tmp_path / "store") as store,
        opened(server, "v2/ideogram-2", StoreJournal(store)) as engine,
    ):
        for _ in range(2):
            with pytest.raises(MayBeBilled) as lost:
                engine.render(recipe_of(engine), None, Unwatched())

        (call,) = read_book(store).calls.values()
        assert "does not know it" in str(lost.value)
        assert (call.needs_decision, call.billed, server.accepted) == (True, "maybe", 1)


@pytest.mark.parametrize(
    ("fault", "stage", "billed"), [("prompt-blocked", "prompt", "no"), ("unsafe", "picture", "yes")]
)
def test_a_blocked_prompt_is_free_and_a_blocked_picture_is_billed(fault: str, stage: str, billed: str) -> None:
    with serve("ideogram", faults=[fault], pictures="sketch") as server, opened(server, "V_2") as engine:
        with pytest.raises(SafetyBlocked) as blocked:
            engine.render(recipe_of(engine), None, Unwatched())
        assert (blocked.value.facts["stage"], blocked.value.billed) == (stage, billed)


def test_a_model_that_is_gone_names_what_follows_and_how_to_change() -> None:
    with serve("ideogram", faults=["retired-model"], pictures="sketch") as server, opened(server, "V_1") as engine:
        with pytest.raises(ModelRetired, match="ideogram-v2") as gone:
            engine.render(recipe_of(engine), None, Unwatched())
        assert "renderlock lock --change ROLE --to ideogram-v2" in gone.value.advice


def test_a_provider_that_takes_fewer_at_once_slows_the_lane_and_loses_nothing() -> None:
    with serve("ideogram", concurrency=2, latency_s=0.1, pictures="sketch") as server, opened(server, "V_2") as engine:
        recipes = [recipe_of(engine, seed=seed) for seed in range(8)]
        with ThreadPoolExecutor(8) as pool:
            renders = list(pool.map(lambda recipe: engine.render(recipe, None, Unwatched()), recipes))

        assert len({digest_pixels(render.pixels) for render in renders}) == 8
        assert server.accepted == 8
        assert server.most_in_progress <= 2
        assert [call for call in server.calls if call.status == 429]
        assert engine.channel.lane.width < 10


@pytest.mark.parametrize(
    ("model", "style", "refused"),
    [("V_3", "FICTION", "ANIME"), ("v2/ideogram-2", "ANIME", "FICTION"), ("V_2", "ANIME", "CUSTOM")],
)
def test_a_style_is_one_that_its_surface_takes(model: str, style: str, refused: str) -> None:
    with serve("ideogram", pictures="sketch") as server:
        hosted = HostedOptions(urls={"ideogram": server.url})
        engine = open_model(f"{model}?style={style}", EngineOptions(api_key=server.key, hosted=hosted))
        engine.render(Recipe(engine.identify().key, "a star", 1, WIDE), None, Unwatched())
        engine.close()

        assert server.accepted == 1

    with pytest.raises(UnknownName, match=refused) as unknown:
        open_model(f"{model}?style={refused}", EngineOptions())
    assert style in unknown.value.advice
