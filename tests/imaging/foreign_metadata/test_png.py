from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping

import pytest

from renderlock.imaging.foreign_metadata.base import LARGEST_TEXT_BYTES
from renderlock.imaging.foreign_metadata.containers import read_texts

Write = Callable[[bytes, bytes], bytes]
Make = Callable[[list[bytes]], bytes]


def test_a_latin_text_and_a_unicode_text_written_by_pillow_are_read_back(
    png_with: Callable[[Mapping[str, str]], bytes],
) -> None:
    texts = {"parameters": "café, naïve", "prompt": "猫と犬 😀"}

    assert read_texts(png_with(texts)).texts == texts


def test_a_text_chunk_that_holds_utf_8_against_the_standard_is_read_as_utf_8(png_of: Make, chunk: Write) -> None:
    data = png_of([chunk(b"tEXt", b"Comment\0" + "少女, niña".encode())])

    assert read_texts(data).texts == {"Comment": "少女, niña"}


def test_compressed_texts_of_both_kinds_are_inflated(png_of: Make, chunk: Write) -> None:
    plain = chunk(b"zTXt", b"first\0\0" + zlib.compress("naïve".encode("latin-1")))
    international = chunk(b"iTXt", b"second\0\1\0en\0zweite\0" + zlib.compress("漢字".encode()))

    assert read_texts(png_of([plain, international])).texts == {"first": "naïve", "second": "漢字"}


def test_a_text_behind_the_pixels_is_read(png_of: Make, chunk: Write) -> None:
    end = chunk(b"IEND", b"")
    data = png_of([]).removesuffix(end) + chunk(b"tEXt", b"parameters\0late") + end

    assert read_texts(data).texts == {"parameters": "late"}


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_a_decompression_bomb_is_left_out_and_noted_and_the_next_text_is_read(
    png_of: Make, chunk: Write, kind: bytes
) -> None:
    bomb = zlib.compress(bytes(LARGEST_TEXT_BYTES * 4), 9)
    head = b"bomb\0\0" if kind == b"zTXt" else b"bomb\0\1\0\0\0"
    found = read_texts(png_of([chunk(kind, head + bomb), chunk(b"tEXt", b"parameters\0kept")]))

    assert found.texts == {"parameters": "kept"}
    assert found.notes == ("bomb: more than 8 MiB of text, not read",)


def test_many_large_texts_together_stay_within_the_budget(png_of: Make, chunk: Write) -> None:
    chunks = [chunk(b"tEXt", b"key%d\0" % number + b"x" * (3 * 2**20)) for number in range(4)]
    found = read_texts(png_of(chunks))

    assert list(found.texts) == ["key0", "key1"]
    assert len(found.notes) == 2


def test_a_truncated_file_gives_the_texts_before_its_end(png_of: Make, chunk: Write) -> None:
    data = png_of([chunk(b"tEXt", b"parameters\0kept"), chunk(b"tEXt", b"lost\0" + b"x" * 100)])
    found = read_texts(data[: data.index(b"lost") + 20])

    assert found.texts == {"parameters": "kept"}
    assert found.notes == ("the PNG file ends inside its tEXt chunk",)


def test_a_broken_deflate_stream_gives_no_text(png_of: Make, chunk: Write) -> None:
    assert read_texts(png_of([chunk(b"zTXt", b"key\0\0not deflate")])).texts == {}


def test_the_first_of_two_texts_with_one_key_is_kept(png_of: Make, chunk: Write) -> None:
    data = png_of([chunk(b"tEXt", b"parameters\0first"), chunk(b"tEXt", b"parameters\0second")])

    assert read_texts(data).texts == {"parameters": "first"}


def test_the_pixel_size_comes_from_the_header(png_with: Callable[[Mapping[str, str]], bytes]) -> None:
    assert read_texts(png_with({"a": "b"})).size == (24, 16)
