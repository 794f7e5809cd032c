"""Imports ahead of time: everything that a first render would import, so that memory can be measured without it."""

from __future__ import annotations

import importlib

import diffusers
import transformers

from renderlock.engines.diffusers_local.folder import ModelFolder
from renderlock.engines.diffusers_local.signatures import image_to_image_class
from renderlock.engines.diffusers_local.steady import quiet

_LATE = ("accelerate", "safetensors.torch", "diffusers.models.model_loading_utils", "torch._subclasses.fake_tensor")


def import_classes(folder: ModelFolder, pipeline: str) -> None:
    """Imports a model's pipelines and the classes of its parts."""
    with quiet():
        for name in (pipeline, image_to_image_class(pipeline)):
            if name is not None:
                getattr(diffusers, name)
        for library, class_name in folder.parts.values():
            getattr({"diffusers": diffusers, "transformers": transformers}.get(library, object), class_name, None)
        for module in _LATE:
            importlib.import_module(module)
