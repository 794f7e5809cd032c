"""The settings of an environment: defaults, and one clear error for a value that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.errors import SettingInvalid
from renderlock.settings import read_settings


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
