"""The settings of an environment: defaults, and one clear error for a value that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.errors import KeyFileUnsafe, SettingInvalid
from renderlock.settings import KeyRing, read_settings


def test_an_empty_environment_has_safe_defaults() -> None:
    settings = read_settings({})
    assert (settings.threads, settings.offline, settings.device, settings.rehearse) == (1, False, "auto", False)
    assert settings.user


def test_each_variable_is_read() -> None:
    settings = read_settings(
        {
            "RENDERLOCK_USER": "Ada",
            "RENDERLOCK_THREADS": "4",
            "RENDERLOCK_OFFLINE": "yes",
            "RENDERLOCK_DEVICE": "cuda",
            "RENDERLOCK_REHEARSE": "1",
            "RENDERLOCK_LOGS": "/var/log/rl",
        }
    )
    assert (settings.user, settings.threads, settings.offline) == ("Ada", 4, True)
    assert (settings.device, settings.rehearse, settings.log_folder) == ("cuda", True, Path("/var/log/rl"))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("RENDERLOCK_THREADS", "0"),
        ("RENDERLOCK_THREADS", "many"),
        ("RENDERLOCK_THREADS", "²"),
        ("RENDERLOCK_THREADS", "9" * 5000),
        ("RENDERLOCK_OFFLINE", "maybe"),
        ("RENDERLOCK_DEVICE", "tpu"),
        ("RENDERLOCK_REHEARSE", "2"),
    ],
)
def test_a_wrong_value_is_refused_with_the_variables_name(name: str, text: str) -> None:
    with pytest.raises(SettingInvalid, match=name):
        read_settings({name: text})


def key_file(folder: Path, mode: int = 0o600) -> Path:
    path = folder / "keys"
    path.write_text("# ours\nIDEOGRAM_API_KEY=from-the-file\nexport GEMINI_API_KEY='quoted'\n")
    path.chmod(mode)
    return path


def test_a_key_is_found_in_the_environment_before_the_key_file(tmp_path: Path) -> None:
    environment = {"RENDERLOCK_KEYS": str(key_file(tmp_path)), "IDEOGRAM_API_KEY": "from-the-environment"}
    keys = read_settings(environment).keys
    found = keys.find(["OTHER_API_KEY", "IDEOGRAM_API_KEY"])
    written = keys.find(["GEMINI_API_KEY"])
    assert found is not None
    assert written is not None
    assert (found.reveal(), written.reveal()) == ("from-the-environment", "quoted")
    assert keys.find(["OTHER_API_KEY"]) is None


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660])
def test_a_key_file_that_others_can_read_is_refused_with_what_to_do(tmp_path: Path, mode: int) -> None:
    keys = read_settings({"RENDERLOCK_KEYS": str(key_file(tmp_path, mode))}).keys
    with pytest.raises(KeyFileUnsafe, match=f"{mode:04o}") as unsafe:
        keys.find(["IDEOGRAM_API_KEY"])
    assert unsafe.value.advice == f"chmod 600 {tmp_path / 'keys'}"


def test_settings_show_no_key(tmp_path: Path) -> None:
    settings = read_settings({"RENDERLOCK_KEYS": str(key_file(tmp_path)), "IDEOGRAM_API_KEY": "from-the-environment"})
    found = settings.keys.find(["IDEOGRAM_API_KEY"])
    assert "from-the-environment" not in f"{settings!r} {found!r} {found}"


def test_addresses_of_providers_are_read_by_name() -> None:
    settings = read_settings(
        {
            "RENDERLOCK_URL_IDEOGRAM": "http://127.0.0.1:8000/",
            "RENDERLOCK_URL_OPENAI_IMAGES": "https://images.example/v1",
            "RENDERLOCK_ALLOW_RETIRED": "1",
            "RENDERLOCK_PICTURE_HOSTS": "cdn.example files.example",
            "RENDERLOCK_PRICES": "/prices.json",
            "GOOGLE_CLOUD_PROJECT": "spring",
            "GOOGLE_CLOUD_LOCATION": "europe-west4",
        }
    )
    assert dict(settings.urls) == {"ideogram": "http://127.0.0.1:8000", "openai-images": "https://images.example/v1"}
    assert (settings.allow_retired, settings.prices) == (True, Path("/prices.json"))
    assert settings.picture_hosts == ("cdn.example", "files.example")
    assert (settings.project, settings.location) == ("spring", "europe-west4")


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://host", "https://user:key@host"])
def test_an_address_that_is_none_or_holds_a_key_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(SettingInvalid, match="RENDERLOCK_URL_IDEOGRAM") as wrong:
        read_settings({"RENDERLOCK_URL_IDEOGRAM": url})
    assert "key@" not in str(wrong.value)


def test_a_line_of_the_key_file_that_is_no_pair_is_told_by_its_number_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("# mine\n\nexport GEMINI_API_KEY='one'\nIDEOGRAM_API_KEY secret-of-mine\n")
    file.chmod(0o600)

    with pytest.raises(KeyFileUnsafe, match="line 4 has no `=`") as refused:
        KeyRing({}, file).find(["GEMINI_API_KEY"])

    assert "secret-of-mine" not in f"{refused.value} {refused.value.advice}"


def test_a_folder_in_place_of_the_key_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileUnsafe, match="it is a folder"):
        KeyRing({}, tmp_path).find(["IDEOGRAM_API_KEY"])
