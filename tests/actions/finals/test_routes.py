"""Routes to a picture: when tiles, over what base, in how many levels, and what the memory ladder falls back to."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from renderlock.actions.finals.grids import TileWish
from renderlock.actions.finals.links import Draw, Tiled
from renderlock.actions.finals.prompts import NEUTRAL, neutral_prompt, tile_prompt
from renderlock.actions.finals.route_planner import RoutePlanner
from renderlock.actions.finals.routes import Model, Route
from renderlock.actions.finals.tiling import plan_tiles, shape_like
from renderlock.engines.base import EngineOptions
from renderlock.engines.embedded.engine import open_model
from renderlock.engines.resolve import Request
from renderlock.errors import TilesImpossible
from renderlock.spec.finishing import Finishing
from renderlock.spec.recipe import Init, Recipe, Size
from renderlock.store.records import RenderRecord

REQUEST = Request("a red apple, studio lighting", 3, size=Size(1024, 1024))


@dataclass(frozen=True)
class Doubler:
    """A link that stands in for an upscaler."""

    source: Size
    size: Size
    name: str = "doubler"

    @property
    def key(self) -> str:
        return f"{self.source} {self.size}"

    def recipe_from(self, source: RenderRecord | None) -> Recipe:
        raise NotImplementedError

    def recipes_from(self, source: RenderRecord | None) -> tuple[Recipe, ...]:
        raise NotImplementedError

    def finish(self, *_: object) -> None:
        raise NotImplementedError


@pytest.fixture(scope="module")
def model() -> Model:
    engine = open_model("", EngineOptions())
    return Model(engine.identify(), engine.capabilities, "refuse")


def planner(model: Model, request: Request = REQUEST, finishing: Finishing | None = None) -> RoutePlanner:
    return RoutePlanner(request, finishing or Finishing(), model, None, Doubler)  # type: ignore[arg-type]  # it is not made


def shown(route: Route) -> list[str]:
    """The links of a route in short: what, and the size."""
    kinds = {Draw: "draw", Tiled: "tiles"}
    return [f"{kinds.get(type(link), getattr(link, 'name', ''))} {link.size}" for link in route.links]


def test_a_size_the_model_renders_is_one_render(model: Model) -> None:
    assert planner(model, replace(REQUEST, size=Size(512, 512))).wanted() is None


def test_tiles_that_were_asked_for_are_made_at_any_size(model: Model) -> None:
    route = planner(model, replace(REQUEST, size=Size(512, 512)), Finishing(tiles="2x2")).wanted()

    assert route is not None
    assert shown(route)[-1] == "tiles 512x512"


def test_a_final_far_larger_than_its_base_takes_levels_between(model: Model) -> None:
    route = plan_tiles(replace(REQUEST, size=Size(4096, 4096)), TileWish(), model, None)

    assert shown(route) == ["draw 128x128", "draw 416x416", "tiles 1290x1290", "tiles 4096x4096"]


def test_tiles_take_the_prompt_into_no_recipe_but_the_whole_picture_s(model: Model) -> None:
    final = plan_tiles(REQUEST, TileWish(), model, None).links[-1]

    assert isinstance(final, Tiled)
    assert final.recipe.prompt == REQUEST.prompt
    assert dict(final.recipe.extras)["tile_prompt"] == ""


def test_a_hosted_model_s_tiles_are_asked_for_the_style_and_never_for_the_objects(model: Model) -> None:
    hosted = replace(model.facts, hosted=True)

    words = tile_prompt("hero shot, studio lighting, Soft Shading, a red apple", 3.0, hosted)

    assert words.prompt == f"{NEUTRAL}, studio lighting, soft shading"
    assert neutral_prompt("apple") == NEUTRAL


def test_a_start_picture_of_the_user_s_shapes_the_base_and_not_the_tiles(model: Model) -> None:
    init = Init("0" * 64, 0.6)

    route = plan_tiles(replace(REQUEST, init=init), TileWish(), model, None)

    assert route.first_recipe.init == init
    assert isinstance(route.links[-1], Tiled)
    assert route.links[-1].strength != init.strength


def test_without_img2img_the_largest_render_is_enlarged_and_that_is_said(model: Model) -> None:
    route = planner(replace(model, facts=replace(model.facts, img2img=False))).wanted()

    assert route is not None
    assert shown(route) == ["draw 512x512", "doubler 1024x1024"]
    assert [deviation.field for deviation in route.deviations] == ["size"]


def test_the_ladder_falls_back_to_smaller_tiles_then_to_a_lower_resolution(model: Model) -> None:
    routes = list(planner(model).fallbacks())

    assert [route.rung for route in routes] == ["smaller-tiles", "smaller-tiles", "lower-resolution"]
    assert {deviation.field for route in routes for deviation in route.deviations} == {"memory", "size"}
    sides = [
        link.recipe.tiling.tile.width
        for route in routes
        for link in route.links[-1:]
        if isinstance(link, Tiled) and link.recipe.tiling
    ]
    assert sides == sorted(sides, reverse=True)


def test_a_sampler_that_keeps_history_falls_back_to_one_that_does_not(model: Model) -> None:
    finishing = Finishing(memory_ladder=("sampler",))

    (route,) = planner(model, replace(REQUEST, size=Size(256, 256), sampler="dpmpp_2m"), finishing).fallbacks()

    assert route.first_recipe.sampler == "euler"
    assert str(route.deviations[0]).startswith("sampler: asked dpmpp_2m, done euler")


@pytest.mark.parametrize(
    ("size", "base"),
    [(Size(2048, 2048), Size(128, 128)), (Size(3000, 1000), Size(192, 64)), (Size(64, 512), Size(64, 512))],
)
def test_a_base_has_the_final_s_shape_before_the_native_area(model: Model, size: Size, base: Size) -> None:
    assert shape_like(size, model.facts.sizes) == base


def test_tiles_that_were_not_asked_for_give_way_to_the_nearest_size(model: Model) -> None:
    thin = replace(REQUEST, size=Size(3000, 64 + 6))

    assert planner(model, thin).wanted() is not None
    with pytest.raises(TilesImpossible):
        planner(model, thin, Finishing(tiles="100")).wanted()
