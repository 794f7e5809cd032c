"""The upscaler gate's limits beside the pictures it judged, so that an enlargement can be made again under them."""

from __future__ import annotations

import json
from typing import TypedDict, cast

from renderlock.actions.upscale_gate import FidelityGate, open_gate
from renderlock.actions.upscaling import Gate
from renderlock.metrics.fidelity.limits import FidelityLimits, Stage
from renderlock.spec.canonical import canonical_json
from renderlock.store.records import Encoded, RenderRecord
from renderlock.store.store import Store

PART = "gate"
"""What the file is called in a render's record."""

_NO_TEXT = "no-text"


class _Kept(TypedDict):
    made: str
    limits: dict[Stage, dict[str, float]]
    growth: dict[str, float]
    most_text_changed: float


def gate_files(gate: Gate | None) -> tuple[tuple[str, Encoded], ...]:
    """The file that says a gate's limits; none for no gate, and for one of another kind."""
    if not isinstance(gate, FidelityGate):
        return ()
    limits = gate.limits
    fields: dict[str, object] = {
        "made": limits.made,
        "limits": {stage: dict(values) for stage, values in limits.by_stage.items()},
        "growth": dict(limits.growth),
        "most_text_changed": limits.most_text_changed,
    }
    return ((PART, Encoded(canonical_json(fields), "application/json")),)


def gate_of(store: Store, record: RenderRecord) -> FidelityGate | None:
    """The gate that an enlarged render's recipe names: under the limits kept with it, else under the shipped ones.

    None where it names none. Raises `StoreDamaged`.
    """
    assert record.recipe is not None
    name = str(dict(record.recipe.extras).get("gate", ""))
    if not name:
        return None
    gate = open_gate(reads_text=not name.endswith(_NO_TEXT))
    file = next((file for file in record.files if file.name == PART), None)
    return gate if file is None else FidelityGate(_read(store.blob(file.blob, file.media_type)), gate.reader)


def _read(data: bytes) -> FidelityLimits:
    # Our own file, whose SHA-256 the store has checked.
    kept = cast("_Kept", json.loads(data))
    return FidelityLimits(kept["made"], kept["limits"], kept["growth"], kept["most_text_changed"])
