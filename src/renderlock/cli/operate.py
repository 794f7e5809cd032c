"""`engines`, `doctor` and `schema`: what can be rendered with, whether this machine can, and how to ask."""

from __future__ import annotations

import json as json_format
from contextlib import ExitStack
from dataclasses import replace
from typing import Annotated

import typer

from renderlock.actions.doctor import Line, examine, is_healthy
from renderlock.actions.hosted_models import SunsetLine, describe_models, hosted_facts, probe_model, sunset_calendar
from renderlock.actions.models import Models
from renderlock.actions.workspace import Place, kept_in, read_pipeline, store_path_of
from renderlock.cli.console import answer, answer_json
from renderlock.cli.options import DEFAULT_FILE, FileOption, JsonOption, StoreOption, place_of
from renderlock.engines.base import EngineOptions
from renderlock.engines.capabilities import Capabilities, GuidanceRange
from renderlock.engines.table import list_engines
from renderlock.errors import UsageError
from renderlock.settings import current_settings
from renderlock.spec.pipeline_schema import pipeline_schema
from renderlock.store.store import Store

app = typer.Typer(rich_markup_mode=None, add_completion=False)


PROBE = "probe"


@app.command()
def engines(
    reference: Annotated[
        str, typer.Argument(help="A model, e.g. embedded:v1 or ideogram-v2; or `probe`, before a model.")
    ] = "",
    model: Annotated[str, typer.Argument(help="The model to probe.")] = "",
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """List the engines and what their models can do, and when they end; `probe MODEL` makes the cheapest call."""
    if reference == PROBE:
        if not model:
            raise UsageError(reason="Which model is to be probed? `renderlock engines probe MODEL`.")
        _probe(model, place_of(file, store), as_json=json)
    elif model:
        raise UsageError(reason=f"Only `probe` takes a second word, not {reference!r}.")
    elif reference:
        _show_model(reference, as_json=json)
    else:
        _list_engines(place_of(file, store), as_json=json)


def _list_engines(place: Place, *, as_json: bool) -> None:
    entries = list_engines()
    with Models(EngineOptions.of(current_settings())) as models:
        lines = describe_models(models)
        calendar = _calendar(models, place)
    if as_json:
        parts = {"engines": entries, "models": lines, "sunset": calendar}
        answer_json({name: [vars(one) for one in part] for name, part in parts.items()})
        return
    for entry in entries:
        answer(f"{entry.name:<14} {entry.summary}")
    answer("\nHosted models by name:")
    for line in lines:
        price = line.price or "price unknown"
        answer(f"{line.name:<24} {line.reference}\n    {line.sizes}; seed {line.seed}; {price}")
        answer(f"    {line.lifecycle}; {line.key}")
    answer("\nSunset calendar:")
    for end in calendar:
        successors = f"; then {end.successors}" if end.successors else ""
        answer(f"{end.on or 'no date':<10} {end.model}: {end.state}{successors} ({end.source})")
    answer("\nWhat a model can do: renderlock engines MODEL; whether it can be called: renderlock engines probe MODEL")


def _calendar(models: Models, place: Place) -> tuple[SunsetLine, ...]:
    """The calendar with what providers said to the project here, where there is one."""
    path = store_path_of(place)
    if not (path / "format").exists():
        return sunset_calendar(models, None)
    with Store.open(path) as opened:
        return sunset_calendar(models, opened)


def _probe(reference: str, place: Place, *, as_json: bool) -> None:
    """Probes a model; what the provider says of its end is kept where there is a store to keep it in."""
    options = EngineOptions.of(current_settings())
    with ExitStack() as stack:
        if (store_path_of(place) / "format").exists():
            options = kept_in(stack.enter_context(Store.open(store_path_of(place))), options)
        probe = probe_model(stack.enter_context(Models(options)), reference)
    if as_json:
        answer_json({"model": reference, **vars(probe)})
        return
    for line in probe.proven:
        answer(f"proven: {line}")
    for line in probe.unproven:
        answer(f"not proven: {line}")


@app.command()
def doctor(
    servers: Annotated[
        bool,
        typer.Option("--servers", help="Also ask your own servers (ComfyUI, AUTOMATIC1111 …) whether they answer."),
    ] = False,
    file: FileOption = DEFAULT_FILE,
    store: StoreOption = None,
    json: JsonOption = False,
) -> None:
    """Check every line of the lock, and the keys of hosted models, on this machine (exit code 1 if one is broken)."""
    pipeline = read_pipeline(place_of(file, store))
    if store is not None:
        pipeline = replace(pipeline, store=store)
    with Models(EngineOptions.of(current_settings())) as models:
        lines = examine(pipeline, models, servers=servers)
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
    with Models(EngineOptions.of(current_settings())) as models:
        identity = models.identity(reference)
        facts = capability_facts(models.engine(reference).capabilities) | hosted_facts(models, reference)
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
        "sizes": f"{facts.sizes}; native {facts.sizes.native}{'; whole fractions, reduced' if facts.reduces else ''}",
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
