"""Errors of what makes pictures: engines, upscalers, and the memory they need."""

from __future__ import annotations

from renderlock.errors.base import RenderlockError


class EngineError(RenderlockError):
    """An engine could not give a picture."""

    exit_code = 4
    http_status = 502


class ModelUnavailable(EngineError):
    """A model's weights are missing, damaged or not what they claim."""

    template = "The model {model!r} cannot be loaded: {reason}."
    hint = "{action}"


class EngineFailed(EngineError):
    """The engine broke while rendering one picture; the others are kept."""

    template = "{model} failed: {reason}."
    hint = "Run the same command again: what is rendered is kept. `renderlock doctor` checks the machine."


class EngineBroken(EngineError):
    """A third-party engine does not keep the engine contract."""

    template = "The engine {name!r} from {package} breaks the contract: {reason}."
    hint = "Update or uninstall {package}; docs/engines.md states the contract."


class UpscalerBroken(EngineBroken):
    """A third-party upscaler does not keep the upscaler contract."""

    template = "The upscaler {name!r} from {package} breaks the contract: {reason}."
    hint = "Update or uninstall {package}; docs/upscalers.md states the contract."


class OutOfMemory(RenderlockError):
    """Memory ran out and no rung of the ladder is left."""

    template = "{model} ran out of memory: {reason}."
    hint = "Render a smaller size, or give it more memory: a higher `memory_budget` where one is set."
    exit_code = 6
    http_status = 507
