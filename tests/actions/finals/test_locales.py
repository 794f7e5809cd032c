"""A campaign in two languages: each locale's overlay over one render, and its own words read in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.actions.finals.conftest import WriteFinal, approve_all
from tests.actions.runs import execute
from tests.imaging.svg_samples import FONT_FOLDER, svg

from renderlock.actions.campaign import RunOptions
from renderlock.actions.jobs import Selection
from renderlock.errors import FontMissing
from renderlock.spec.verdict import Verdict
from renderlock.store.records import RenderRecord

WORDS = {"en": "AUTUMN SALE", "de": "HERBST RABATT"}
FINALS = RunOptions(Selection(steps=frozenset({"final-render-en", "final-render-de"})), workers=1)


@pytest.fixture
def campaign(write_final: WriteFinal, tmp_path: Path) -> Path:
    """An approved pipeline whose asset wants `WORDS`, and has a banner with them for each locale."""
    shutil.copytree(FONT_FOLDER, tmp_path / "fonts")
    for locale, words in WORDS.items():
        write_banner(tmp_path, locale, words)
    path = write_final("size: 256")
    wanted = ", ".join(f"{locale}: [{words}]" for locale, words in WORDS.items())
    text = path.read_text().replace("a red apple", f"a red apple, text: {{{wanted}}}")
    text = text.replace("size: 256", 'size: 256, overlay: "banner.${locale}.svg"')
    path.write_text(f"{text}locales: [en, de]\nfonts: fonts\n")
    approve_all(path)
    return path


def write_banner(folder: Path, locale: str, words: str) -> None:
    plate = '<rect y="34" width="100" height="16" fill="#fff"/><text x="4" y="46" font-family="Red Hat Display"'
    (folder / f"banner.{locale}.svg").write_bytes(svg(f'{plate} font-weight="900" font-size="10">{words}</text>'))


def delivered(path: Path) -> dict[str, tuple[RenderRecord, Verdict]]:
    """The picture of each locale, with what the text gate says."""
    found = {}
    for picture in execute(path, FINALS).pictures:
        assert picture.record is not None, picture.error
        (verdict,) = [one for one in picture.verdicts if one.gate == "text"]
        found[picture.job.step.locale] = (picture.record, verdict)
    return found


def test_each_locale_is_one_picture_over_one_render_with_its_own_words(campaign: Path) -> None:
    found = delivered(campaign)

    assert {locale: verdict.passed for locale, (_, verdict) in found.items()} == {"en": True, "de": True}
    (english, _), (german, _) = found["en"], found["de"]
    assert english.address != german.address
    assert dict(english.source)["from"] == dict(german.source)["from"]


def test_an_assets_own_overlay_is_that_of_the_locale_too(campaign: Path) -> None:
    overlay = ', overlay: "banner.${locale}.svg"'
    text = campaign.read_text().replace(overlay, "")
    campaign.write_text(text.replace("a red apple,", f"a red apple{overlay},"))

    found = delivered(campaign)

    assert {locale: verdict.passed for locale, (_, verdict) in found.items()} == {"en": True, "de": True}


def test_the_words_of_another_locale_are_caught(campaign: Path) -> None:
    write_banner(campaign.parent, "de", WORDS["en"])

    found = delivered(campaign)

    assert {locale: verdict.passed for locale, (_, verdict) in found.items()} == {"en": True, "de": False}


def test_a_locale_in_letters_that_no_font_has_is_told_with_its_file(campaign: Path) -> None:
    write_banner(campaign.parent, "de", "秋のセール")

    with pytest.raises(FontMissing) as raised:
        execute(campaign, FINALS)

    assert "banner.de.svg:1: " in str(raised.value)
    assert "letters '秋' (U+79CB), 'の' (U+306E)" in str(raised.value)
    assert str(campaign.parent / "fonts") in raised.value.advice
