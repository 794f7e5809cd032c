"""From the checked models of pipeline.yml to the values of `pipeline`, every default resolved here and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from renderlock.spec.finishing import Finishing, OverlayChoice, PaletteChoice
from renderlock.spec.locales import in_locales
from renderlock.spec.pipeline import Asset, DeviationPolicy, NotBuiltYetKey, Pipeline, Step, policy_of
from renderlock.spec.pipeline_model import AssetFields, StepModel, TopModel
from renderlock.spec.place import KeyPath, Place
from renderlock.spec.report import Report
from renderlock.spec.roles import Role
from renderlock.spec.step_order import ordered_names
from renderlock.spec.upscaler_steps import check_enlargements

DEFAULT_STORE = ".renderlock"
DEFAULT_SEEDS = (0,)

_LATER_TOP_KEYS = ("nightly",)


@dataclass(frozen=True)
class CheckedAsset:
    """An asset that passed the checks, with its name and where it was written."""

    name: str
    fields: AssetFields
    path: KeyPath
    place: Place


@dataclass(frozen=True)
class CheckedStep:
    """A step that passed the checks, with the role its model names."""

    fields: StepModel
    role: Role


def build_pipeline(
    path: Path, model: TopModel, assets: Sequence[CheckedAsset], checked: Sequence[CheckedStep], report: Report
) -> Pipeline:
    """The pipeline of a file that has no problems but, at most, in its sizes and locales, which are reported."""
    models = {role: text for role, text in _models(model) if text is not None}
    deviations = policy_of(model.deviations or "refuse")
    steps = tuple(
        _step(path, step, models[step.role], _StepContext(("steps", index), deviations, report))
        for index, step in enumerate(checked)
    )
    default_seeds = model.seeds or DEFAULT_SEEDS
    built = tuple(_asset(path, asset, default_seeds) for asset in assets)
    check_enlargements(steps, report)
    steps = in_locales(steps, built, model.locales or (), report)
    by_name = {step.name: step for step in steps}
    order = ordered_names({step.name: step.needs for step in steps})
    return Pipeline(
        path=path,
        project=model.project or path.resolve().parent.name,
        models=models,
        assets=built,
        steps=steps,
        ordered_steps=tuple(by_name[name] for name in order),
        store=path.parent / (model.store or DEFAULT_STORE),
        seeds=default_seeds,
        deviations=deviations,
        gates=model.gates or {},
        budget=model.budget,
        nightly_at=model.nightly,
        fonts=path.parent / model.fonts if model.fonts else None,
        upscalers=model.upscalers or {},
        not_built_yet=tuple(_not_built_yet(model, report)),
        gate_places={path: report.place(("gates", *path), at_key=True) for path in _gate_paths(model)},
    )


@dataclass(frozen=True)
class _StepContext:
    path: KeyPath
    deviations: DeviationPolicy
    report: Report


def _models(model: TopModel) -> Iterator[tuple[Role, str | None]]:
    yield Role.REVIEW, model.review_model
    yield Role.FINAL, model.final_model
    yield Role.SANDBOX, model.sandbox_model
    yield Role.UPSCALER, model.upscaler


def _gate_paths(model: TopModel) -> Iterator[tuple[str, ...]]:
    for gate, limits in (model.gates or {}).items():
        yield (gate,)
        yield from ((gate, limit) for limit in limits)


def _asset(path: Path, asset: CheckedAsset, default_seeds: tuple[int, ...]) -> Asset:
    fields = asset.fields
    return Asset(
        name=asset.name,
        prompt=fields.prompt,
        negative_prompt=fields.negative_prompt or "",
        seeds=fields.seeds or default_seeds,
        init_image=path.parent / fields.init_image if fields.init_image else None,
        text=() if isinstance(fields.text, dict) else fields.text or (),
        local_text=tuple(fields.text.items()) if isinstance(fields.text, dict) else (),
        tags=fields.tags or (),
        overlays=_in_folder(path.parent, fields.overlay or ()),
        palette=_palette_in(path.parent, fields.palette),
        place=asset.place,
    )


def _step(path: Path, checked: CheckedStep, reference: str, context: _StepContext) -> Step:
    step = checked.fields
    needs = step.needs or ()
    if step.init_from and step.init_from not in needs:
        needs = (*needs, step.init_from)
    is_upscaler = checked.role is Role.UPSCALER
    return Step(
        name=step.name,
        role=checked.role,
        model=reference,
        size=step.size,
        needs=needs,
        variants=step.variants,
        guidance_scale=step.guidance_scale,
        steps=step.num_inference_steps,
        sampler=step.sampler,
        gate=step.gate,
        init_from=needs[0] if is_upscaler and not step.init_from else step.init_from,
        strength=step.strength,
        deviations=policy_of(step.deviations or context.deviations),
        finishing=_finishing(path.parent, step),
        place=context.report.place(context.path),
        path=context.path,
        places={key: context.report.place((*context.path, key)) for key in sorted(step.model_fields_set)},
    )


def _finishing(folder: Path, step: StepModel) -> Finishing:
    return Finishing(
        tiles=step.tiles,
        tile_overlap=step.tile_overlap,
        memory_budget_bytes=step.memory_budget,
        memory_ladder=Finishing().memory_ladder if step.memory_ladder is None else step.memory_ladder,
        upscale=step.upscale,
        match=folder / step.match if step.match else None,
        overlays=_in_folder(folder, step.overlay or ()),
        palette=_palette_in(folder, step.palette),
        icc=step.icc,
    )


def _in_folder(folder: Path, overlays: Sequence[OverlayChoice]) -> tuple[OverlayChoice, ...]:
    return tuple(replace(overlay, file=folder / overlay.file) for overlay in overlays)


def _palette_in(folder: Path, palette: PaletteChoice | None) -> PaletteChoice | None:
    return palette and replace(palette, file=folder / palette.file)


def _not_built_yet(model: TopModel, report: Report) -> Iterator[NotBuiltYetKey]:
    for key in _LATER_TOP_KEYS:
        if key in model.model_fields_set:
            yield NotBuiltYetKey(key, report.place((key,), at_key=True))
