"""Files checked before anything is loaded from them: readable JSON, complete safetensors, and of which precision.

The safetensors header is read in plain Python (https://github.com/huggingface/safetensors#format), so that a
file cut short by a broken copy is named instead of failing somewhere inside a library.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from renderlock.engines.diffusers_local.folder import UNLOADED_SUFFIXES, ModelFolder, check_json
from renderlock.errors import ModelUnavailable

Precision = Literal["float32", "float16", "bfloat16"]

LONGEST_HEADER_BYTES = 100_000_000
"""The format's own limit on the header's length."""

_PRECISIONS: Mapping[str, Precision] = {"F16": "float16", "BF16": "bfloat16"}
_BYTES: Mapping[str, int] = {"F64": 8, "I64": 8, "F16": 2, "BF16": 2, "F8_E4M3": 1, "F8_E5M2": 1, "U8": 1, "I8": 1}
"""Bytes a value by the format's names of types; all others have four."""

_WITHOUT_WEIGHTS = ("Tokenizer", "TokenizerFast", "Scheduler", "Processor", "FeatureExtractor")
_DENOISERS = ("transformer", "unet", "prior")


def check_files(folder: ModelFolder) -> None:
    """Proves that every JSON file can be read and that every weight file is complete.

    Raises `ModelUnavailable` with the file's name where one is damaged, cut short or missing, or where a part has
    weights in pickle formats only.
    """
    files = folder.loaded_files()
    for file in files:
        if file.endswith(".json"):
            check_json(folder.path / file, folder.name)
        if file.endswith(".safetensors"):
            _read_header(folder.path / file, folder.name)
        elif file.endswith(".safetensors.index.json"):
            _check_shards(folder, file)
    for part in folder.parts:
        if _is_network(folder, part) and not any(_is_weight_of(part, file) for file in files):
            raise _no_weights(folder, part)


def stored_precision(folder: ModelFolder) -> Precision:
    """The precision most of the denoiser's weights are stored in; float32 where it is none of the three."""
    values: Counter[str] = Counter()
    denoiser = next((part for part in _DENOISERS if part in folder.parts), None)
    for file in folder.loaded_files():
        if denoiser and _is_weight_of(denoiser, file):
            for tensor in _read_header(folder.path / file, folder.name).values():
                begin, end = _offsets(tensor)
                values[_dtype(tensor)] += end - begin
    most = values.most_common(1)
    return _PRECISIONS.get(most[0][0], "float32") if most else "float32"


def weight_bytes(folder: ModelFolder, precision: Precision) -> dict[str, int]:
    """How many bytes the weights of each part take in memory in that precision, from the files' headers."""
    taken: dict[str, int] = {}
    for file in folder.loaded_files():
        if file.endswith(".safetensors"):
            part = file.partition("/")[0]
            for tensor in _read_header(folder.path / file, folder.name).values():
                begin, end = _offsets(tensor)
                values = (end - begin) // _BYTES.get(_dtype(tensor), 4)
                taken[part] = taken.get(part, 0) + values * (4 if precision == "float32" else 2)
    return taken


def _is_weight_of(part: str, file: str) -> bool:
    return file.startswith(f"{part}/") and file.endswith(".safetensors")


def _is_network(folder: ModelFolder, part: str) -> bool:
    """Whether a part has weights: networks have a config.json, and so have some tokenizers and processors."""
    class_name = folder.parts[part][1]
    return (folder.path / part / "config.json").is_file() and not class_name.endswith(_WITHOUT_WEIGHTS)


def _no_weights(folder: ModelFolder, part: str) -> ModelUnavailable:
    there = [file.name for file in sorted((folder.path / part).iterdir())]
    pickle = next((name for name in there if Path(name).suffix in UNLOADED_SUFFIXES), None)
    variant = next((name for name in there if name.endswith(".safetensors")), None)
    if variant:
        reason = f"{part} has its weights only as the variant {variant}"
        return _unavailable(folder.name, reason, "Save the model with `save_pretrained` without a variant.")
    if pickle:
        reason = f"{part} has its weights only as {pickle}, a format that is not loaded because it can run code"
        action = "Take a revision with .safetensors weights, or convert it with `save_pretrained`."
        return _unavailable(folder.name, reason, action)
    return _unavailable(folder.name, f"{part} has no weights: {folder.path / part} holds no .safetensors file", _AGAIN)


def _check_shards(folder: ModelFolder, index_file: str) -> None:
    index = json.loads((folder.path / index_file).read_text("utf-8"))
    weight_map = index.get("weight_map")
    shards = sorted(set(weight_map.values())) if isinstance(weight_map, dict) else []
    for shard in shards:
        file = (folder.path / index_file).with_name(str(shard))
        if not file.is_file():
            raise _unavailable(folder.name, f"{file} is missing, which {index_file} names", _AGAIN)


def _read_header(file: Path, name: str) -> dict[str, object]:
    """The tensors of a safetensors file by name, after proving that the file is as long as they need."""
    try:
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            if not 2 <= length <= LONGEST_HEADER_BYTES:
                raise ValueError("it has no safetensors header")
            header = json.loads(opened.read(length))
        if not isinstance(header, dict):
            raise TypeError("its header is not a JSON object")
        header.pop("__metadata__", None)
        needed = 8 + length + max((_offsets(tensor)[1] for tensor in header.values()), default=0)
    except (OSError, ValueError, TypeError) as error:
        raise _unavailable(name, f"{file} is damaged: {error}", _AGAIN) from error
    found = file.stat().st_size
    if found != needed:
        raise _unavailable(name, f"{file} is damaged: {found} bytes of {needed}", _AGAIN)
    return header


def _offsets(tensor: object) -> tuple[int, int]:
    match tensor:
        case {"data_offsets": [int(begin), int(end)]}:
            return begin, end
    raise ValueError("a tensor in its header has no place")


def _dtype(tensor: object) -> str:
    match tensor:
        case {"dtype": str(dtype)}:
            return dtype
    return ""


_AGAIN = "Copy or download the file again."


def _unavailable(name: str, reason: str, action: str) -> ModelUnavailable:
    return ModelUnavailable(model=f"diffusers:{name}", reason=reason, action=action)
