"""Ideogram's multipart forms: their JSON part, their pictures, and numbers that come as texts."""

from __future__ import annotations

import json

from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels
from renderlock.testing.exchange import Exchange
from renderlock.testing.provider import Refused
from renderlock.testing.wire import invalid

MOST_FILE_BYTES = 10 * 2**20


def json_part(exchange: Exchange) -> object:
    """The JSON in the one text field that a form with a picture has."""
    body = exchange.body
    if not isinstance(body, dict) or set(body) != {"image_request"}:
        found = ", ".join(body) if isinstance(body, dict) else "no form"
        raise invalid("image_request", f"the form must have exactly this text field, not {found}")
    return parse_json(str(body["image_request"]), "image_request")


def picture_file(exchange: Exchange, name: str) -> Pixels:
    """The picture of a form's file."""
    uploads = exchange.files.get(name, [])
    if len(uploads) != 1:
        raise invalid(name, f"exactly one file is needed, found {len(uploads)}")
    return sent_picture(uploads[0].data, name)


def no_more_files(exchange: Exchange, *names: str) -> None:
    """Refuses a form with other files."""
    unknown = sorted(set(exchange.files) - set(names))
    if unknown:
        raise invalid(unknown[0], "unknown file")


def parse_json(text: str, name: str) -> object:
    """The value of a field that holds JSON."""
    try:
        found: object = json.loads(text)
    except ValueError as error:
        raise invalid(name, f"is not JSON: {error}") from error
    return found


def with_numbers(body: object, *names: str) -> object:
    """The body with the named fields as whole numbers, where a form carries them as text."""
    if not isinstance(body, dict):
        return body
    return {
        name: int(value) if name in names and isinstance(value, str) and value.isdecimal() else value
        for name, value in body.items()
    }


def sent_picture(data: bytes, name: str) -> Pixels:
    """The pixels of a file that the provider takes: JPEG, PNG or WebP, of at most 10 MB."""
    if len(data) > MOST_FILE_BYTES:
        raise Refused(413, {"error": f"{name} is larger than 10 MB."})
    known = data.startswith((b"\x89PNG", b"\xff\xd8\xff")) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP")
    try:
        if not known:
            raise ValueError("not a JPEG, PNG or WebP file")
        return decode_picture(data)
    except ValueError as error:
        raise invalid(name, str(error)) from error
