"""What pipeline.yml may hold, as pydantic models: the typed edge where text enters, and the JSON Schema's source.

Only `pipeline_file`, `assets_table` and `pipeline_schema` use them; past that edge there are the plain values
of `pipeline`. A key without a value is as if it were not there.
"""

# mypy: disable-error-code="explicit-any"
# BaseModel's synthesised __init__ takes Any, which mypy counts against every subclass.

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, WithJsonSchema, model_validator

from renderlock.spec import finishing_fields
from renderlock.spec import pipeline_fields as fields
from renderlock.spec.finishing import ANCHORS, BLENDS, DITHERS, RUNGS, OverlayChoice, PaletteChoice, Rung
from renderlock.spec.finishing_fields import OVERLAY_ALLOWED, PALETTE_ALLOWED
from renderlock.spec.pipeline import Budget, DeviationWord
from renderlock.spec.pipeline_fields import MOST_SEEDS
from renderlock.spec.recipe import LARGEST_SEED, LARGEST_SIDE_PX, LONGEST_PROMPT, Size

JsonSchema = dict[str, object]

_TEXT: JsonSchema = {"type": "string", "minLength": 1}
_NAME: JsonSchema = {"type": "string", "pattern": fields.NAME_PATTERN}
_SIDES: JsonSchema = {"type": "string", "pattern": "^[0-9]{1,6} ?[xX×] ?[0-9]{1,6}$"}
_SEED: JsonSchema = {"type": "integer", "minimum": 0, "maximum": LARGEST_SEED}
_SEED_RANGE: JsonSchema = {
    "type": "object",
    "properties": {"start": _SEED, "count": {"type": "integer", "minimum": 1, "maximum": MOST_SEEDS}},
    "required": ["count"],
    "additionalProperties": False,
}
_BUDGET: JsonSchema = {
    "type": "object",
    "properties": {"amount": {"type": "number", "exclusiveMinimum": 0}, "currency": {"type": "string"}},
    "required": ["amount", "currency"],
    "additionalProperties": False,
}
_NIGHTLY: JsonSchema = {
    "type": "object",
    "properties": {"at": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"}},
    "required": ["at"],
    "additionalProperties": False,
}
_SHARE: JsonSchema = {
    "anyOf": [
        {"type": "number", "minimum": 0, "maximum": 1},
        {"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,4})? ?%$"},
    ]
}
_OVERLAY: JsonSchema = {
    "type": "object",
    "properties": {
        "file": {"type": "string", "minLength": 1},
        "anchor": {"enum": list(ANCHORS)},
        "width": _SHARE,
        "margin": _SHARE,
        "opacity": _SHARE,
        "blend": {"enum": list(BLENDS)},
    },
    "required": ["file"],
    "additionalProperties": False,
}
_PALETTE: JsonSchema = {
    "type": "object",
    "properties": {"file": {"type": "string", "minLength": 1}, "dither": {"enum": list(DITHERS)}},
    "required": ["file"],
    "additionalProperties": False,
}
_LIMITS: JsonSchema = {"type": "object", "additionalProperties": {"type": ["string", "number", "boolean"]}}


def _any_of(*schemas: JsonSchema) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": list(schemas)})


def _list_of(item: JsonSchema) -> JsonSchema:
    return {"type": "array", "items": item}


def _range(lowest: int, highest: int) -> WithJsonSchema:
    return WithJsonSchema({"type": "integer", "minimum": lowest, "maximum": highest})


Name = Annotated[str, PlainValidator(fields.parse_name), WithJsonSchema(_NAME)]
Text = Annotated[str, PlainValidator(fields.parse_text), WithJsonSchema(_TEXT)]
Prompt = Annotated[str, PlainValidator(fields.parse_prompt), WithJsonSchema({**_TEXT, "maxLength": LONGEST_PROMPT})]
RelativePath = Annotated[str, PlainValidator(fields.parse_path), WithJsonSchema(_TEXT)]
SizeField = Annotated[
    Size,
    PlainValidator(fields.parse_size),
    _any_of({"type": "integer", "minimum": 1, "maximum": LARGEST_SIDE_PX}, _SIDES),
]
Seeds = Annotated[
    tuple[int, ...],
    PlainValidator(fields.parse_seeds),
    _any_of(_SEED, {**_list_of(_SEED), "minItems": 1, "uniqueItems": True}, _SEED_RANGE),
]
Names = Annotated[tuple[str, ...], PlainValidator(fields.parse_names), _any_of(_TEXT, _list_of(_TEXT))]
Texts = Annotated[tuple[str, ...], PlainValidator(fields.parse_texts), WithJsonSchema(_list_of(_TEXT))]
WantedTexts = Annotated[
    tuple[str, ...] | dict[str, tuple[str, ...]],
    PlainValidator(fields.parse_wanted_texts),
    _any_of(_list_of(_TEXT), {"type": "object", "additionalProperties": _list_of(_TEXT)}),
]
Variants = Annotated[int, PlainValidator(fields.whole_number(1, MOST_SEEDS)), _range(1, MOST_SEEDS)]
Sampling = Annotated[int, PlainValidator(fields.whole_number(1, 1000)), _range(1, 1000)]
Guidance = Annotated[
    float,
    PlainValidator(fields.parse_guidance_scale),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100}),
]
Strength = Annotated[
    float,
    PlainValidator(fields.parse_strength),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
]
Tiles = Annotated[
    str,
    PlainValidator(fields.parse_tiles),
    _any_of({"const": "auto"}, {"type": "integer", "minimum": 1, "maximum": 4096}, _SIDES),
]
Memory = Annotated[
    int,
    PlainValidator(fields.parse_memory),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?[KMGT]i?B$"}),
]
Upscale = Annotated[
    float | Size,
    PlainValidator(fields.parse_upscale),
    _any_of({"type": "number", "exclusiveMinimum": 1, "maximum": 16}, _SIDES),
]
Overlays = Annotated[
    tuple[OverlayChoice, ...],
    PlainValidator(finishing_fields.parse_overlays),
    _any_of(_TEXT, _OVERLAY, _list_of({"anyOf": [_TEXT, _OVERLAY]})),
]
Palette = Annotated[PaletteChoice, PlainValidator(finishing_fields.parse_palette), _any_of(_TEXT, _PALETTE)]
Ladder = Annotated[
    tuple[Rung, ...],
    PlainValidator(finishing_fields.parse_ladder),
    WithJsonSchema({**_list_of({"enum": list(RUNGS)}), "uniqueItems": True}),
]
Locales = Annotated[
    tuple[str, ...],
    PlainValidator(finishing_fields.parse_locales),
    WithJsonSchema({**_list_of(_TEXT), "minItems": 1, "uniqueItems": True}),
]
Upscalers = Annotated[
    dict[str, str],
    PlainValidator(finishing_fields.parse_upscalers),
    WithJsonSchema({"type": "object", "additionalProperties": _TEXT}),
]
Overlap = Annotated[int, PlainValidator(fields.whole_number(0, 4096)), _range(0, 4096)]
BudgetField = Annotated[
    Budget,
    PlainValidator(fields.parse_budget),
    _any_of({"type": "string", "pattern": r"^[0-9]+(\.[0-9]+)? ?[A-Z]{3}$"}, _BUDGET),
]
Nightly = Annotated[str, PlainValidator(fields.parse_nightly), WithJsonSchema(_NIGHTLY)]
Gates = Annotated[
    dict[str, dict[str, str | int | float | bool]],
    PlainValidator(fields.parse_gates),
    WithJsonSchema({"type": "object", "additionalProperties": _LIMITS}),
]


