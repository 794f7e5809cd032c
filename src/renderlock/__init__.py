"""renderlock makes image generation repeatable: locked models, deterministic renders, measured drift.

`from renderlock import Client` renders from scripts. Importing this package loads no engine; `Client` is
imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from renderlock.client import Client, Picture, RenderStep

__version__ = "0.1.0"
__all__ = ["Client", "Picture", "RenderStep", "__version__"]


def __getattr__(name: str) -> object:
    if name in ("Client", "Picture", "RenderStep"):
        found: object = getattr(import_module("renderlock.client"), name)
        return found
    msg = f"module {__name__!r} has no attribute {name!r}"
    raise AttributeError(msg)
