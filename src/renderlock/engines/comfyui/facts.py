"""What a workflow can be told, as capabilities: by its placeholders, and by what the server says of their inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from renderlock.engines.capabilities import Capabilities, GuidanceRange, SeedGrade, SizeRule, StepRange
from renderlock.engines.comfyui.server import Server
from renderlock.engines.comfyui.workflow import Workflow
from renderlock.errors import HostedError, InputUnusable
from renderlock.imaging.foreign_metadata.samplers import canonical_sampler
from renderlock.spec.recipe import Size

MOST_SIDE_PX = 8192
NATIVE_PX = 1024
MOST_STEPS = 150
_NO_NUMBER = "Write a number behind the equals sign, as in {{steps=20}}."


@dataclass(frozen=True)
class Facts:
    """The capabilities of a workflow, and the server's spelling of each sampler by the name it has here."""

    capabilities: Capabilities
    samplers: dict[str, str]


def facts_of(workflow: Workflow, server: Server) -> Facts:
    """The facts; where the server cannot be asked, those that the workflow alone gives."""
    samplers = _samplers(workflow, server)
    return Facts(workflow_facts(workflow, samplers), samplers)


def workflow_facts(workflow: Workflow, samplers: Mapping[str, str] = MappingProxyType({})) -> Capabilities:
    """The capabilities that a workflow gives, with these samplers by our names; raises `InputUnusable`."""
    places = workflow.places
    return Capabilities(
        sizes=_sizes(workflow),
        seed=SeedGrade.DOCUMENTED if "seed" in places else SeedGrade.NONE,
        steps=StepRange(1, MOST_STEPS, int(_number(workflow, "steps", 20))) if "steps" in places else None,
        guidance_scale=GuidanceRange(0.0, 30.0, _number(workflow, "guidance_scale", 7.0))
        if "guidance_scale" in places
        else None,
        negative_prompt="negative_prompt" in places,
        img2img="init" in places,
        samplers=tuple(samplers),
        sampler_aliases=tuple((theirs, ours) for ours, theirs in samplers.items() if theirs not in samplers),
        hosted=True,
    )


def _sizes(workflow: Workflow) -> SizeRule:
    if "width" in workflow.places:
        width, height = (int(_number(workflow, name, NATIVE_PX)) for name in ("width", "height"))
        return SizeRule(Size(width, height), 8, 64, MOST_SIDE_PX, 4096 * 4096)
    width_px, height_px = workflow.literal("width"), workflow.literal("height")
    if width_px is None or height_px is None:
        reason = "it neither has {{width}} and {{height}} nor says a size itself"
        action = "Write {{width=1024}} and {{height=1024}} where the picture's size stands."
        raise InputUnusable(path=workflow.path, reason=reason, action=action)
    fixed = Size(width_px, height_px)
    longest = max(width_px, height_px)
    return SizeRule(fixed, 1, min(width_px, height_px), longest, width_px * height_px, (fixed,))


def _samplers(workflow: Workflow, server: Server) -> dict[str, str]:
    """The server's samplers by our names, the workflow's own first."""
    place = workflow.places.get("sampler")
    if place is None:
        return {}
    theirs = [place.default] if place.default else []
    try:
        choices = server.input_choices(workflow.class_of(place.node), place.input).items()
        theirs += [choice.text() for choice in choices[0].items()]
    except (HostedError, IndexError):
        theirs = theirs or ["euler"]
    names: dict[str, str] = {}
    for spelling in theirs:
        canonical, _ = canonical_sampler(spelling)
        names.setdefault(canonical or spelling, spelling)
    return names


def _number(workflow: Workflow, name: str, otherwise: float) -> float:
    text = workflow.places[name].default
    try:
        return float(text) if text else otherwise
    except ValueError as error:
        reason = f"{{{{{name}={text}}}}} is no number"
        raise InputUnusable(path=workflow.path, reason=reason, action=_NO_NUMBER) from error
