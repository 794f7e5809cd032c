"""A diffusers model folder read without torch: its parts, its configs, and the files a pipeline loads from it.

Everything here is JSON and file names, so a model can be identified, described and refused in milliseconds.
A folder that would run code of its own is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from renderlock.errors import ModelUnavailable

INDEX = "model_index.json"

UNLOADED_SUFFIXES = frozenset(
    {".bin", ".ckpt", ".pt", ".pth", ".pkl", ".msgpack", ".h5", ".onnx", ".onnx_data", ".pb", ".xml", ".gguf", ".npz"}
)
"""Weight formats that are never loaded: they run code when opened, or belong to another library."""

_OWN_WEIGHTS = re.compile(r"[^.]+\.safetensors(\.index\.json)?")
_NO_CODE = "renderlock runs no code that comes with a model; convert it to plain diffusers classes."


@dataclass(frozen=True)
class ModelFolder:
    """A folder with a model_index.json, as its configs describe it.

    `name` is the model as a person named it; `parts` maps each part's folder to (library, class); `configs` maps
    it to its config; `index` holds the rest of model_index.json.
    """

    name: str
    path: Path
    pipeline: str
    index: Mapping[str, object]
    parts: Mapping[str, tuple[str, str]]
    configs: Mapping[str, Mapping[str, object]]

    def loaded_files(self) -> tuple[str, ...]:
        """Every file a pipeline loads, relative to the folder, sorted: the index and the parts' configs,
        vocabularies and safetensors weights."""
        found = [INDEX]
        for part in self.parts:
            found += [_relative(file, self.path) for file in _visible_files(self.path / part) if _is_loaded(file)]
        return tuple(sorted(found))


def read_folder(path: Path, name: str) -> ModelFolder:
    """The model in `path`.

    Raises `ModelUnavailable`, naming the file, where the folder is not a diffusers model, a part of it is missing,
    a config is not JSON, or it needs code of its own.
    """
    if not path.is_dir():
        raise _unavailable(name, f"the folder {path} does not exist", "Give the path of a folder that is there.")
    if not (path / INDEX).is_file():
        action = "Give a folder in diffusers' format, as `save_pretrained` writes it."
        raise _unavailable(name, f"{path} has no {INDEX}", action)
    index = _read_json(path / INDEX, name)
    pipeline = index.get("_class_name")
    if not isinstance(pipeline, str):
        raise _unavailable(name, f"{path / INDEX} names no pipeline class", _NO_CODE)
    parts = dict(_parts_of(index))
    _refuse_absent_parts(path, name, parts)
    _refuse_code(path, name, parts)
    configs = {part: _part_config(path / part, name) for part in parts}
    settings = {key: value for key, value in index.items() if not isinstance(value, list)}
    return ModelFolder(name, path, pipeline, settings, parts, configs)


def whole(config: Mapping[str, object], key: str, default: int) -> int:
    """The whole number at `key` of a config, `default` where it is absent or something else."""
    value = config.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def _parts_of(index: Mapping[str, object]) -> Iterator[tuple[str, tuple[str, str]]]:
    for key, value in index.items():
        match value:
            case [str(library), str(class_name)]:
                yield key, (library, class_name)


def _refuse_code(path: Path, name: str, parts: Mapping[str, tuple[str, str]]) -> None:
    scripts = [file for folder in (path, *(path / part for part in parts)) for file in sorted(folder.glob("*.py"))]
    if scripts:
        raise _unavailable(name, f"it comes with code of its own, {_relative(scripts[0], path)}", _NO_CODE)


def _refuse_absent_parts(path: Path, name: str, parts: Mapping[str, tuple[str, str]]) -> None:
    for part, (library, class_name) in parts.items():
        if not part.isidentifier() or not (path / part).is_dir():
            reason = f"its part {part!r} ({library}.{class_name}) has no folder {path / part}"
            raise _unavailable(name, reason, "Copy the whole folder, with every part that model_index.json names.")


def _part_config(folder: Path, name: str) -> Mapping[str, object]:
    """The part's own config; a tokenizer's where it has no other."""
    configs = {file.name: _read_json(file, name) for file in sorted(folder.glob("*config.json"))}
    for file_name, config in configs.items():
        if "auto_map" in config:
            raise _unavailable(name, f"{folder / file_name} names code of its own (auto_map)", _NO_CODE)
    for wanted in ("config.json", "scheduler_config.json", "preprocessor_config.json", "tokenizer_config.json"):
        if wanted in configs:
            return configs[wanted]
    return {}


def check_json(file: Path, name: str) -> object:
    """The JSON value in a file of the model `name`; raises `ModelUnavailable` with the file where there is none."""
    try:
        value: object = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        reason = f"{file} cannot be read as JSON: {error}"
        raise _unavailable(name, reason, "Copy or download the file again.") from error
    return value


def _read_json(file: Path, name: str) -> Mapping[str, object]:
    value = check_json(file, name)
    if not isinstance(value, dict):
        raise _unavailable(name, f"{file} is not a JSON object", "Copy or download the file again.")
    return value


def _visible_files(folder: Path) -> Iterator[Path]:
    """Files in and under a folder, without hidden ones; links are followed."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry.name == "__pycache__":
            continue
        if entry.is_dir():
            yield from _visible_files(entry)
        elif entry.is_file():
            yield entry


def _is_loaded(file: Path) -> bool:
    if ".safetensors" in file.suffixes:
        # `model.fp16.safetensors` and the like are variants beside the weights that are loaded.
        return _OWN_WEIGHTS.fullmatch(file.name) is not None
    return file.suffix not in UNLOADED_SUFFIXES | {".lock", ".md"}


def _relative(file: Path, folder: Path) -> str:
    return file.relative_to(folder).as_posix()


def _unavailable(name: str, reason: str, action: str) -> ModelUnavailable:
    return ModelUnavailable(model=f"diffusers:{name}", reason=reason, action=action)
