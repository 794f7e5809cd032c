"""spandrel, imported with torchvision where that loads and without it where it does not.

spandrel needs torchvision for two of its some forty architectures, of which neither enlarges pictures: LaMa fills
holes, and RestoreFormer repaints faces. torchvision loads only beside the very torch it was built for, so without it
those two get a stand-in, and every upscaling network works.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import NoReturn

from renderlock.errors import PackageMissing

COMMANDS = "pip install --no-deps spandrel && pip install einops"

_FUNCTIONS = "torchvision.transforms.functional"
_NAMES = ("torchvision", "torchvision.transforms", _FUNCTIONS)
_USED = ("rotate", "normalize", "InterpolationMode")


def import_spandrel() -> ModuleType:
    """The module; raises `PackageMissing` where it, einops or torch is not there."""
    try:
        if "spandrel" in sys.modules or _torchvision_loads():
            return import_module("spandrel")
        with _stand_in():
            return import_module("spandrel")
    except (ImportError, RuntimeError) as error:
        reason = f"cannot be imported ({error})"
        raise PackageMissing(feature="A model file", package="spandrel", reason=reason, command=COMMANDS) from error


def _torchvision_loads() -> bool:
    """Whether it does; beside a torch it was not built for it raises a RuntimeError."""
    try:
        import_module(_FUNCTIONS)
    except (ImportError, RuntimeError):
        return False
    return True


@contextmanager
def _stand_in() -> Iterator[None]:
    """A torchvision with the three names that spandrel imports, for as long as it does."""
    modules = {name: ModuleType(name) for name in _NAMES}
    for name in _USED:
        setattr(modules[_FUNCTIONS], name, _refuse)
    before = {name: sys.modules.pop(name) for name in _NAMES if name in sys.modules}
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in _NAMES:
            del sys.modules[name]
        sys.modules.update(before)


def _refuse(*_: object) -> NoReturn:
    raise PackageMissing(
        feature="A model file of this architecture",
        package="torchvision",
        reason="cannot be imported beside this torch",
        command="pip install torchvision",
    )
