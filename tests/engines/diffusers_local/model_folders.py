"""Model folders that hold configs only: enough to be identified, described and refused, not to be rendered with."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

Config = Mapping[str, object]

SD_VAE: Config = {"_class_name": "AutoencoderKL", "block_out_channels": [128, 256, 512, 512]}
FLOW: Config = {"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}
EULER: Config = {"_class_name": "EulerDiscreteScheduler", "prediction_type": "epsilon"}


def write_folder(path: Path, pipeline: str, parts: Mapping[str, Config], **settings: object) -> Path:
    """A folder with a model_index.json for `pipeline` and one config for each part, named by its `_class_name`."""
    index: dict[str, object] = {"_class_name": pipeline, "_diffusers_version": "0.42.0", **settings}
    for part, config in parts.items():
        index[part] = ["diffusers", config.get("_class_name", "Part")]
        name = "scheduler_config.json" if part == "scheduler" else "config.json"
        write_json(path / part / name, config)
    write_json(path / "model_index.json", index)
    return path


def write_json(file: Path, value: object) -> None:
    """`value` as JSON in `file`, its folder made where it is missing."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(value), "utf-8")


def edit_index(folder: Path, **changes: object) -> None:
    """Changes entries of the folder's model_index.json."""
    file = folder / "model_index.json"
    write_json(file, {**json.loads(file.read_text("utf-8")), **changes})
