"""The text gate: whole words, every letter counted, on real pictures with the real reader and on told answers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.metrics.lettered import CREAM, NIGHT, ToldReader, lettered, line

from renderlock.metrics.text import TextLimits, TextReport, check_texts, text_verdict
from renderlock.metrics.text_reader import TextReader, open_reader
from renderlock.spec.verdict import Verdict

PLAIN = ("AUTUMN SALE", "50% OFF", "Fresh pears daily", "OPEN 24 HOURS", "Only £9.99", "Größe XL")
MISSPELT = (
    ("AUTUMN SALE", "AUTUMN SAIE"),
    ("AUTUMN SALE", "AUTUNN SALE"),
    ("AUTUMN SALE", "AUTUMN SALES"),
    ("AUTUMN SALE", "AUTMN SALE"),
    ("50% OFF", "50% OFFF"),
    ("50% OFF", "60% OFF"),
    ("50% OFF", "50% OF"),
    ("Fresh pears daily", "Fresh bears daily"),
    ("Fresh pears daily", "Fresh pear daily"),
    ("OPEN 24 HOURS", "OPFN 24 HOURS"),
    ("OPEN 24 HOURS", "OPEN 24 HQURS"),
    ("Only £9.99", "Only £9.89"),
)
BLANK = np.full((60, 400, 3), 200, dtype=np.uint8)


@pytest.fixture(scope="module")
def reader() -> TextReader:
    return open_reader()


def told(wanted: list[str], *answers: list[str], unknown: str = "") -> TextReport:
    """The report for lines under each other, one list a view."""
    views = [[line(text, top=30 * row) for row, text in enumerate(lines)] for lines in answers]
    return check_texts(BLANK, wanted, ToldReader(views, unknown))


def judged(wanted: list[str], *answers: list[str], unknown: str = "") -> Verdict:
    limits = TextLimits(least_cap_height_px=0, least_contrast=0)
    return text_verdict(told(wanted, *answers, unknown=unknown), limits)


@pytest.mark.parametrize("text", PLAIN)
def test_plain_text_reads_without_an_error(text: str, reader: TextReader) -> None:
    report = check_texts(lettered(text), [text], reader)

    assert report.texts[0].cer == 0, report.texts[0].read
    assert report.texts[0].word_accuracy == 1
    assert report.extra == ()
    assert text_verdict(report).passed


@pytest.mark.parametrize(("ink", "paper"), [(CREAM, NIGHT), (CREAM, None)])
def test_light_text_on_a_plate_and_on_a_photograph_reads_too(
    ink: tuple[int, int, int], paper: tuple[int, int, int] | None, reader: TextReader
) -> None:
    assert check_texts(lettered("AUTUMN SALE", ink=ink, paper=paper), ["AUTUMN SALE"], reader).texts[0].cer == 0


@pytest.mark.parametrize(("wanted", "drawn"), MISSPELT)
def test_one_wrong_letter_is_rejected(wanted: str, drawn: str, reader: TextReader) -> None:
    report = check_texts(lettered(drawn), [wanted], reader)

    assert report.texts[0].cer > 0, report.texts[0].read
    assert not text_verdict(report).passed


def test_small_print_on_a_large_picture_is_read_in_parts(reader: TextReader) -> None:
    large = np.full((1250, 2100, 3), 245, dtype=np.uint8)
    large[1050:1160, 1600:2060] = lettered("made in autumn", size_px=14)

    found = check_texts(large, ["made in autumn"], reader).texts[0]

    assert found.cer == 0
    assert found.view == "in parts"
    assert abs(found.boxes[0].box[0][0] - 1620) < 12
    assert abs(found.boxes[0].box[0][1] - 1078) < 12


def test_the_height_of_capitals_is_measured_in_pixels(reader: TextReader) -> None:
    # Capitals of this face are 0.7 of its size.
    heights = [
        check_texts(lettered(text, size_px=40), [text], reader).texts[0].cap_height_px
        for text in ("AUTUMN SALE", "Fresh pears daily", "new season")
    ]

    assert all(24 <= height <= 33 for height in heights), heights


def test_faint_letters_fail_by_their_contrast(reader: TextReader) -> None:
    faint = check_texts(lettered("AUTUMN SALE", ink=(150, 150, 150), paper=(190, 190, 190)), ["AUTUMN SALE"], reader)

    verdict = text_verdict(faint)

    assert faint.texts[0].cer == 0
    # (0.5149 + 0.05) / (0.3050 + 0.05) by the formula of WCAG 2.2.
    assert faint.texts[0].contrast == pytest.approx(1.59, abs=0.12)
    assert [measure.name for measure in verdict.failures] == ["text/1/contrast"]


def test_small_letters_fail_by_their_height(reader: TextReader) -> None:
    small = check_texts(lettered("AUTUMN SALE", size_px=10), ["AUTUMN SALE"], reader)

    assert "text/1/cap_height_px" in [measure.name for measure in text_verdict(small).failures]


def test_the_same_picture_gives_the_same_report(reader: TextReader) -> None:
    picture = lettered("AUTUMN SALE")

    assert check_texts(picture, ["AUTUMN SALE"], reader) == check_texts(picture, ["AUTUMN SALE"], reader)


def test_a_text_that_is_not_there_has_every_letter_wrong() -> None:
    found = told(["AUTUMN SALE"], []).texts[0]

    assert (found.cer, found.word_accuracy, found.read) == (1.0, 0.0, "")


def test_a_text_over_two_lines_is_one_text() -> None:
    assert told(["AUTUMN SALE"], ["AUTUMN", "SALE"]).texts[0].cer == 0


def test_a_space_that_the_reader_drops_is_no_error() -> None:
    assert told(["AUTUMN SALE"], ["AUTUMNSALE"]).texts[0].word_accuracy == 1


def test_a_part_of_a_longer_word_is_not_the_word() -> None:
    found = told(["OFF"], ["OFFICE"])

    assert found.texts[0].cer > 0


def test_case_quotes_and_dashes_are_folded_and_a_case_that_differs_is_noted() -> None:
    verdict = judged(["“AUTUMN” – SALE"], ['"Autumn" - Sale'])

    assert verdict.passed
    assert "upper and lower case differ" in verdict.notes[0]


def test_an_accent_is_a_letter() -> None:
    assert told(["Größe"], ["Grosse"]).texts[0].cer > 0


def test_a_text_wanted_twice_must_be_there_twice() -> None:
    report = told(["SALE", "SALE"], ["SALE"])

    assert sorted(text.cer for text in report.texts) == [0.0, 1.0]


def test_a_short_text_does_not_take_a_word_of_a_longer_one() -> None:
    report = told(["SALE", "AUTUMN SALE"], ["AUTUMN SALE", "SALE"])

    assert [text.cer for text in report.texts] == [0, 0]
    assert report.extra == ()


def test_words_that_nobody_asked_for_are_named_and_may_be_bounded() -> None:
    report = told(["AUTUMN SALE"], ["NO AUTUMN SALE", "Xqz"])

    assert [text.text for text in report.extra] == ["NO", "Xqz"]
    assert text_verdict(report, TextLimits(least_cap_height_px=0, least_contrast=0)).passed
    strict = text_verdict(report, TextLimits(least_cap_height_px=0, least_contrast=0, extra_letters=4))
    assert [measure.name for measure in strict.failures] == ["text/extra_letters"]


def test_the_best_view_of_each_text_counts() -> None:
    report = told(["LIGHT", "DARK"], ["DARK"], ["LIGHT"])

    assert [(text.cer, text.view) for text in report.texts] == [(0.0, "inverted"), (0.0, "as it is")]


def test_no_view_is_read_that_is_not_needed() -> None:
    reader = ToldReader([[line("SALE")]])

    check_texts(BLANK, ["SALE"], reader)

    assert len(reader.shapes) == 1


def test_letters_the_reader_does_not_know_are_a_note_and_no_pass() -> None:
    verdict = judged(["Привет", "SALE"], ["SALE"], unknown="Приветпривет")

    assert not verdict.passed
    assert [measure.name for measure in verdict.failures] == ["text/checked"]
    assert "look at it" in verdict.notes[0]
    assert not any(math.isnan(measure.value) for measure in verdict.measures)


def test_a_pass_needs_every_text() -> None:
    assert judged(["SALE", "OFF"], ["SALE OFF"]).passed
    assert not judged(["SALE", "OFF"], ["SALE"]).passed
