"""The pages: complete, self-contained, and deaf to hostile text."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from tests.actions.drawn_variants import (
    HOSTILE,
    cells_of,
    draw_variant,
    five_variants,
    sheet_values,
    variance_values,
)

from renderlock.actions.pages.html import render_contact_sheet_html, render_variance_html
from renderlock.actions.report_values import ContactSheetValues, SheetRow
from renderlock.errors import InputUnusable
from renderlock.spec.standing import Standing
from renderlock.spec.verdict import Measure, Verdict

_VOID = {"meta", "img", "br", "link", "input", "image", "path", "circle"}


class _Page(HTMLParser):
    """Collects elements and text, and notes every tag that is closed in the wrong place."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.misplaced: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.misplaced += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self._open and self._open[-1] == tag:
            self._open.pop()
        else:
            self.misplaced.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        """The attributes of every element of one kind."""
        return [attributes for name, attributes in self.elements if name == tag]


def _hostile_pages() -> list[str]:
    values = variance_values(five_variants())
    cells = tuple(replace(cell, address=HOSTILE, model=HOSTILE, digest=HOSTILE) for cell in values.cells)
    variance = replace(values, title=HOSTILE, prompt=HOSTILE * 300, model=HOSTILE, subtitle=HOSTILE, cells=cells)
    row = SheetRow(HOSTILE, HOSTILE * 300, cells, HOSTILE, HOSTILE)
    sheet = ContactSheetValues(HOSTILE, (row, replace(row, prompt=HOSTILE)), HOSTILE)
    return [render_variance_html(variance), render_contact_sheet_html(sheet)]


@pytest.mark.parametrize("html", _hostile_pages(), ids=["variance", "sheet"])
def test_hostile_text_stays_text(html: str) -> None:
    page = _Page(html)
    assert page.all("script") == []
    assert {attribute for _, found in page.elements for attribute in found if attribute.startswith("on")} == set()
    assert all((found["src"] or "").startswith("data:image/") for found in page.all("img"))
    assert "<script>alert(1)</script>" in page.text
    assert "{{ 7 * 7 }}" in page.text


@pytest.mark.parametrize("html", _hostile_pages(), ids=["variance", "sheet"])
def test_characters_that_hide_or_turn_text_are_spelled_out(html: str) -> None:
    assert "\u202e" not in html
    assert "\x00" not in html
    assert "⟨U+202E⟩gnp.exe⟨U+202C⟩" in _Page(html).text
    assert "日本語 😀" in _Page(html).text


@pytest.mark.parametrize(
    "html",
    [
        render_variance_html(variance_values(five_variants(), Standing.REHEARSAL)),
        render_contact_sheet_html(sheet_values(Standing.SANDBOX)),
    ],
    ids=["variance", "sheet"],
)
def test_pages_are_well_formed_and_load_nothing(html: str) -> None:
    page = _Page(html)
    assert page.misplaced == []
    addresses = [found.get("src") or found.get("href") or "" for _, found in page.elements]
    assert all(address.startswith(("data:image/", "#")) for address in addresses if address)
    assert "url(" not in html
    assert "@import" not in html
    assert page.all("meta")[1]["content"] is not None
    assert "default-src 'none'" in str(page.all("meta")[1]["content"])


def test_every_picture_is_inlined_with_its_seed_as_text_alternative() -> None:
    values = sheet_values()
    images = _Page(render_contact_sheet_html(values)).all("img")
    cells = [cell for row in values.rows for cell in row.cells]
    assert [image["src"] for image in images] == [
        f"data:image/png;base64,{b64encode(cell.picture).decode()}" for cell in cells
    ]
    assert images[1]["alt"] == "Variant 2, seed 101: a red disc"


def test_the_sheet_shows_addresses_digests_and_deviations() -> None:
    text = _Page(render_contact_sheet_html(sheet_values())).text
    assert "rl/0002" in text
    assert "recipe rl1:00000000" in text
    assert "size asked 500x500, done 512x512: multiples of 64" in " ".join(text.split())
    assert "No pictures yet." in text


def test_a_long_prompt_is_folded_and_kept_whole() -> None:
    prompt = "studio lighting, " * 1_200
    row = SheetRow("hero", prompt, cells_of([draw_variant(0.5, 0.5)]))
    page = _Page(render_contact_sheet_html(ContactSheetValues("t", (row,))))
    assert len(page.all("details")) == 1
    assert "all 20,400 characters" in page.text
    assert prompt in page.text


@pytest.mark.parametrize("standing", [Standing.REHEARSAL, Standing.SANDBOX, Standing.IMPORTED])
def test_what_is_no_production_says_so_on_top_and_on_every_picture(standing: Standing) -> None:
    for html in (
        render_contact_sheet_html(sheet_values(standing)),
        render_variance_html(variance_values(five_variants(), standing)),
    ):
        page = _Page(html)
        assert f"{standing.upper()}: " in page.text
        stamps = [found for found in page.all("span") if found.get("class") == "stamp"]
        assert len(stamps) == len(page.all("img"))


def test_production_carries_no_warning() -> None:
    html = render_contact_sheet_html(sheet_values())
    assert 'class="notice"' not in html
    assert 'class="stamp"' not in html


def test_the_variance_page_has_findings_figures_and_marks() -> None:
    text = _Page(render_variance_html(variance_values(five_variants()))).text
    assert "The subject moves by about" in text
    assert "layout/occ@1" in text
    assert "stands out" in text
    assert "Method and limits" in text


def test_the_map_holds_one_dot_a_variant_where_its_centre_is() -> None:
    values = variance_values([draw_variant(0.25, 0.5), draw_variant(0.75, 0.5)])
    places = [float(found["cx"] or "nan") for found in _Page(render_variance_html(values)).all("circle")]
    assert sorted(places) == pytest.approx([0.25 * 480, 0.75 * 480], abs=4)


@pytest.mark.parametrize("count", [1, 2, 60])
def test_any_number_of_variants_makes_a_page(count: int) -> None:
    pictures = [draw_variant(0.3 + 0.4 * at / count, 0.5, side=32) for at in range(count)]
    page = _Page(render_variance_html(variance_values(pictures)))
    assert len(page.all("img")) == count
    assert page.misplaced == []


def test_a_sheet_without_assets_is_a_page() -> None:
    assert "0 assets" in " ".join(_Page(render_contact_sheet_html(ContactSheetValues("empty", ()))).text.split())


def test_bytes_that_are_no_picture_are_refused_with_the_variant() -> None:
    cell = replace(cells_of([np.zeros((4, 4, 3), np.uint8)])[0], picture=b"<svg onload=alert(1)>")
    with pytest.raises(InputUnusable) as caught:
        render_contact_sheet_html(ContactSheetValues("t", (SheetRow("a", "p", (cell,)),)))
    assert "variant 1 (seed 100)" in str(caught.value)


def test_a_sheet_says_what_the_gates_said_and_which_measure_failed() -> None:
    passed = Verdict("composition", (Measure("kept", 0.98, "share that is kept", least=0.6),))
    failed = Verdict("seam", (Measure("seam", 1.2, "a border <shows>", most=1.0), Measure("fine", 0.1, "not this one")))
    cells = [replace(cells_of(five_variants())[0], verdicts=(passed, failed))]

    page = _Page(render_contact_sheet_html(ContactSheetValues("t", (SheetRow("hero", "a cat", tuple(cells)),))))

    assert "composition passed" in page.text
    assert "seam failed" in page.text
    assert "a border <shows>" in page.text
    assert "not this one" not in page.text
    assert [one.get("class") for one in page.all("li")][-2:] == ["passed", "failed"]
