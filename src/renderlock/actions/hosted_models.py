"""The hosted models by name: what each can do, what it costs, whether it can be called, and until when.

The calendar puts together what renderlock knows about the end of a model and what providers said in their answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from renderlock.actions.calls.journal import NOTICE
from renderlock.actions.models import Models
from renderlock.engines.aliases import ALIASES
from renderlock.engines.base import Hosted, Probe
from renderlock.engines.capabilities import Lifecycle, LifecycleState
from renderlock.errors import KeyNotTaken
from renderlock.store.store import Store


@dataclass(frozen=True)
class ModelLine:
    """One named model, each fact as people read it; `price` is "" where it is not known."""

    name: str
    reference: str
    sizes: str
    seed: str
    price: str
    lifecycle: str
    key: str


@dataclass(frozen=True)
class SunsetLine:
    """The end of one model: since or from when ("" if nobody said), what follows it, and who said so."""

    model: str
    on: str
    state: str
    successors: str
    source: str


def describe_models(models: Models) -> tuple[ModelLine, ...]:
    """Every hosted model that has a name of its own; calls nobody."""
    return tuple(_line(name, reference, models) for name, reference in ALIASES.items())


def sunset_calendar(models: Models, store: Store | None) -> tuple[SunsetLine, ...]:
    """What is known about the end of models, by date, those without one last; `store` adds what providers said."""
    known = [_known(name, models.engine(name).capabilities.lifecycle) for name in ALIASES]
    lines = [*filter(None, known), *(_noticed(store) if store is not None else ())]
    return tuple(sorted(lines, key=lambda line: (line.on or "9999", line.model)))


def probe_model(models: Models, reference: str) -> Probe:
    """What the cheapest call proves about a hosted model; raises as `Hosted.probe`, `KeyNotTaken` for a local model."""
    engine = models.engine(reference)
    if not isinstance(engine, Hosted):
        raise KeyNotTaken(model=reference)
    return engine.probe()


def hosted_facts(models: Models, reference: str) -> dict[str, str]:
    """Price, key and lane of a hosted model, one readable line a fact; nothing for a local one."""
    engine = models.engine(reference)
    if not isinstance(engine, Hosted):
        return {}
    note = engine.price(engine.capabilities.sizes.native)
    return {
        "price": "unknown" if note is None else str(note),
        "key": str(engine.key_state()),
        "side by side": f"up to {engine.lane.pictures} pictures of {engine.lane.name}",
    }


def lifecycle_text(lifecycle: Lifecycle) -> str:
    """A lifecycle in a few words."""
    on = f" {lifecycle.on}" if lifecycle.on else ""
    successors = f"; then {', '.join(lifecycle.successors)}" if lifecycle.successors else ""
    return f"{lifecycle.state.value}{on}{successors}"


def _line(name: str, reference: str, models: Models) -> ModelLine:
    engine = models.engine(name)
    facts = engine.capabilities
    assert isinstance(engine, Hosted)
    note = engine.price(facts.sizes.native)
    return ModelLine(
        name=name,
        reference=reference,
        sizes=str(facts.sizes),
        seed=facts.seed.value,
        price="" if note is None else str(note),
        lifecycle=lifecycle_text(facts.lifecycle),
        key=str(engine.key_state()),
    )


def _known(name: str, lifecycle: Lifecycle) -> SunsetLine | None:
    if lifecycle.state is LifecycleState.ACTIVE:
        return None
    on = lifecycle.on.isoformat() if lifecycle.on else ""
    return SunsetLine(name, on, lifecycle.state.value, ", ".join(lifecycle.successors), "renderlock's own notes")


def _noticed(store: Store) -> Iterable[SunsetLine]:
    events, _ = store.events_of(NOTICE)
    for event in events:
        said = dict(event.fields)
        on = said.get("sunset") or said.get("deprecated", "")
        state = "sunset" if "sunset" in said else "deprecated" if "deprecated" in said else "has a successor"
        source = f"the provider's answer of {event.at.date().isoformat()}"
        yield SunsetLine(event.subject, on, state, said.get("successor", ""), source)
