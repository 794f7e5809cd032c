"""What diffusers' pipelines accept, read from the installed library's source without running it.

Importing a pipeline class costs ten seconds of torch; its `__call__` as text costs milliseconds and says the
same: which controls there are and what their defaults are.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from renderlock.errors import MissingDependency

REQUIRED = ("diffusers", "torch", "transformers", "safetensors")
"""The packages of the extra `local` without which no model runs."""


_CLASS = re.compile(rb"^class (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Signature:
    """The parameters of a pipeline's `__call__` and those of their defaults that are plain values."""

    parameters: frozenset[str]
    defaults: Mapping[str, object]

    def number(self, parameter: str) -> float | None:
        """The default of a number parameter; None where it has none."""
        value = self.defaults.get(parameter)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def require_local_extra() -> None:
    """Proves, importing nothing, that the packages are there; raises `MissingDependency` naming the first absent."""
    for package in REQUIRED:
        if not _is_installed(package):
            raise MissingDependency(feature="the diffusers engine", package=package, extra="local")


def read_signature(pipeline: str) -> Signature | None:
    """The signature of a pipeline class of the installed diffusers; None where there is no such class."""
    return _signature_in(_library(), pipeline)


def text_to_image_class(pipeline: str) -> str:
    """The text-to-image class that diffusers would load for a folder saved as `pipeline`."""
    return _sibling_class(_library(), pipeline, "AUTO_TEXT2IMAGE_PIPELINES_MAPPING") or pipeline


def image_to_image_class(pipeline: str) -> str | None:
    """The img2img class that shares a text-to-image pipeline's weights; None where there is none."""
    return _sibling_class(_library(), pipeline, "AUTO_IMAGE2IMAGE_PIPELINES_MAPPING")


def known_libraries() -> frozenset[str]:
    """The names a part of a model may have as its library: diffusers itself, its pipelines' modules, transformers."""
    modules = {folder.name for folder in (_library() / "pipelines").iterdir() if folder.is_dir()}
    return frozenset({"diffusers", "transformers"} | modules)


def _is_installed(package: str) -> bool:
    try:
        return importlib.util.find_spec(package) is not None
    except (ImportError, ValueError):
        return False


def _library() -> Path:
    require_local_extra()
    spec = importlib.util.find_spec("diffusers")
    if spec is None or spec.origin is None:
        raise MissingDependency(feature="the diffusers engine", package="diffusers", extra="local")
    return Path(spec.origin).parent


@cache
def _signature_in(library: Path, pipeline: str) -> Signature | None:
    file = _files_by_class(library).get(pipeline)
    if file is None:
        return None
    return next(map(_signature_of, _calls_of(ast.parse(file.read_bytes()), pipeline)), None)


@cache
def _files_by_class(library: Path) -> Mapping[str, Path]:
    """The file of every pipeline class, found as text: parsing all 300 files would take seconds."""
    return {
        class_name.decode(): file
        for file in sorted((library / "pipelines").rglob("pipeline_*.py"))
        for class_name in _CLASS.findall(file.read_bytes())
    }


def _calls_of(module: ast.Module, pipeline: str) -> Iterator[ast.FunctionDef]:
    for definition in module.body:
        if isinstance(definition, ast.ClassDef) and definition.name == pipeline:
            for method in definition.body:
                if isinstance(method, ast.FunctionDef) and method.name == "__call__":
                    yield method


def _signature_of(call: ast.FunctionDef) -> Signature:
    arguments = call.args
    positional = [argument.arg for argument in arguments.args]
    defaults = dict(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        positional.append(argument.arg)
        if default is not None:
            defaults[argument.arg] = default
    plain = {name: default.value for name, default in defaults.items() if isinstance(default, ast.Constant)}
    return Signature(frozenset(positional), plain)


@cache
def _task_maps(library: Path) -> Mapping[str, Mapping[str, str]]:
    """Each `…_MAPPING = OrderedDict([("key", Class), …])` of diffusers' auto_pipeline.py, as names."""
    module = ast.parse((library / "pipelines" / "auto_pipeline.py").read_text("utf-8"))
    maps: dict[str, Mapping[str, str]] = {}
    for statement in module.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(args=[ast.List(elts=pairs)])) if name.endswith(
                "_MAPPING"
            ):
                maps[name] = dict(_named_pair(pair) for pair in pairs)
    return maps


def _named_pair(pair: ast.expr) -> tuple[str, str]:
    match pair:
        case ast.Tuple(elts=[ast.Constant(value=str(key)), ast.Name(id=class_name)]):
            return key, class_name
    return "", ""


def _sibling_class(library: Path, pipeline: str, task: str) -> str | None:
    maps = _task_maps(library)
    for classes in maps.values():
        for key, class_name in classes.items():
            if class_name == pipeline:
                return maps.get(task, {}).get(key)
    return None
