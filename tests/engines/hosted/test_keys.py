"""What a person is told who has no key, an empty one, or a key file that others can read: at every provider."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.engines.base import EngineOptions, Hosted, KeyState
from renderlock.engines.hosted.engine import HostedEngine
from renderlock.engines.hosted.options import HostedOptions
from renderlock.engines.table import open_engine
from renderlock.errors import KeyFileUnsafe, KeyMissing
from renderlock.settings import KeyRing

KEYED = {
    "ideogram-v2": ("IDEOGRAM_API_KEY",),
    "ideogram-v3": ("IDEOGRAM_API_KEY",),
    "nano-banana": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "openai-images:gpt-image-2": ("OPENAI_API_KEY",),
    "imagen-4-generate-vertex": ("VERTEX_API_KEY",),
    "gemini:vertex/gemini-3.1-flash-image": ("VERTEX_API_KEY",),
}
OWN = ("openai-images:sglang/a", "a1111:model")


def engine_of(reference: str, keys: KeyRing, project: str = "") -> HostedEngine:
    hosted = HostedOptions(keys=keys, project=project, urls={"sglang": "http://127.0.0.1:9"})
    engine = open_engine(reference, EngineOptions(hosted=hosted))
    assert isinstance(engine, HostedEngine)
    return engine


def missing_of(reference: str, keys: KeyRing) -> KeyMissing:
    with pytest.raises(KeyMissing) as missing:
        engine_of(reference, keys).prepare()
    return missing.value


@pytest.mark.parametrize("reference", KEYED)
def test_without_a_key_every_variable_and_the_key_file_are_named(reference: str, tmp_path: Path) -> None:
    error = missing_of(reference, KeyRing({}, tmp_path / "keys"))

    assert all(name in f"{error}" and name in error.advice for name in KEYED[reference])
    assert f"write the line `{KEYED[reference][0]}=…` into {tmp_path / 'keys'}" in error.advice
    assert engine_of(reference, KeyRing({})).key_state().state == "missing"


@pytest.mark.parametrize("reference", KEYED)
def test_an_empty_key_is_called_empty(reference: str) -> None:
    error = missing_of(reference, KeyRing(dict.fromkeys(KEYED[reference], " ")))

    assert "empty" in f"{error}"
    assert "not set" not in f"{error}"


@pytest.mark.parametrize("reference", [*KEYED, *OWN])
def test_a_key_file_that_others_can_read_is_not_used_and_the_remedy_is_a_command(
    reference: str, tmp_path: Path
) -> None:
    file = tmp_path / "keys"
    file.write_text("".join(f"{name}=key-of-mine\n" for name in KEYED.get(reference, ("SGLANG_API_KEY",))))
    file.chmod(0o644)
    engine = engine_of(reference, KeyRing({}, file))

    with pytest.raises(KeyFileUnsafe, match="0644") as unsafe:
        engine.prepare()

    assert unsafe.value.advice == f"chmod 600 {file}"
    state = engine.key_state()
    assert (state.state, "0644" in state.says) == ("unusable", True)


@pytest.mark.parametrize("reference", KEYED)
def test_a_key_that_is_there_is_told_by_its_place_and_never_shown(reference: str, tmp_path: Path) -> None:
    variable, file = KEYED[reference][-1], tmp_path / "keys"
    file.write_text(f"{variable}=key-of-mine\n")
    file.chmod(0o600)

    by_file = engine_of(reference, KeyRing({}, file)).key_state()
    by_environment = engine_of(reference, KeyRing({variable: "key-of-mine"}, file)).key_state()

    assert by_file == KeyState("set", f"key set: {variable} in {file} (mode 0600)")
    assert by_environment == KeyState("set", f"key set: {variable} in the environment")


def test_vertex_says_what_its_own_credentials_lack_and_what_they_would_be_tried_for() -> None:
    error = missing_of("imagen-4-generate-vertex", KeyRing({}))
    state = engine_of("imagen-4-generate-vertex", KeyRing({}), project="spring").key_state()

    assert "VERTEX_API_KEY is not set, and without GOOGLE_CLOUD_PROJECT this machine's own" in f"{error}"
    assert "gcloud auth application-default login" in error.advice
    tried = "this machine's own Google credentials are tried (project spring, us-central1)"
    assert state == KeyState("unproven", f"no key: VERTEX_API_KEY is not set; {tried}")


@pytest.mark.parametrize("reference", OWN)
def test_a_server_of_ones_own_needs_no_key_and_gives_its_address(reference: str) -> None:
    engine = engine_of(reference, KeyRing({}))

    assert isinstance(engine, Hosted)
    assert engine.key_state().state == "not needed"
    assert engine.own_server().startswith("http://127.0.0.1:")
    assert engine_of("ideogram-v2", KeyRing({})).own_server() == ""
