"""Exports trained weights to the files the package ships, with a `model.json` that describes them.

Vocabulary, decoder and encoder are shared by all versions; text encoder and denoiser belong to one.
"""

import argparse
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import onnx
import onnxslim
import torch
from torch import nn
from torch.nn import functional

from training.autoencoder import LATENT_CHANNELS, Decoder, Encoder
from training.checkpoints import load_pieces
from training.denoiser import Denoiser
from training.quantize import quantize_weights
from training.text_encoder import CONTEXT_WIDTH
from training.tokenizer import PATTERN, STOP_WORDS, TOKEN_COUNT
from training.train_flow import Flow

OPSET = 17
CHANNEL_BLOCK = 16
INTERFACE_FORMAT = 1
DEFAULTS = {"steps": 12, "guidance_scale": 3.0, "sampler": "euler", "side_px": 128}
SHARED_FILES = {
    "vocabulary": "vocabulary.txt.gz",
    "decoder": "decoder.onnx",
    "encoder": "encoder.onnx",
    "caption_words": "caption_words.txt.gz",
}
VERSION_FILES = {"text": "text.onnx", "denoiser": "denoiser.onnx"}


def export_network(
    network: nn.Module,
    inputs: dict[str, torch.Tensor],
    outputs: tuple[str, ...],
    dynamic: dict[str, dict[int, str]],
    path: Path,
) -> None:
    """Writes the network as ONNX with eight-bit weights."""
    stream = io.BytesIO()
    torch.onnx.export(
        network.eval(),
        tuple(inputs.values()),
        stream,
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_axes=dynamic,
        opset_version=OPSET,
        dynamo=False,
    )
    model = quantize_weights(onnxslim.slim(onnx.load_from_string(stream.getvalue())))
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def export_shared(work: Path, out: Path) -> None:
    """Writes the files that every version uses."""
    encoder, decoder = load_autoencoder(work / "autoencoder.pt")
    picture, latent = torch.rand(2, 3, 128, 192) * 2 - 1, torch.randn(2, LATENT_CHANNELS, 16, 24)
    pixels = {0: "batch", 2: "height_px", 3: "width_px"}
    cells = {0: "batch", 2: "height", 3: "width"}
    axes = {"picture": pixels, "latent": cells}
    export_network(encoder, {"picture": picture}, ("latent",), axes, out / "encoder.onnx")
    export_network(decoder, {"latent": latent}, ("picture",), axes, out / "decoder.onnx")
    for role in ("vocabulary", "caption_words"):
        (out / SHARED_FILES[role]).write_bytes((work / SHARED_FILES[role]).read_bytes())


def load_autoencoder(path: Path) -> tuple[Encoder, Decoder]:
    """The trained autoencoder, on the CPU."""
    encoder, decoder = Encoder(), Decoder()
    state = torch.load(path, map_location="cpu", weights_only=True)
    encoder.load_state_dict(state["encoder"])
    decoder.load_state_dict(state["decoder"])
    return encoder.eval(), decoder.eval()


def load_flow(checkpoint: Path, words: Path) -> tuple[Flow, dict[str, float]]:
    """The averaged weights of a checkpoint folder, and how long they were trained."""
    state = load_pieces(checkpoint, "average.pt")
    flow = Flow(dict(np.load(words)))
    flow.load_state_dict(state["flow"])
    return flow.eval(), state["progress"]


def example_inputs(flow: Flow) -> dict[str, torch.Tensor]:
    """Inputs of the denoiser with the right shapes."""
    tokens = torch.zeros(2, TOKEN_COUNT, dtype=torch.int64)
    tokens[0, :5] = torch.arange(100, 105)
    context, pooled = flow.text_encoder(tokens)
    return {
        "latent": torch.randn(2, LATENT_CHANNELS, 16, 24),
        "time": torch.tensor([0.3, 0.9]),
        "context": context.detach(),
        "mask": (tokens > 0).float(),
        "pooled": pooled.detach(),
        "place": torch.tensor([[0.0, 0.0, 16.0, 24.0], [4.0, 8.0, 32.0, 48.0]]),
    }


