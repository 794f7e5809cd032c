"""Replay: makes a picture again and says how equal it came out, with the measures."""

from __future__ import annotations

from dataclasses import dataclass

from renderlock.actions.machine import read_environment
from renderlock.actions.models import Models
from renderlock.engines.base import Watch
from renderlock.engines.reduction import made_at
from renderlock.errors import NotReplayable
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels, digest_pixels, encode_png, fit_to
from renderlock.metrics.agreement import Level, Measures, compare
from renderlock.spec.lock import Environment
from renderlock.spec.recipe import Recipe
from renderlock.spec.standing import Standing
from renderlock.store.files import hash_file
from renderlock.store.png_texts import texts_of
from renderlock.store.records import RenderRecord
from renderlock.store.store import Store


@dataclass(frozen=True)
class Replay:
    """How a second rendering compares: the level it reached, what was measured, and where it ran."""

    record: RenderRecord
    level: Level
    measures: Measures | None
    notes: tuple[str, ...]
    environment: str

    @property
    def same_environment(self) -> bool:
        """Whether it ran on the environment the first one ran on."""
        return self.environment == self.record.made.environment


def replay(store: Store, models: Models, address: str, *, reference: str | None, watch: Watch) -> Replay:
    """Makes the picture of an address again and compares it with the stored one; stores nothing.

    A render is rendered again, a tile over its part of its base; a final is merged again from its tiles, an enlarged
    picture enlarged again, a composed one composed from the files that the store keeps. `reference` names where the
    model is now, where its key does not say. Raises `NotReplayable` for an imported picture, or where the model found
    is not the recipe's; `UnknownName` for the address; what the engine raises.
    """
    record = store.get(address)
    recipe = _recipe_of(record)
    if recipe.model.engine == "compose":
        return _compose_again(store, record, recipe)
    made = _make_again(store, models, record, recipe, _Way(reference, watch))
    stored = store.read(record)
    agreement = compare(decode_picture(stored), made.pixels)
    same_bytes = stored == encode_png(made.pixels, texts_of(recipe, record.standing))
    return Replay(
        record=record,
        level=Level.SAME_BYTES if same_bytes else agreement.level,
        measures=agreement.measures,
        notes=agreement.notes,
        environment=made.environment.fingerprint,
    )


def _compose_again(store: Store, record: RenderRecord, recipe: Recipe) -> Replay:
    """A composition made again in a file, which is compared by its hash before it is by its pixels."""
    # Loaded here as composing takes libraries that other replays do without.
    from renderlock.actions.composing_pictures import compose_environment  # noqa: PLC0415
    from renderlock.actions.composing_stream import staged_path  # noqa: PLC0415
    from renderlock.actions.finals import replaying  # noqa: PLC0415

    with staged_path(store) as path:
        made = replaying.composed_again(store, record, recipe, path)
        environment = compose_environment().fingerprint
        if hash_file(path) == record.blob:
            return Replay(record, Level.SAME_BYTES, None, (), environment)
        if made.pixels_digest == record.pixels:
            return Replay(record, Level.SAME_PIXELS, None, (), environment)
        agreement = compare(decode_picture(store.read(record)), decode_picture(path.read_bytes()))
    return Replay(record, agreement.level, agreement.measures, agreement.notes, environment)


@dataclass(frozen=True)
class _Way:
    """Where the model is now, and who watches."""

    reference: str | None
    watch: Watch


@dataclass(frozen=True)
class _MadeAgain:
    """The pixels made again, and on which environment."""

    pixels: Pixels
    environment: Environment


def _make_again(store: Store, models: Models, record: RenderRecord, recipe: Recipe, way: _Way) -> _MadeAgain:
    if recipe.tiling is not None or recipe.model.engine == "upscale":
        # Loaded here as merging and enlarging take libraries that other replays do without.
        from renderlock.actions.finals import replaying  # noqa: PLC0415
        from renderlock.actions.upscale_keeping import environment_of  # noqa: PLC0415

        if recipe.tiling is not None:
            engine = models.engine(way.reference or recipe.model.reference)
            return _MadeAgain(replaying.merged_again(store, record), read_environment([engine]))
        return _MadeAgain(replaying.enlarged_again(store, models, record, recipe), environment_of())
    name = way.reference or recipe.model.reference
    engine = models.engine(name)
    if models.identity(name).key != recipe.model:
        reason = f"{name} is not the model it was made with ({recipe.model.reference}, weights {_short(recipe)})"
        raise NotReplayable(address=record.address, reason=reason, action="Name the right model with --model.")
    render = engine.render(recipe, _init_pixels(store, record, recipe), way.watch)
    return _MadeAgain(render.pixels, read_environment([engine]))


def _recipe_of(record: RenderRecord) -> Recipe:
    if record.recipe is None or record.standing is Standing.IMPORTED:
        reason = "it was imported from another tool and has no exact recipe"
        raise NotReplayable(address=record.address, reason=reason, action="`renderlock show` has what is known.")
    return record.recipe


def _init_pixels(store: Store, record: RenderRecord, recipe: Recipe) -> Pixels | None:
    """The init picture by its pixels: another render of the store, or nothing that can be found again."""
    if recipe.init is None:
        return None
    if "tile" in dict(record.source):
        from renderlock.actions.finals import replaying  # noqa: PLC0415  # as above

        return replaying.tile_start(store, record)
    for source in store.records():
        if source.pixels == recipe.init.picture:
            pixels = decode_picture(store.read(source))
            if digest_pixels(pixels) == recipe.init.picture:
                made = made_at(recipe)
                return fit_to(pixels, made.width, made.height)
    reason = "the picture it started from is not in the store"
    action = "Import that picture with `renderlock import`, then replay."
    raise NotReplayable(address=record.address, reason=reason, action=action)


def _short(recipe: Recipe) -> str:
    return f"{recipe.model.weights[:12]}…" if recipe.model.weights else "none"
