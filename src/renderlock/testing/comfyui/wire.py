"""What ComfyUI's routes take."""

# mypy: disable-error-code="explicit-any"
# BaseModel's synthesised __init__ takes Any, which mypy counts against every subclass.

from __future__ import annotations

from renderlock.testing.wire import WireModel


class PromptBody(WireModel):
    """The body of `/prompt`; the graph is checked on its own."""

    prompt: dict[str, object]
    client_id: str | None = None
    prompt_id: str | None = None
    front: bool | None = None
    number: float | None = None
    extra_data: dict[str, object] | None = None
    partial_execution_targets: list[str] | None = None


class QueueBody(WireModel):
    """The body of `/queue`."""

    delete: list[str] | None = None
    clear: bool = False


class Interrupt(WireModel):
    """The body of `/interrupt`; without an id whatever runs is interrupted."""

    prompt_id: str | None = None


class Free(WireModel):
    """The body of `/free`."""

    unload_models: bool = False
    free_memory: bool = False