def widen_entrance(denoiser: Denoiser) -> None:
    """Fills the first convolution's input up to a multiple of 16 channels, with zero weights.

    For such widths ONNX Runtime has a kernel whose sums do not depend on the number of threads.
    """
    narrow = denoiser.enter
    missing = -narrow.in_channels % CHANNEL_BLOCK
    wide = nn.Conv2d(narrow.in_channels + missing, narrow.out_channels, 3, padding=1)
    wide.weight.data = functional.pad(narrow.weight.data, (0, 0, 0, 0, 0, missing))
    wide.bias.data = narrow.bias.data
    denoiser.enter = wide


def export_version(flow: Flow, out: Path) -> None:
    """Writes one version's text encoder and denoiser."""
    widen_entrance(flow.denoiser)
    inputs = example_inputs(flow)
    tokens = {"tokens": torch.zeros(2, TOKEN_COUNT, dtype=torch.int64)}
    axes = {name: {0: "batch"} for name in ("tokens", "context", "pooled")}
    export_network(flow.text_encoder, tokens, ("context", "pooled"), axes, out / "text.onnx")
    axes = {name: {0: "batch"} for name in inputs}
    axes["latent"] = axes["velocity"] = {0: "batch", 2: "height", 3: "width"}
    export_network(flow.denoiser, inputs, ("velocity",), axes, out / "denoiser.onnx")


def describe(revision: str, progress: dict[str, float], out: Path) -> dict[str, object]:
    """The content of `model.json`."""
    paths = {role: f"../{name}" for role, name in SHARED_FILES.items()} | VERSION_FILES
    files = {
        role: {"path": path, "sha256": hashlib.sha256((out / path).read_bytes()).hexdigest()}
        for role, path in paths.items()
    }
    return {
        "format": INTERFACE_FORMAT,
        "model": "renderlock-icons",
        "revision": revision,
        "licence": "Apache-2.0",
        "files": files,
        "tokenizer": {
            "vocabulary": "gzip of UTF-8 text, one word piece a line; the line number from 0 is its id",
            "lower_case": True,
            "pattern": PATTERN,
            "stop_words": list(STOP_WORDS),
            "split": "greedy longest match from the left; a continuing piece starts with ##",
            "tokens": TOKEN_COUNT,
            "padding": 0,
            "unconditional": "all padding",
        },
        "latent": {"channels": LATENT_CHANNELS, "cell_px": 8, "multiple": 4},
        "context": {"width": CONTEXT_WIDTH, "pooled_width": CONTEXT_WIDTH},
        "prediction": "velocity = noise - picture; time 1 is noise, time 0 is the picture",
        "defaults": DEFAULTS,
        "trained": {
            "on": "icons of noto (Apache-2.0), fluent-emoji and fluent-emoji-flat (MIT) and "
            "fxemoji (Apache-2.0); captions from emojibase-data and emojilib (MIT); word vectors "
            "from all-MiniLM-L6-v2 (Apache-2.0)",
            "samples": int(progress["samples"]),
            "steps": int(progress["steps"]),
            "seconds": round(progress["seconds"]),
        },
    }


def main() -> None:
    """Exports one version and the shared files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--checkpoint", type=Path, required=True, help="folder of average.pt.*")
    parser.add_argument("--revision", required=True, help="v1, v2, ...")
    parser.add_argument("--out", type=Path, default=Path("src/renderlock/engines/embedded/weights"))
    arguments = parser.parse_args()
    work, out = arguments.work, arguments.out
    export_shared(work, out)
    flow, progress = load_flow(arguments.checkpoint, work / "words.npz")
    folder = out / arguments.revision
    export_version(flow, folder)
    card = describe(arguments.revision, progress, folder)
    (folder / "model.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    total = sum(path.stat().st_size for path in out.rglob("*") if path.is_file())
    print(f"{arguments.revision}: {progress}; all weights together {total / 1e6:.2f} MB")


if __name__ == "__main__":
    main()
