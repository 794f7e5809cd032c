"""What a new render is before it touches the disk: the bytes to keep and the record that describes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from renderlock.errors import InputUnusable
from renderlock.imaging.pixels import Pixels, decode_picture, digest_pixels, encode_png
from renderlock.spec.recipe import Size
from renderlock.store.address import derive_address
from renderlock.store.png_texts import texts_of
from renderlock.store.records import Encoded, NewRender, RenderRecord


@dataclass(frozen=True)
class Prepared:
    """A render ready to be kept: its record, its pixels, and every blob it needs by SHA-256."""

    record: RenderRecord
    pixels: Pixels
    blobs: dict[str, Encoded]


def prepare(new: NewRender) -> Prepared:
    """The record and the blobs of a new render.

    Raises `InputUnusable` where the picture file is not a picture.
    """
    encoded, pixels = _both_forms(new)
    blob = hashlib.sha256(encoded.data).hexdigest()
    blobs = {blob: encoded}
    original = None
    if new.original is not None:
        original = (hashlib.sha256(new.original.data).hexdigest(), new.original.media_type)
        blobs.setdefault(original[0], new.original)
    digest = None if new.recipe is None else new.recipe.digest
    record = RenderRecord(
        address=derive_address(digest, new.standing, blob),
        digest=digest,
        recipe=new.recipe,
        standing=new.standing,
        blob=blob,
        blob_bytes=len(encoded.data),
        media_type=encoded.media_type,
        size=Size(width=pixels.shape[1], height=pixels.shape[0]),
        pixels=digest_pixels(pixels),
        origin=new.origin,
        made=new.made,
        deviations=new.deviations,
        source=new.source,
        original=original,
    )
    return Prepared(record, pixels, blobs)


def _both_forms(new: NewRender) -> tuple[Encoded, Pixels]:
    """The picture as a file and as pixels, whichever of the two was given."""
    if not isinstance(new.picture, Encoded):
        texts = {} if new.recipe is None else texts_of(new.recipe, new.standing)
        return Encoded(encode_png(new.picture, texts), "image/png"), new.picture
    try:
        return new.picture, decode_picture(new.picture.data)
    except ValueError as error:
        name = dict(new.source).get("file", "the picture")
        raise InputUnusable(path=name, reason=error, action="Give a PNG, JPEG or WebP file.") from error
