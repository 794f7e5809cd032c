"""What comes from a provider: words, JSON, waits, headers about a model's end, pictures."""

from __future__ import annotations

import base64
import io
import json
import struct
import zlib
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from renderlock.engines.hosted.faults import retry_after_s, words_of
from renderlock.engines.hosted.options import Limits
from renderlock.engines.hosted.pictures import decode, from_base64, prove, sniff
from renderlock.engines.hosted.sunset import sunset_of
from renderlock.engines.hosted.wire import Answer, Json
from renderlock.engines.hosted.words import LONGEST, clean
from renderlock.errors import BadAnswer
from renderlock.imaging.pixels import encode_png

KEY = "k-0123456789abcdef0123456789abcdef"
PIXELS = np.random.default_rng(1).integers(0, 256, (16, 24, 3), dtype=np.uint8)


def answer(body: object = None, status: int = 429, headers: dict[str, str] | None = None) -> Answer:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(status, headers or {}, data)


@given(st.text(), st.text())
def test_words_are_one_short_line_without_the_key(before: str, after: str) -> None:
    told = clean(f"{before}{KEY}{after}", [KEY])
    assert KEY not in told
    assert len(told) <= LONGEST
    assert told.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        "Incorrect API key provided: sk-abcdefgh12345678",
        "Authorization: Bearer ya29.a0AfH6SMBx",
        "https://host/picture.png?exp=1&sig=abcdef0123",
        "key AIzaSyA1234567890abcdefghijklmnopqr",
        f"half of it: {KEY[: len(KEY) // 2]}",
    ],
)
def test_what_looks_like_a_key_is_masked_though_nobody_gave_it(text: str) -> None:
    told = clean(text, [KEY])
    assert "[key]" in told
    assert not any(part in told for part in ("abcdefgh1234", "ya29.a0", "abcdef0123", "AIzaSyA12345", KEY[:17]))


def test_a_providers_words_are_found_in_its_many_bodies() -> None:
    google = {"error": {"code": 400, "message": "Bad seed.", "status": "INVALID_ARGUMENT", "details": []}}
    assert words_of(answer(google)) == "Bad seed"
    assert words_of(answer({"error": "No credit.", "reject_reason": "insufficient_funds"})) == (
        "No credit; insufficient_funds"
    )
    assert words_of(answer([{"error": {"message": "streamed"}}])) == "streamed"
    assert words_of(answer({"detail": [{"loc": ["body"], "msg": "field required"}]})) == "field required"
    assert words_of(answer(b"<html><h1>502 Bad Gateway</h1></html>", 502)) == "502 Bad Gateway"
    assert words_of(answer(b"", 500)) == "status 500, no words"


@pytest.mark.parametrize(
    ("body", "headers", "seconds"),
    [
        ({}, {"retry-after": "7"}, 7.0),
        ({}, {"retry-after": "999999"}, 3600.0),
        ({}, {"retry-after": "Mon, 23 Nov 2026 00:00:30 GMT"}, 30.0),
        ({}, {"retry-after": "Sun, 22 Nov 2026 00:00:00 GMT"}, 0.0),
        ({}, {"retry-after": "soon"}, None),
        (
            {"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "1.5s"}]}},
            {},
            1.5,
        ),
        ([{"error": {"details": [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "2s"}]}}], {}, 2.0),
        ({"error": {"details": [{"@type": "x/google.rpc.RetryInfo", "retryDelay": "soon"}]}}, {}, None),
        (b"not json", {}, None),
    ],
)
def test_the_wait_a_provider_asks_for_is_understood(
    body: object, headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_s(answer(body, headers=headers), datetime(2026, 11, 23, tzinfo=UTC)) == seconds


def test_json_tolerates_unknown_keys_and_refuses_wrong_shapes_by_their_path() -> None:
    found = answer({"data": [{"url": 5, "new": True}], "more": 1}, 200).json("m")
    assert [item.keys() for item in found.at("data").items()] == [("url", "new")]
    with pytest.raises(BadAnswer, match=r"\$\.data\[0\]\.url is int, not text"):
        found.at("data").items()[0].at("url").text()
    with pytest.raises(BadAnswer, match=r"\$\.seed is nothing, not a whole number"):
        found.at("seed").whole()
    assert found.at("missing").text(default="") == ""
    assert not found.at("missing")


@pytest.mark.parametrize("body", [b"", b"{", b"[1, 2]", b"null", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_a_bad_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        answer(body, 200).json("m")


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
def test_no_json_value_gets_through_as_another_type(value: object) -> None:
    node = Json({"a": value}, "m").at("a")
    for read, kind in ((node.text, str), (node.whole, int), (node.truth, bool)):
        try:
            result = read()
        except BadAnswer:
            assert type(value) is not kind
        else:
            assert type(result) is kind is type(value)


def test_headers_about_a_models_end_are_read() -> None:
    said = answer(
        {},
        200,
        {
            "deprecation": "@1798761600",
            "sunset": "Thu, 31 Dec 2026 00:00:00 GMT",
            "link": '</docs>; rel="help", </v2/generate>; rel="successor-version"',
        },
    )
    assert sunset_of(said) == (("deprecated", "2027-01-01"), ("successor", "/v2/generate"), ("sunset", "2026-12-31"))
    assert sunset_of(answer({}, 200)) == ()
    assert sunset_of(answer({}, 200, {"deprecation": "@99999999999999999999"})) != ()


def test_a_picture_is_what_its_bytes_say() -> None:
    buffer = io.BytesIO()
    Image.fromarray(PIXELS).save(buffer, "WEBP", lossless=True)
    png = encode_png(PIXELS, {})
    assert (sniff(png), sniff(buffer.getvalue()), sniff(b"<html>")) == ("image/png", "image/webp", "")
    assert prove(png, Limits(), "m") == "image/png"
    assert (decode(png, "m") == PIXELS).all()


@pytest.mark.parametrize("text", ["a", "a===", "!!!!", "QUJD\nQUJD", "QUJ"])
def test_damaged_base64_is_a_billed_bad_answer(text: str) -> None:
    with pytest.raises(BadAnswer) as bad:
        from_base64(text, "m")
    assert bad.value.billed == "yes"


def test_base64_may_have_the_prefix_of_a_data_url() -> None:
    text = base64.b64encode(b"picture").decode()
    assert from_base64(text, "m") == from_base64(f"data:image/png;base64,{text}", "m") == b"picture"


def test_a_bomb_is_refused_by_its_header_before_it_is_decoded() -> None:
    header = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + b"IHDR" + header + struct.pack(">I", zlib.crc32(b"IHDR" + header))
    with pytest.raises(BadAnswer, match="too many pixels"):
        prove(b"\x89PNG\r\n\x1a\n" + chunk + struct.pack(">I", 5) + b"IDAT", Limits(), "m")


def test_too_many_bytes_or_pixels_are_refused() -> None:
    png = encode_png(PIXELS, {})
    with pytest.raises(BadAnswer, match="bytes"):
        prove(png, Limits(picture_bytes=100), "m")
    with pytest.raises(BadAnswer, match="24x16"):
        prove(png, Limits(picture_pixels=100), "m")


@pytest.mark.parametrize("cut", [9, 40, 200])
def test_a_picture_cut_short_is_a_billed_bad_answer(cut: int) -> None:
    data = encode_png(PIXELS, {})[:cut]
    with pytest.raises(BadAnswer) as bad:
        look_at(data)
    assert bad.value.billed == "yes"


def look_at(data: bytes) -> None:
    prove(data, Limits(), "m")
    decode(data, "m")
