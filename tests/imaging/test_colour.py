"""Colour profiles: what comes in is converted and said, what goes out is tagged and comes back."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from renderlock.errors import InputUnusable
from renderlock.imaging.colour import (
    SRGB,
    Profile,
    convert_to,
    decode_managed,
    open_profile,
)
from renderlock.imaging.pixels import Pixels, encode_png


def noise(channels: int = 3) -> Pixels:
    return np.random.default_rng(5).integers(0, 256, (12, 9, channels), dtype=np.uint8)


def saved(picture: Image.Image, kind: str = "PNG", *, icc: bytes | None = None) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, icc_profile=icc)
    return buffer.getvalue()


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_a_picture_without_a_profile_is_srgb_and_that_is_said() -> None:
    pixels = noise()

    managed = decode_managed(saved(Image.fromarray(pixels)))

    assert (managed.pixels == pixels).all()
    assert managed.profile == "sRGB"
    assert managed.notes == ("it carries no colour profile and was taken as sRGB",)


def test_our_own_files_say_that_they_are_srgb() -> None:
    assert decode_managed(encode_png(noise(), {})).notes == ()


@pytest.mark.parametrize("channels", [3, 4])
def test_an_embedded_srgb_profile_changes_no_bit(channels: int) -> None:
    pixels = noise(channels)

    managed = decode_managed(saved(Image.fromarray(pixels), icc=srgb_profile()))

    assert (managed.pixels == pixels).all()
    assert managed.notes == ()


def test_display_p3_is_converted_to_srgb() -> None:
    p3 = open_profile("DisplayP3")
    red = saved(Image.new("RGB", (2, 2), (234, 51, 35)), icc=p3.data)

    managed = decode_managed(red)

    # The red of sRGB has these values in Display P3 (CSS Color 4, section 10.4).
    assert np.abs(managed.pixels.astype(int) - (255, 0, 0)).max() <= 3
    assert "to sRGB" in managed.notes[0]


@pytest.mark.parametrize("channels", [3, 4])
def test_a_picture_written_in_display_p3_comes_back(channels: int) -> None:
    pixels, p3 = noise(channels), open_profile("displayp3")

    data = saved(Image.fromarray(np.asarray(convert_to(pixels, p3))), icc=p3.data)

    back = decode_managed(data).pixels
    apart = np.abs(back[..., :3].astype(int) - pixels[..., :3])
    assert apart.mean() < 1, f"mean {apart.mean():.2f}, largest {apart.max()}"
    assert (back[..., 3:] == pixels[..., 3:]).all()


def test_large_pictures_are_converted_in_bands_as_one() -> None:
    p3, tall = open_profile("DisplayP3"), np.tile(noise(), (2, 200, 1))

    whole = convert_to(np.tile(tall, (1200, 1, 1)), p3)

    assert (whole == np.tile(convert_to(tall, p3), (1200, 1, 1))).all()


def test_a_profile_file_is_taken_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "own.icc").write_bytes(open_profile("DisplayP3").data)

    profile = open_profile(str(tmp_path / "own.icc"))

    assert profile.sha256 == open_profile("DisplayP3").sha256


@pytest.mark.parametrize("name", ["AdobeRGB", "missing.icc"])
def test_an_unknown_profile_says_which_there_are(name: str) -> None:
    with pytest.raises(InputUnusable) as caught:
        open_profile(name)

    assert "DisplayP3" in caught.value.advice


def test_a_profile_that_is_not_for_rgb_is_refused(tmp_path: Path) -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    (tmp_path / "lab.icc").write_bytes(lab.tobytes())

    with pytest.raises(InputUnusable, match="for Lab, not for RGB"):
        open_profile(str(tmp_path / "lab.icc"))


def test_a_damaged_profile_is_an_error() -> None:
    with pytest.raises(ValueError, match="its colour profile cannot be used"):
        decode_managed(saved(Image.fromarray(noise()), icc=b"no profile at all" * 20))


def test_cmyk_without_a_profile_is_said_to_be_a_guess() -> None:
    assert "guess" in decode_managed(saved(Image.new("CMYK", (4, 4)), "JPEG")).notes[1]


def test_sixteen_bits_are_said_to_be_reduced() -> None:
    deep = Image.fromarray(np.full((4, 4), 40_000, dtype=np.uint16))

    assert "more than 8 bits" in decode_managed(saved(deep)).notes[1]


def test_profiles_are_equal_by_name_and_bytes() -> None:
    assert Profile("sRGB") == SRGB
    assert open_profile("sRGB") == SRGB
