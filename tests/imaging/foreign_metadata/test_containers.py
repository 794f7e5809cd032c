from __future__ import annotations

import io
from collections.abc import Callable
from html import escape

import pytest
from PIL import Image

from renderlock.imaging.foreign_metadata.containers import media_type_of, read_texts
from renderlock.imaging.foreign_metadata.exif import decode_user_comment

ExifWriter = Callable[[bytes, str], bytes]
TEXT = "a café at night, 猫\nSteps: 20, Sampler: Euler a"
FORMATS = ["JPEG", "WEBP", "AVIF"]


def saved(kind: str, exif: bytes = b"", xmp: bytes = b"") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), "navy").save(buffer, kind, exif=exif, xmp=xmp)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", FORMATS)
def test_a_user_comment_as_piexif_writes_it_is_read_from_every_format(
    kind: str, piexif_comment: Callable[[str], bytes]
) -> None:
    found = read_texts(saved(kind, piexif_comment(TEXT)))

    assert found.texts == {"UserComment": TEXT}
    assert found.size == (32, 24)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("coding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_whatever_byte_order_block_and_text_have(exif_with: ExifWriter, order: str, coding: str) -> None:
    block = exif_with(b"UNICODE\0" + TEXT.encode(coding), order)

    assert read_texts(saved("JPEG", block)).texts == {"UserComment": TEXT}


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"ASCII\0\0\0plain words", "plain words"),
        (b"\0\0\0\0\0\0\0\0" + "undefined é".encode(), "undefined é"),
        (b"JIS\0\0\0\0\0" + "日本語".encode("iso2022_jp"), "日本語"),
        (b"no prefix at all", "no prefix at all"),
        (b"UNICODE\0" + "\ufefftext".encode("utf-16-le"), "text"),
        (b"UNICODE\0\0a\0", "a"),
        (b"", ""),
    ],
)
def test_every_character_set_of_a_user_comment_is_decoded(raw: bytes, text: str) -> None:
    assert decode_user_comment(raw, ">") == text


@pytest.mark.parametrize("kind", FORMATS)
def test_an_xmp_user_comment_is_read_where_there_is_no_exif(kind: str) -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description><xmp:CreatorTool>Draw &amp; Co</xmp:CreatorTool>'
        f'<exif:UserComment><rdf:Alt><rdf:li xml:lang="x-default">{escape(TEXT)}</rdf:li></rdf:Alt></exif:UserComment>'
        "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )
    found = read_texts(saved(kind, xmp=packet.encode()))

    assert found.texts == {"CreatorTool": "Draw & Co", "UserComment": TEXT}


def test_comfyuis_exif_tags_become_its_png_keys() -> None:
    exif = Image.Exif()
    exif[0x0110] = 'prompt:{"1": {"class_type": "KSampler"}}'
    exif[0x010F] = 'workflow:{"nodes": []}'
    found = read_texts(saved("WEBP", exif.tobytes()))

    assert found.texts == {"prompt": '{"1": {"class_type": "KSampler"}}', "workflow": '{"nodes": []}'}


def test_a_camera_model_is_not_taken_for_a_graph() -> None:
    exif = Image.Exif()
    exif[0x0110] = "Model: 5"

    assert read_texts(saved("JPEG", exif.tobytes())).texts == {"Model": "Model: 5"}


def test_a_jpeg_comment_is_read() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", comment="a note")

    assert read_texts(buffer.getvalue()).texts == {"Comment": "a note"}


@pytest.mark.parametrize("kind", [*FORMATS, "PNG", "GIF"])
def test_the_format_is_told_by_the_content(kind: str) -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, kind)

    assert media_type_of(buffer.getvalue()) == f"image/{kind.lower()}"


@pytest.mark.parametrize("data", [b"", b"hello", b"RIFF0000AVI ", b"%PDF-1.7", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom"])
def test_what_is_not_a_picture_has_no_media_type(data: bytes) -> None:
    assert media_type_of(data) is None


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_cut_anywhere_is_read_without_an_error(kind: str, piexif_comment: Callable[[str], bytes]) -> None:
    data = saved(kind, piexif_comment(TEXT))
    for end in range(0, len(data), 7):
        found = read_texts(data[:end])

        assert found.texts.keys() <= {"UserComment"}
