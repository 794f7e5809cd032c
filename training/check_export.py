"""Checks shipped weights: error against the 32-bit network, equal bits, speed and memory."""

import argparse
import resource
import statistics
import time
from pathlib import Path

import numpy as np
import onnxruntime
import torch

from training.autoencoder import LATENT_CHANNELS
from training.export import load_autoencoder, load_flow
from training.tokenizer import Tokenizer

PROMPTS = ("red apple", "a cat and a car, on a blue background", "pattern of hearts", "")
GUIDED_STEP_RUNS = 30


def open_session(path: Path, threads: int = 2) -> onnxruntime.InferenceSession:
    """The network of a file, computed with so many threads."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def text_inputs(version: Path, prompts: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Context, mask and pooled of the prompts, by the shipped text encoder."""
    tokenizer = Tokenizer.from_file(version.parent / "vocabulary.txt.gz")
    tokens = np.array([tokenizer.padded_ids(prompt) for prompt in prompts], np.int64)
    context, pooled = open_session(version / "text.onnx").run(None, {"tokens": tokens})
    return {"context": context, "mask": (tokens > 0).astype(np.float32), "pooled": pooled}


def denoiser_inputs(text: dict[str, np.ndarray], height: int, width: int) -> dict[str, np.ndarray]:
    """Random latents at spread-out times, with these texts."""
    count = len(text["mask"])
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((count, LATENT_CHANNELS, height, width)).astype(np.float32)
    moments = np.linspace(0.1, 1, count, dtype=np.float32)
    place = np.tile(np.float32([0, 0, height, width]), (count, 1))
    return {"latent": latent, "time": moments, **text, "place": place}


def report_error(version: Path, checkpoint: Path, work: Path) -> None:
    """Prints how far the eight-bit networks are from the 32-bit ones."""
    flow, _ = load_flow(checkpoint, work / "words.npz")
    text = text_inputs(version, PROMPTS)
    for height, width in ((16, 16), (8, 8), (16, 24), (32, 32)):
        inputs = denoiser_inputs(text, height, width)
        shipped = open_session(version / "denoiser.onnx").run(None, inputs)[0]
        with torch.no_grad():
            exact = flow.denoiser(**{k: torch.from_numpy(v) for k, v in inputs.items()}).numpy()
        error = np.abs(shipped - exact)
        size = np.abs(exact).mean()
        print(f"velocity {height}x{width}: max {error.max():.4f} mean {error.mean():.5f} of {size:.3f}")
    _, decoder = load_autoencoder(work / "autoencoder.pt")
    latent = denoiser_inputs(text, 16, 16)["latent"]
    shipped = open_session(version.parent / "decoder.onnx").run(None, {"latent": latent})[0]
    with torch.no_grad():
        error = np.abs(shipped - decoder(torch.from_numpy(latent)).numpy())
    print(f"decoder: max {error.max():.4f} mean {error.mean():.5f} (pictures span 2)")


def report_bits(version: Path) -> None:
    """Prints whether threads and batch size leave every bit as it is."""
    inputs = denoiser_inputs(text_inputs(version, PROMPTS), 16, 16)
    results = []
    for threads in (1, 2, 4):
        session = open_session(version / "denoiser.onnx", threads)
        results.append(session.run(None, inputs)[0])
        singly = [
            session.run(None, {k: v[i : i + 1] for k, v in inputs.items()})[0] for i in range(len(inputs["time"]))
        ]
        results.append(np.concatenate(singly))
    decoded = []
    for threads in (1, 2, 4):
        session = open_session(version.parent / "decoder.onnx", threads)
        latent = inputs["latent"]
        decoded.append(session.run(None, {"latent": latent})[0])
        decoded.append(np.concatenate([session.run(None, {"latent": one[None]})[0] for one in latent]))
    same = all(np.array_equal(results[0], other) for other in results[1:])
    same_decoded = all(np.array_equal(decoded[0], other) for other in decoded[1:])
    print(f"bits equal for 1, 2, 4 threads and batch 1, 4: denoiser {same}, decoder {same_decoded}")


def report_speed(version: Path) -> None:
    """Prints milliseconds of a guided step (batch of two) and of decoding, and memory."""
    text = text_inputs(version, (PROMPTS[0], ""))
    for threads in (1, 2):
        session = open_session(version / "denoiser.onnx", threads)
        decoder = open_session(version.parent / "decoder.onnx", threads)
        for cells in (8, 16, 32, 64):
            inputs = denoiser_inputs(text, cells, cells)
            step = _median_ms(session, inputs)
            decode = _median_ms(decoder, {"latent": inputs["latent"][:1]})
            print(f"{threads} threads, {cells * 8} px: step {step:.1f} ms, decode {decode:.1f} ms")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"peak memory of this process {peak:.0f} MB (with torch and 512 px)")


def _median_ms(session: onnxruntime.InferenceSession, inputs: dict[str, np.ndarray]) -> float:
    runs = max(3, GUIDED_STEP_RUNS * 64 // inputs["latent"][0, 0].size)
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        session.run(None, inputs)
        times.append((time.perf_counter() - start) * 1000)
    return statistics.median(times)


def main() -> None:
    """Checks one exported version against its checkpoint."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--version", type=Path, required=True, help="folder of the exported version")
    arguments = parser.parse_args()
    report_error(arguments.version, arguments.checkpoint, arguments.work)
    report_bits(arguments.version)
    report_speed(arguments.version)


if __name__ == "__main__":
    main()
