"""What renders took, kept in the store: an event for each render that teaches something, and for each dry run.

A render teaches where its shape was not measured before or took more than ever, so a final of eighty equal tiles leaves
one event, not eighty.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from threading import Lock

from renderlock.actions.memory import wire
from renderlock.actions.memory.prediction import Measured, Shape
from renderlock.engines.memory_facts import MemoryParts
from renderlock.errors import RecipeError
from renderlock.spec.fields import object_at, optional_number, optional_object, text_at, whole_at
from renderlock.store.records import Event, NewEvent
from renderlock.store.store import Store

MEASURED_KIND = "memory"
FORETOLD_KIND = "memory-foretold"

NOTABLE_GROWTH = 1.02
"""A shape is noted again where it took so much more than before."""


@dataclass
class Recalled:
    """A history in memory only, and what `StoredHistory` keeps at hand; may be used by several threads."""

    _renders: list[Measured] = field(default_factory=list)
    _parts: dict[Shape, MemoryParts] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def measured(self, shape: Shape) -> tuple[Measured, ...]:
        """The remembered renders of a shape's model on its device, oldest first."""
        with self._lock:
            alike = (shape.model, shape.device)
            return tuple(one for one in self._renders if (one.shape.model, one.shape.device) == alike)

    def note(self, measured: Measured) -> None:
        """Remembers a render, where it teaches something."""
        self.learns_from(measured)

    def parts(self, shape: Shape) -> MemoryParts | None:
        """The parts found for a shape before."""
        with self._lock:
            return self._parts.get(shape)

    def note_parts(self, shape: Shape, parts: MemoryParts) -> None:
        """Remembers the parts of a shape."""
        with self._lock:
            self._parts[shape] = parts

    def learns_from(self, measured: Measured) -> bool:
        """Remembers a render and gives True, where its shape is new or took more than ever."""
        with self._lock:
            before = [one.peak_bytes for one in self._renders if one.shape == measured.shape]
            if before and measured.peak_bytes <= NOTABLE_GROWTH * max(before):
                return False
            self._renders.append(measured)
            return True


class StoredHistory:
    """The history of one store, read once and added to as renders are made."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._recalled: Recalled | None = None
        self._reading = Lock()

    def measured(self, shape: Shape) -> tuple[Measured, ...]:
        """The remembered renders of a shape's model on its device, oldest first."""
        return self._at_hand().measured(shape)

    def note(self, measured: Measured) -> None:
        """Keeps a render, where it teaches something."""
        if self._at_hand().learns_from(measured):
            result = {
                "peak_bytes": measured.peak_bytes,
                "seconds": round(measured.seconds, 3),
                "parts": wire.parts_to_json(measured.parts),
            }
            self._keep(MEASURED_KIND, measured.shape, result)

    def parts(self, shape: Shape) -> MemoryParts | None:
        """The parts found for a shape before."""
        return self._at_hand().parts(shape)

    def note_parts(self, shape: Shape, parts: MemoryParts) -> None:
        """Keeps the parts of a shape."""
        if self._at_hand().parts(shape) != parts:
            self._at_hand().note_parts(shape, parts)
            self._keep(FORETOLD_KIND, shape, wire.parts_to_json(parts) or {})

    def _keep(self, kind: str, shape: Shape, result: Mapping[str, object]) -> None:
        fields = (("result", json.dumps(result, sort_keys=True)), ("shape", json.dumps(asdict(shape), sort_keys=True)))
        self._store.append(NewEvent(kind, shape.model, "renderlock", datetime.now(UTC), fields))

    def _at_hand(self) -> Recalled:
        with self._reading:
            if self._recalled is None:
                self._recalled = Recalled()
                for event in self._store.events():
                    _recall(event, self._recalled)
            return self._recalled


def _recall(event: Event, into: Recalled) -> None:
    """Takes one event in; one that another version wrote otherwise teaches nothing."""
    if event.kind not in {MEASURED_KIND, FORETOLD_KIND}:
        return
    fields = dict(event.fields)
    try:
        shape = _shape(object_at({"shape": json.loads(fields["shape"])}, "shape"))
        result = object_at({"result": json.loads(fields["result"])}, "result")
        if event.kind == FORETOLD_KIND:
            parts = wire.parts_of(result)
            if parts is not None:
                into.note_parts(shape, parts)
            return
        parts = wire.parts_of(optional_object(result, "parts"))
        seconds = optional_number(result, "seconds") or 0.0
        into.note(Measured(shape, whole_at(result, "peak_bytes"), seconds, parts))
    except (KeyError, ValueError, RecipeError, StopIteration):
        return


def _shape(fields: Mapping[str, object]) -> Shape:
    return Shape(
        model=text_at(fields, "model"),
        width=whole_at(fields, "width"),
        height=whole_at(fields, "height"),
        steps=whole_at(fields, "steps"),
        guided=fields["guided"] is True,
        from_picture=fields["from_picture"] is True,
        controls=tuple(wire.texts_of(fields, "controls")),
        device=text_at(fields, "device"),
    )
