"""The reader behind the text gate: quiet, offline, and clear about what is missing."""

from __future__ import annotations

import subprocess
import sys

import pytest
from tests.metrics.lettered import lettered

from renderlock.metrics.text_reader import late_reader, open_reader


def test_reading_says_nothing_on_its_own(capfd: pytest.CaptureFixture[str]) -> None:
    found = open_reader().read(lettered("AUTUMN SALE"))

    assert [line.text for line in found] == ["AUTUMN SALE"]
    assert capfd.readouterr() == ("", "")


def test_an_empty_picture_has_no_text() -> None:
    assert open_reader().read(lettered("")) == ()


def test_the_reader_knows_its_alphabet() -> None:
    reader = open_reader()

    assert all(reader.knows(letter) for letter in "AZaz09%&ßéü€ 漢")
    assert not reader.knows("ж")


def test_without_the_extra_the_error_names_it() -> None:
    code = (
        "import sys; sys.modules['rapidocr'] = None\n"
        "from renderlock.metrics.text_reader import open_reader\n"
        "from renderlock.errors import MissingDependency\n"
        "try:\n    open_reader()\n"
        "except MissingDependency as error:\n    print(error.advice)\n"
    )

    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "Install it with `pip install 'renderlock[text]'`."


def test_a_late_reader_reads_as_the_reader_does_and_loads_nothing_before() -> None:
    program = "from renderlock.metrics.text_reader import late_reader; late_reader()\n"
    program += "import sys; print('rapidocr' in sys.modules)"

    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert loaded.stdout.strip() == "False"
    assert [line.text for line in late_reader().read(lettered("AUTUMN SALE"))] == ["AUTUMN SALE"]
