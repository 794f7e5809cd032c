"""The diffusers engine: any diffusers model from a folder or the hub, pinned by content, run on this machine."""

from renderlock.engines.diffusers_local.engine import open_model

__all__ = ["open_model"]
