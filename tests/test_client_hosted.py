"""The client with a hosted model: the story's snippet, its key, what it costs, and nothing bought twice."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from renderlock import Client
from renderlock.errors import KeyMissing, NotCapable
from renderlock.imaging.decoding import decode_picture
from renderlock.settings import read_settings
from renderlock.testing import serve


def test_ten_variants_of_the_story_with_a_key_of_ones_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with serve("ideogram", pictures="sketch") as server:
        settings = replace(read_settings({}), urls=(("ideogram", server.url),))
        with Client(model="ideogram-v1", api_key=server.key, deviations="record", settings=settings) as client:
            for seed in range(2):
                out = client.generate("hero shot, studio lighting", seed=seed, guidance_scale=7.0, size=(1024, 1024))
                out.save(f"variant_{seed}.png")
            again = client.generate("hero shot, studio lighting", seed=1, guidance_scale=7.0, size=(1024, 1024))

        assert (tmp_path / "variant_1.png").read_bytes() == again.data
        assert again.address == out.address
        assert [deviation.field for deviation in out.deviations] == ["guidance_scale"]
        assert dict(out.record.source)["resolution"] == "1024x1024"
        assert server.accepted == 2
        assert not [path for path in tmp_path.rglob("*") if path.is_file() and server.key.encode() in path.read_bytes()]


def test_a_size_below_the_providers_is_delivered_as_asked_and_says_how(tmp_path: Path) -> None:
    with serve("ideogram", pictures="sketch") as server:
        settings = replace(read_settings({}), urls=(("ideogram", server.url),))
        strict = Client("ideogram-v2", api_key=server.key, store=tmp_path / "store", settings=settings)
        with strict as client:
            picture = client.generate("hero shot", size=(512, 512))
            again = client.generate("hero shot", size=(512, 512))
            assert picture.record.original is not None
            bought = client.store.blob(*picture.record.original)

    assert picture.image.size == (512, 512)
    assert [deviation.field for deviation in picture.deviations] == ["size"]
    assert "made at 1024x1024 and reduced by 2" in picture.deviations[0].done
    assert decode_picture(bought).shape[:2] == (1024, 1024)
    assert (again.address, server.accepted) == (picture.address, 1)


def test_strictly_a_control_the_model_has_not_is_refused_before_anything_is_spent(tmp_path: Path) -> None:
    with serve("ideogram", pictures="sketch") as server:
        settings = replace(read_settings({}), urls=(("ideogram", server.url),))
        strict = Client("ideogram-v1", api_key=server.key, store=tmp_path / "store", settings=settings)
        with strict as client, pytest.raises(NotCapable, match="guidance_scale"):
            client.generate("hero shot", guidance_scale=7.0)
        assert server.calls == ()


def test_without_a_key_it_says_which_variable_is_missing(tmp_path: Path) -> None:
    keyless = Client("ideogram-v2", store=tmp_path / "store", settings=read_settings({}))
    with keyless as client, pytest.raises(KeyMissing, match="IDEOGRAM_API_KEY"):
        client.generate("hero shot")
