"""The gates of a pipeline held against those there are: no limit is ignored, and none is found wrong too late."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from renderlock.actions.finals.limits import GATES, SHIPPED
from renderlock.errors import ConfigurationError, Problem, UnknownName
from renderlock.spec.pipeline import Pipeline
from renderlock.spec.place import Place, dotted
from renderlock.spec.report import Near, describe

LATER = ("approval", "budget", "drift", "model-change", "palette")
"""Gates that the design names and this version does not have."""

_TEXT_LIMITS = ("cer", "words", "cap_height_px", "contrast")


def refuse_unusable_gates(pipeline: Pipeline) -> None:
    """Raises `ConfigurationError` with every gate, limit and value under `gates` that nothing could act on."""
    problems = [problem for gate in pipeline.gates for problem in _problems(pipeline, gate, pipeline.gates[gate])]
    if problems:
        raise ConfigurationError(pipeline.file, problems)


def _problems(pipeline: Pipeline, gate: str, limits: Mapping[str, object]) -> Iterator[Problem]:
    if gate not in GATES:
        later = f"; this version has no {gate} gate yet" if gate in LATER else ""
        yield _problem(pipeline, (gate,), f"the gate {describe(gate)}", f"one of: {', '.join(GATES)}{later}", GATES)
        return
    for name, value in limits.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            yield _problem(pipeline, (gate, name), describe(value), "a number", ())
        elif not _is_limit(pipeline, gate, name):
            known = _known_limits(pipeline, gate)
            yield _problem(pipeline, (gate, name), f"the limit {describe(name)}", f"one of: {', '.join(known)}", known)


def _problem(pipeline: Pipeline, path: tuple[str, ...], found: str, allowed: str, known: tuple[str, ...]) -> Problem:
    place = pipeline.gate_places.get(path, Place(pipeline.file, 1, 1))
    near = Near(path[-1], known).found() if known else ""
    return Problem(place.file, place.line, place.column, dotted(("gates", *path)), found, allowed, near)


def _is_limit(pipeline: Pipeline, gate: str, name: str) -> bool:
    if gate == "text":
        numbered = re.fullmatch(r"text/([1-9][0-9]{0,3})/(\w+)", name)
        return numbered is not None and int(numbered[1]) <= _most_texts(pipeline) and numbered[2] in _TEXT_LIMITS
    return name in _known_limits(pipeline, gate)


def _known_limits(pipeline: Pipeline, gate: str) -> tuple[str, ...]:
    if gate in SHIPPED:
        return tuple(SHIPPED[gate])
    if gate == "text":
        return tuple(f"text/{number + 1}/{name}" for number in range(_most_texts(pipeline)) for name in _TEXT_LIMITS)
    # Loaded here as judging an enlargement takes libraries that other pipelines do without.
    from renderlock.actions.upscale_gate import limits_with  # noqa: PLC0415
    from renderlock.metrics.fidelity import shipped_limits  # noqa: PLC0415  # as above

    try:
        limits_with(shipped_limits(), {"": 0.0})
    except UnknownName as error:
        return tuple(str(error.facts["known"]).split(", "))
    return ()


def _most_texts(pipeline: Pipeline) -> int:
    wanted = [texts for asset in pipeline.assets for texts in (asset.text, *dict(asset.local_text).values())]
    return max((len(texts) for texts in wanted), default=0)