class _Map(BaseModel):
    """A map of known keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_empty(cls, value: object) -> object:
        if not isinstance(value, dict):
            return value
        return {key: item for key, item in value.items() if item is not None or key not in cls.model_fields}


class AssetFields(_Map):
    """What an asset is, apart from its name."""

    prompt: Prompt = Field(description=fields.PROMPT_ALLOWED)
    negative_prompt: Prompt | None = Field(None, description="What the picture must not show.")
    seeds: Seeds | None = Field(None, description=fields.SEEDS_ALLOWED)
    init_image: RelativePath | None = Field(None, description="The picture that steps with `strength` start from.")
    text: WantedTexts | None = Field(
        None, description=f"Texts that must be legible in the picture: {fields.WANTED_TEXTS_ALLOWED}."
    )
    tags: Texts | None = Field(None, description="Words to find the asset by.")
    overlay: Overlays | None = Field(None, description=f"In finals, in place of the step's: {OVERLAY_ALLOWED}.")
    palette: Palette | None = Field(None, description=f"In finals, in place of the step's: {PALETTE_ALLOWED}.")


class AssetModel(AssetFields):
    """One picture to deliver."""

    name: Name = Field(description=fields.NAME_ALLOWED)


class StepModel(_Map):
    """One stage that every asset passes."""

    name: Name = Field(description=fields.NAME_ALLOWED)
    model: Text = Field(description="A role's model: `${review_model}`, `${final_model}` or `${sandbox_model}`.")
    size: SizeField | None = Field(None, description=fields.SIZE_ALLOWED)
    needs: Names | None = Field(None, description="The steps that must be done before.")
    variants: Variants | None = Field(None, description="How many seeds, from the asset's first on.")
    guidance_scale: Guidance | None = Field(None, description=fields.GUIDANCE_ALLOWED)
    num_inference_steps: Sampling | None = Field(None, description="Denoising steps, 1 to 1000.")
    sampler: Text | None = Field(None, description="The sampler's name, in k-diffusion spelling.")
    gate: Literal["approval"] | None = Field(None, description="`approval`: the asset waits here for a person.")
    init_from: Text | None = Field(None, description="The earlier step whose picture this one starts from.")
    strength: Strength | None = Field(None, description="How far it may leave the picture it starts from.")
    deviations: DeviationWord | None = Field(None, description=fields.DEVIATIONS_ALLOWED)
    tiles: Tiles | None = Field(None, description=fields.TILES_ALLOWED)
    memory_budget: Memory | None = Field(None, description=fields.MEMORY_ALLOWED)
    tile_overlap: Overlap | None = Field(None, description="The least overlap of two tiles, in pixels.")
    memory_ladder: Ladder | None = Field(None, description=finishing_fields.LADDER_ALLOWED)
    upscale: Upscale | None = Field(None, description=fields.UPSCALE_ALLOWED)
    match: RelativePath | None = Field(None, description="The picture whose colours are taken over.")
    overlay: Overlays | None = Field(None, description=OVERLAY_ALLOWED)
    palette: Palette | None = Field(None, description=PALETTE_ALLOWED)
    icc: Text | None = Field(None, description="The colour profile of the file: sRGB, DisplayP3, or an .icc file.")


class TopModel(_Map):
    """The keys of a pipeline.yml that are not lists of things with keys of their own."""

    project: Text | None = Field(None, description="What the team calls it; the folder's name if absent.")
    vars: dict[str, object] | None = Field(None, description="Values for `${name}`.")
    review_model: Text | None = Field(None, description="The model of quick passes; locked.")
    final_model: Text | None = Field(None, description="The model of finals; locked.")
    sandbox_model: Text | None = Field(None, description="The model to play with; never locked, never delivered.")
    upscaler: Text | None = Field(None, description="The model that enlarges finals; locked.")
    upscalers: Upscalers | None = Field(None, description=finishing_fields.UPSCALERS_ALLOWED)
    locales: Locales | None = Field(None, description=finishing_fields.LOCALES_ALLOWED)
    fonts: RelativePath | None = Field(None, description="The folder of the fonts that overlays may use.")
    seeds: Seeds | None = Field(None, description=f"For assets without their own: {fields.SEEDS_ALLOWED}.")
    deviations: DeviationWord | None = Field(None, description=fields.DEVIATIONS_ALLOWED)
    assets_from: RelativePath | None = Field(None, description="A CSV table of assets.")
    gates: Gates | None = Field(None, description="Limits by gate.")
    budget: BudgetField | None = Field(None, description=fields.BUDGET_ALLOWED)
    nightly: Nightly | None = Field(None, description=fields.NIGHTLY_ALLOWED)
    store: RelativePath | None = Field(None, description="The store's folder; `.renderlock` if absent.")


class PipelineModel(TopModel):
    """A whole pipeline.yml."""

    # Loading validates assets and steps one by one instead, so that the number of errors stays bounded.
    assets: list[AssetModel] | dict[Name, AssetFields] | None = Field(None, description="The pictures to deliver.")
    steps: list[StepModel] = Field(description=fields.STEPS_ALLOWED, min_length=1, max_length=fields.MOST_STEPS)
