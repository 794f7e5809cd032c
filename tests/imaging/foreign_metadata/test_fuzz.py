"""No reader raises, whatever a file holds."""

from __future__ import annotations

import json
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.imaging.foreign_metadata.base import PictureTexts, Reader
from renderlock.imaging.foreign_metadata.containers import read_texts
from renderlock.imaging.foreign_metadata.table import READERS, read_foreign_bytes, read_foreign_texts

KEYS = ["parameters", "prompt", "workflow", "invokeai_metadata", "sd-metadata", "Dream", "Comment", "UserComment"]
NAMES = [
    "class_type", "inputs", "positive", "negative", "latent_image", "seed", "noise", "model", "text", "clip", "images",
    "sui_image_params", "sui_models", "image", "prompt", "uc", "sampler", "scale", "v4_prompt", "caption", "nodes",
    "base_model", "resolution", "Comment", "width", "height", "param", "hash", "1", "2", "3",
]  # fmt: skip
HEADS = [
    b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe1", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x14ftypavif\0\0\0\0avif", b"GIF89a", b"",
]  # fmt: skip

leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(NAMES)
names = st.sampled_from(NAMES)
documents = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(names, inner, max_size=6)
        | st.tuples(st.sampled_from("123"), st.integers(-1, 3)).map(list)
    ),
    max_leaves=40,
)
graph_inputs = st.dictionaries(
    names, leaves | st.tuples(st.sampled_from("1234"), st.integers(0, 2)).map(list), max_size=8
)
nodes = st.fixed_dictionaries(
    {"class_type": st.sampled_from(["KSampler", "SaveImage", "CLIPTextEncode", "x"]), "inputs": graph_inputs}
)
graphs = st.dictionaries(st.sampled_from("1234"), nodes, max_size=4)
texts = st.dictionaries(
    st.sampled_from(KEYS) | st.just("Software"),
    st.text(max_size=50) | documents.map(json.dumps) | graphs.map(json.dumps),
    max_size=4,
)


@given(texts)
def test_no_reader_raises_for_any_texts_and_what_it_gives_can_be_stored(found: dict[str, str]) -> None:
    metadata = read_foreign_texts(PictureTexts(found))

    if metadata is not None:
        json.dumps(metadata.to_json(), allow_nan=False).encode()


@given(graphs, st.text(max_size=5))
def test_any_graph_is_walked_to_an_end(graph: dict[str, object], file_name: str) -> None:
    read_foreign_texts(PictureTexts({"prompt": json.dumps(graph)}, file_name=file_name))


@given(st.sampled_from(HEADS), st.binary(max_size=400))
def test_no_bytes_raise(head: bytes, body: bytes) -> None:
    read_foreign_bytes(head + body)


@given(st.lists(st.tuples(st.sampled_from([b"tEXt", b"zTXt", b"iTXt", b"eXIf", b"IHDR"]), st.binary(max_size=60))))
def test_no_png_chunk_raises(chunks: list[tuple[bytes, bytes]]) -> None:
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    ]

    read_texts(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


@given(st.sampled_from([b"II*\0", b"MM\0*"]), st.binary(max_size=200))
def test_no_exif_block_raises(head: bytes, body: bytes) -> None:
    block = b"Exif\0\0" + head + body

    read_texts(b"\xff\xd8\xff\xe1" + (len(block) + 2).to_bytes(2, "big") + block)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '{"a":' + "9" * 10_000 + "}", "\ud800", "{" + " " * 10**6]
)
def test_deep_and_endless_json_is_no_error(key: str, text: str) -> None:
    assert read_foreign_texts(PictureTexts({key: text})) is None


@pytest.mark.parametrize("reader", READERS)
def test_a_reader_gives_none_where_there_are_no_texts(reader: Reader) -> None:
    assert reader(PictureTexts({})) is None
