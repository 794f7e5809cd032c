"""`engines`, `doctor` and `schema`: what can be rendered with, whether this machine can, and how to ask."""

from __future__ import annotations

import json as json_format
from dataclasses import replace
from typing import Annotated

import typer

from renderlock.actions.doctor import Line, examine, is_healthy
from renderlock.actions.models import Models
from renderlock.actions.workspace import read_pipeline
from renderlock.cli.console import answer, answer_json
from renderlock.cli.options import DEFAULT_FILE, FileOption, JsonOption, StoreOption, engine_options, place_of
from renderlock.engines.capabilities import Capabilities, GuidanceRange
from renderlock.engines.table import list_engines
from renderlock.settings import current_settings
from renderlock.spec.pipeline_schema import pipeline_schema

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def engines(
    reference: Annotated[str, typer.Argument(help="A model, e.g. embedded:v1; without one, the engines.")] = "",
    json: JsonOption = False,
) -> None:
    """List the engines, or what one model can do."""
    if reference:
        _show_model(reference, as_json=json)
        return
    entries = list_engines()
    if json:
        answer_json({"engines": [vars(entry) for entry in entries]})
        return
    for entry in entries:
        answer(f"{entry.name:<12} {entry.summary}")
    answer("What a model can do: renderlock engines ENGINE:MODEL")


@app.command()
def doctor(file: FileOption = DEFAULT_FILE, store: StoreOption = None, json: JsonOption = False) -> None:
    """Check every line of the lock against this machine (exit code 1 if something is broken)."""
    pipeline = read_pipeline(place_of(file, store))
    if store is not None:
        pipeline = replace(pipeline, store=store)
    with Models(engine_options(current_settings())) as models:
        lines = examine(pipeline, models)
    healthy = is_healthy(lines)
    if json:
        answer_json({"healthy": healthy, "lines": [vars(line) for line in lines]})
    else:
        for line in lines:
            answer(_line_text(line))
        answer("healthy" if healthy else "not healthy: see the lines marked broken")
    if not healthy:
        raise typer.Exit(1)


@app.command()
def schema() -> None:
    """Print the JSON Schema of pipeline.yml, for editors."""
    answer(json_format.dumps(pipeline_schema(), indent=2, ensure_ascii=False))


def _line_text(line: Line) -> str:
    return f"{line.health:<8} {line.subject}: {line.detail}"


def _show_model(reference: str, *, as_json: bool) -> None:
    with Models(engine_options(current_settings())) as models:
        identity = models.identity(reference)
        facts = capability_facts(models.engine(reference).capabilities)
    if as_json:
        answer_json({"identity": identity.to_json(), "capabilities": facts})
        return
    answer(f"model            {identity.key.reference}")
    answer(f"files            {len(identity.files)}, sha256 of all {identity.key.weights[:16] or '(none)'}…")
    for name, value in facts.items():
        answer(f"{name:<16} {value}")


def _guidance_text(guidance: GuidanceRange | None) -> str:
    if guidance is None:
        return "no control"
    default = "the model's own" if guidance.default is None else f"{guidance.default:g}"
    return f"{guidance.lowest:g} to {guidance.highest:g}, default {default}"


def capability_facts(facts: Capabilities) -> dict[str, str]:
    """What a model can do, one readable line a fact."""
    steps, guidance, lifecycle = facts.steps, facts.guidance_scale, facts.lifecycle
    successors = f"; successors: {', '.join(lifecycle.successors)}" if lifecycle.successors else ""
    return {
        "sizes": f"{facts.sizes}; native {facts.sizes.native}",
        "seed": facts.seed.value,
        "steps": f"{steps.lowest} to {steps.highest}, default {steps.default}" if steps else "no control",
        "guidance_scale": _guidance_text(guidance),
        "samplers": ", ".join(facts.samplers) or "no control",
        "negative_prompt": "yes" if facts.negative_prompt else "no",
        "img2img": ("yes" if facts.strength else "yes, without a strength") if facts.img2img else "no",
        "batch": str(facts.batch),
        "formats": ", ".join(facts.formats),
        "watermark": "yes, one nobody sees" if facts.watermark else "no",
        "previews": "yes" if facts.previews else "no",
        "hosted": "yes" if facts.hosted else "no",
        "lifecycle": f"{lifecycle.state.value}{f' on {lifecycle.on}' if lifecycle.on else ''}{successors}",
    }
