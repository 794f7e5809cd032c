"""Versions by reference, identity by content, and damage named by file."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
from pathlib import Path

import pytest

from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.embedded.engine import EmbeddedEngine, open_model
from renderlock.engines.embedded.weights import CARD, ROLES, SHIPPED, list_versions, open_version
from renderlock.engines.files import FreshHashes
from renderlock.engines.resolve import Request, resolve
from renderlock.errors import EngineFailed, ModelUnavailable, UnknownName

REFERENCES = [("", "v2"), ("v1", "v1"), ("v2", "v2"), ("renderlock-icons@v1", "v1"), ("renderlock-icons", "v2")]


@pytest.mark.parametrize(("reference", "revision"), REFERENCES)
def test_a_reference_names_one_version(reference: str, revision: str) -> None:
    identity = open_model(reference, EngineOptions()).identify()

    assert (identity.engine, identity.model, identity.revision) == ("embedded", "renderlock-icons", revision)
    assert identity.surface == "embedded/1"


@pytest.mark.parametrize("reference", ["v9", "other@v1", "renderlock-icons@", "renderlock-icons@v9", "v1@v2"])
def test_an_unknown_reference_is_answered_with_the_known_ones(reference: str) -> None:
    with pytest.raises(UnknownName) as caught:
        open_model(reference, EngineOptions())

    assert all(known in caught.value.advice for known in ("v1", "v2", "renderlock-icons@v1"))


def test_versions_are_ordered_as_numbers(copied_weights: Path) -> None:
    shutil.copytree(copied_weights / "v2", copied_weights / "v10")

    assert list_versions(copied_weights) == ("v1", "v2", "v10")


def test_the_two_versions_are_different_models_and_share_some_files() -> None:
    first, second = (dict(open_version(name, SHIPPED).identify(FreshHashes()).files) for name in ("v1", "v2"))

    assert first["v1/denoiser.onnx"] != second["v2/denoiser.onnx"]
    assert f"v1/{CARD}" in first
    assert len(first) == len(second) > len(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_a_damaged_file_is_named_before_anything_is_rendered(copied_weights: Path, role: str) -> None:
    version = open_version("v2", copied_weights)
    path = version.folder / version.files[role][0]
    path.write_bytes(path.read_bytes()[:-1])
    engine = EmbeddedEngine(version, EngineOptions())
    identity = open_version("v1", SHIPPED).identify(FreshHashes())
    recipe = resolve(Request("red apple", 1), identity, engine.capabilities, "refuse").recipe

    with pytest.raises(ModelUnavailable, match=f"{path.name} is damaged"):
        engine.identify()
    with pytest.raises(ModelUnavailable, match=f"{path.name} is damaged"):
        engine.render(recipe, None, Unwatched())


def test_a_file_that_is_no_network_fails_as_the_engine_s_error(copied_weights: Path) -> None:
    version = open_version("v2", copied_weights)
    (version.folder / version.files["decoder"][0]).write_bytes(b"not a network")
    card = version.folder / CARD
    promised, found = version.files["decoder"][1], hashlib.sha256(b"not a network").hexdigest()
    card.write_text(card.read_text().replace(promised, found))
    engine = EmbeddedEngine(open_version("v2", copied_weights), EngineOptions())
    recipe = resolve(Request("red apple", 1), engine.identify(), engine.capabilities, "refuse").recipe

    with pytest.raises(EngineFailed, match="renderlock-icons@v2 failed"):
        engine.render(recipe, None, Unwatched())


def test_a_version_may_bring_the_words_of_its_captions(copied_weights: Path) -> None:
    words = gzip.compress(b"red\nblorfle\n")
    (copied_weights / "v2" / "words.txt.gz").write_bytes(words)
    card = json.loads((copied_weights / "v2" / CARD).read_text())
    card["files"]["caption_words"] = {"path": "words.txt.gz", "sha256": hashlib.sha256(words).hexdigest()}
    (copied_weights / "v2" / CARD).write_text(json.dumps(card))
    engine = EmbeddedEngine(open_version("v2", copied_weights), EngineOptions())
    recipe = resolve(Request("red blorfle apple", 1, steps=1), engine.identify(), engine.capabilities, "refuse").recipe

    deviations = engine.render(recipe, None, Unwatched()).deviations

    assert [note.asked for note in deviations] == ["apple"]
    assert ("v2/words.txt.gz", hashlib.sha256(words).hexdigest()) in engine.identify().files


def test_a_missing_file_is_named(copied_weights: Path) -> None:
    version = open_version("v1", copied_weights)
    (version.folder / version.files["denoiser"][0]).unlink()

    with pytest.raises(ModelUnavailable, match=r"v1/denoiser\.onnx cannot be read"):
        version.identify(FreshHashes())


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"model": 3}', '{"files": {"text": 1}}', "\xff", '{"format": 2}'])
def test_a_damaged_card_is_named_whatever_is_in_it(copied_weights: Path, text: str) -> None:
    (copied_weights / "v2" / CARD).write_text(text, encoding="latin-1")

    with pytest.raises(ModelUnavailable, match=r"v2/model\.json is damaged"):
        open_version("v2", copied_weights)


def test_a_damaged_version_does_not_stop_another(copied_weights: Path) -> None:
    (copied_weights / "v1" / CARD).write_text("")

    assert open_version("renderlock-icons@v2", copied_weights).revision == "v2"


def test_a_card_that_names_files_elsewhere_is_refused(copied_weights: Path) -> None:
    card = copied_weights / "v2" / CARD
    path = json.loads(card.read_text())["files"]["text"]["path"]
    card.write_text(card.read_text().replace(f'"{path}"', '"../../../../etc/passwd"'))

    with pytest.raises(ModelUnavailable, match="damaged: path is"):
        open_version("v2", copied_weights)


def test_no_installed_version_is_said_plainly(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="no version is in"):
        open_version("", tmp_path)


def test_another_card_is_another_identity(copied_weights: Path) -> None:
    card = copied_weights / "v2" / CARD
    before = open_version("v2", copied_weights).identify(FreshHashes())
    card.write_text(json.dumps(json.loads(card.read_text()), indent=3))

    after = open_version("v2", copied_weights).identify(FreshHashes())

    assert before.key.weights != after.key.weights
    assert before.differences(after) != ()


def test_hashes_are_taken_from_the_caller_who_may_remember_them() -> None:
    class Remembering:
        def __init__(self) -> None:
            self.asked: list[str] = []

        def of(self, path: Path) -> str:
            self.asked.append(path.name)
            return FreshHashes().of(path)

    remembering = Remembering()

    open_model("v2", EngineOptions(file_hashes=remembering)).identify()

    assert {"model.json", "denoiser.onnx"} < set(remembering.asked)
