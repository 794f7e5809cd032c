"""What a new render is before it touches the disk: the bytes to keep and the record that describes them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from renderlock.errors import InputUnusable
from renderlock.imaging.decoding import decode_picture
from renderlock.imaging.pixels import Pixels, digest_pixels, encode_png
from renderlock.spec.recipe import Size
from renderlock.store.address import derive_address
from renderlock.store.files import hash_file
from renderlock.store.png_texts import texts_of
from renderlock.store.records import Encoded, KeptFile, NewRender, RenderRecord, StagedPicture

Blob = Encoded | StagedPicture
"""What becomes a blob: bytes, or a file to be moved in."""


@dataclass(frozen=True)
class Prepared:
    """A render ready to be kept: its record, its pixels, and every blob it needs by SHA-256.

    `pixels` are what thumbnails are made of; None where the picture is staged in a file and nothing smaller was given.
    """

    record: RenderRecord
    pixels: Pixels | None
    blobs: dict[str, Blob]


@dataclass(frozen=True)
class _Taken:
    """A picture as it will be kept, and what the record says about its pixels."""

    blob: Blob
    sha256: str
    length: int
    size: Size
    digest: str
    pixels: Pixels | None


def prepare(new: NewRender) -> Prepared:
    """The record and the blobs of a new render.

    Raises `InputUnusable` where the picture file is not a picture, `OSError` where a staged file cannot be read.
    """
    taken = _take_staged(new.picture) if isinstance(new.picture, StagedPicture) else _take_whole(new)
    blobs: dict[str, Blob] = {taken.sha256: taken.blob}
    original = None
    if new.original is not None:
        original = (hashlib.sha256(new.original.data).hexdigest(), new.original.media_type)
        blobs.setdefault(original[0], new.original)
    files = []
    for name, file in new.files:
        files.append(KeptFile(name, hashlib.sha256(file.data).hexdigest(), file.media_type))
        blobs.setdefault(files[-1].blob, file)
    digest = None if new.recipe is None else new.recipe.digest
    record = RenderRecord(
        address=derive_address(digest, new.standing, taken.sha256),
        digest=digest,
        recipe=new.recipe,
        standing=new.standing,
        blob=taken.sha256,
        blob_bytes=taken.length,
        media_type=taken.blob.media_type,
        size=taken.size,
        pixels=taken.digest,
        origin=new.origin,
        made=new.made,
        deviations=new.deviations,
        source=new.source,
        original=original,
        files=tuple(files),
    )
    return Prepared(record, taken.pixels, blobs)


def _take_staged(staged: StagedPicture) -> _Taken:
    """A staged file by its bytes on disk; what it shows is taken from who wrote it."""
    size = Size(staged.width, staged.height)
    return _Taken(staged, hash_file(staged.path), staged.path.stat().st_size, size, staged.pixels_digest, staged.small)


def _take_whole(new: NewRender) -> _Taken:
    encoded, pixels = _both_forms(new)
    size = Size(width=pixels.shape[1], height=pixels.shape[0])
    sha256 = hashlib.sha256(encoded.data).hexdigest()
    return _Taken(encoded, sha256, len(encoded.data), size, digest_pixels(pixels), pixels)


def _both_forms(new: NewRender) -> tuple[Encoded, Pixels]:
    """The picture as a file and as pixels, whichever of the two was given."""
    if isinstance(new.picture, np.ndarray):
        texts = {} if new.recipe is None else texts_of(new.recipe, new.standing)
        return Encoded(encode_png(new.picture, texts), "image/png"), new.picture
    assert isinstance(new.picture, Encoded)
    try:
        return new.picture, decode_picture(new.picture.data)
    except ValueError as error:
        name = dict(new.source).get("file", "the picture")
        raise InputUnusable(path=name, reason=error, action="Give a PNG, JPEG or WebP file.") from error
