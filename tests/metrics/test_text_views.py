"""How pictures are shown to a reader, and that what it finds lies where it is in the picture."""

from __future__ import annotations

import numpy as np
from tests.metrics.lettered import ToldReader, line

from renderlock.imaging.pixels import Pixels
from renderlock.metrics.text_reader import ReadText
from renderlock.metrics.text_views import in_reading_order, read_views


class SpotReader:
    """Reads "spot" where a picture is pure white, at the white pixels' bounding box."""

    def read(self, pixels: Pixels) -> tuple[ReadText, ...]:
        rows, columns = np.nonzero((pixels >= 250).all(axis=2))
        if not len(rows):
            return ()
        left, right, top, bottom = (float(v) for v in (columns.min(), columns.max() + 1, rows.min(), rows.max() + 1))
        return (ReadText("spot", ((left, top), (right, top), (right, bottom), (left, bottom)), 0.9),)

    def knows(self, letter: str) -> bool:
        return bool(letter)


def with_spot(width: int, height: int, left: int, top: int) -> Pixels:
    pixels = np.full((height, width, 3), 60, dtype=np.uint8)
    pixels[top : top + 40, left : left + 80] = 255
    return pixels


def views(pixels: Pixels) -> dict[str, tuple[ReadText, ...]]:
    return {view.name: view.lines for view in read_views(pixels, SpotReader())}


def test_a_small_picture_is_shown_inverted_and_enlarged() -> None:
    found = views(with_spot(400, 300, 100, 60))

    assert ", ".join(found) == "as it is, inverted, enlarged"
    assert list(found["as it is"][0].box[0]) == [100, 60]
    assert abs(found["enlarged"][0].box[2][0] - 180) < 1.5


def test_a_large_picture_is_shown_in_parts_and_a_spot_is_found_once() -> None:
    found = views(with_spot(3000, 2500, 1300, 1310))

    assert "; ".join(found) == "as it is; inverted; in parts; in parts, inverted"
    assert [spot.box[0] for spot in found["in parts"]] == [(1300, 1310)]


def test_parts_cover_every_place() -> None:
    for left, top in ((0, 0), (1920, 1460), (920, 20), (700, 640)):
        found = views(with_spot(2000, 1500, left, top))
        assert [spot.box[0] for spot in found["in parts"]] == [(left, top)]


def test_a_transparent_picture_lies_over_grey() -> None:
    reader = ToldReader([[]])
    clear = np.zeros((50, 50, 4), dtype=np.uint8)

    list(read_views(clear, reader))

    assert all(shape[2] == 3 for shape in reader.shapes)


def test_lines_come_in_the_order_they_are_read() -> None:
    lines = [line("four", 10, 60), line("two", 120, 12), line("one", 10, 10), line("three", 200, 8)]

    assert [one.text for one in in_reading_order(lines)] == ["one", "two", "three", "four"]


def test_a_tilted_line_of_words_keeps_its_order() -> None:
    def tilted(text: str, step: int) -> ReadText:
        left, top = 40.0 + 90 * step, 200.0 - 18 * step
        corners = ((left, top), (left + 80, top - 16), (left + 84, top + 8), (left + 4, top + 24))
        return ReadText(text, corners, 0.9)

    words = [tilted("third", 2), tilted("first", 0), tilted("second", 1)]

    assert [one.text for one in in_reading_order(words)] == ["first", "second", "third"]


def test_no_lines_have_no_order() -> None:
    assert in_reading_order([]) == ()
