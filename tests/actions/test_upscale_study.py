"""What a study makes of its trials: rows, the front, the choice; and its page and picture."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image

from renderlock.actions.pages.pareto import HEIGHT, LABEL_PX, WIDTH, Place, lay_out
from renderlock.actions.pages.upscale_study_page import render_study_html
from renderlock.actions.pages.upscale_study_picture import draw_study_png
from renderlock.actions.upscale_gate import limits_with, open_gate
from renderlock.actions.upscale_report import study_to_json, study_values
from renderlock.actions.upscale_study import Study, StudyOptions, Tried
from renderlock.actions.upscale_table import choices_of, choose_for_all, rows_of
from renderlock.actions.upscale_trial import (
    SAMPLE_PX,
    Trial,
    original_and_source,
    original_of,
    psnr_db,
    quantile,
    sample_of,
    telling_place,
)
from renderlock.errors import InputUnusable, UnknownName
from renderlock.metrics.fidelity import shipped_limits

TRIAL = Trial(
    upscaler="waifu2x",
    factor=2,
    width=1000,
    height=1000,
    cold_s=3.0,
    warm_s=(1.0, 2.0),
    cpu_s=1.5,
    peak_bytes=100_000_000,
    psnr_db=33.0,
    ssim=0.95,
    tiles_de=2.0,
    consistency_before_db=44.0,
    consistency_after_db=66.0,
    invented=0.2,
    passed=True,
    failures=(),
    text_error=None,
)


def tried(upscaler: str, *, ssim: float, cpu_s: float, passed: bool = True, asset_class: str = "photo") -> Tried:
    trial = replace(TRIAL, upscaler=upscaler, ssim=ssim, cpu_s=cpu_s, warm_s=(cpu_s,), passed=passed)
    return Tried("a.png", asset_class, trial, Path("trial.json"))


def study(*tries: Tried) -> Study:
    return Study(tries, (), (("machine.processor", "a processor"),), StudyOptions(factors=(2,)))


def test_a_row_has_the_means_and_the_quantiles_of_time() -> None:
    other = replace(TRIAL, warm_s=(3.0, 4.0), psnr_db=35.0, cold_s=None, peak_bytes=200_000_000, passed=False)
    (row,) = rows_of([Tried("a", "all", TRIAL, Path()), Tried("b", "all", other, Path())])
    assert (row.pictures, row.psnr_db, row.cold_s, row.peak_bytes, row.pass_rate) == (2, 34.0, 3.0, 200_000_000, 0.5)
    assert row.p50_s == pytest.approx(2.5)
    assert row.p95_s == pytest.approx(3.85)


def test_the_front_is_what_nothing_beats_in_both() -> None:
    rows = rows_of(
        [
            tried("fast", ssim=0.8, cpu_s=0.1),
            tried("good", ssim=0.9, cpu_s=1.0),
            tried("worse", ssim=0.85, cpu_s=2.0),
            tried("best", ssim=0.95, cpu_s=9.0),
        ]
    )
    assert {row.upscaler for row in rows if row.on_front} == {"fast", "good", "best"}


def test_what_the_gate_refuses_is_on_no_front_and_marked() -> None:
    tries = [tried("sharp", ssim=0.99, cpu_s=0.5, passed=False), tried("good", ssim=0.9, cpu_s=1.0)]
    rows = {row.upscaler: row for row in rows_of(tries)}
    assert (rows["sharp"].refused, rows["sharp"].on_front, rows["good"].on_front) == (True, False, True)


def test_the_sample_of_a_picture_shows_its_face_or_its_finest_detail() -> None:
    portrait = skimage.data.astronaut()
    wall = np.full((400, 500, 3), 128, np.uint8)
    wall[300:330, 60:90] = np.random.default_rng(0).integers(0, 256, (30, 30, 3))
    top, left = telling_place(portrait)
    assert shows((60, 180), (top, left))
    assert shows((150, 260), (top, left))
    top, left = telling_place(wall)
    assert shows((300, 60), (top, left))
    assert shows((329, 89), (top, left))


def shows(pixel: tuple[int, int], corner: tuple[int, int]) -> bool:
    return all(0 <= at - start < SAMPLE_PX for at, start in zip(pixel, corner, strict=True))


def test_the_choice_is_the_most_faithful_that_passes() -> None:
    tries = [
        tried("lanczos", ssim=0.8, cpu_s=0.1),
        tried("sharp", ssim=0.99, cpu_s=1.0, passed=False),
        tried("dat", ssim=0.95, cpu_s=9.0),
        tried("span", ssim=0.949, cpu_s=1.0),
    ]
    (choice,) = choices_of(study(*tries))
    assert choice.upscaler == "span"
    assert choices_of(study(*tries), budget_s=0.5)[0].upscaler == "lanczos"


def test_with_none_that_passes_interpolation_is_chosen_and_why_is_said() -> None:
    choice = choose_for_all(rows_of([tried("sharp", ssim=0.99, cpu_s=1.0, passed=False)]))
    assert (choice.upscaler, choice.reason) == ("lanczos", "none passes the gate; interpolation invents nothing")


def test_each_class_has_its_own_choice() -> None:
    tries = [
        tried("a", ssim=0.9, cpu_s=1.0),
        tried("b", ssim=0.8, cpu_s=1.0),
        tried("a", ssim=0.8, cpu_s=1.0, asset_class="sprite"),
        tried("b", ssim=0.9, cpu_s=1.0, asset_class="sprite"),
    ]
    assert [(one.asset_class, one.upscaler) for one in choices_of(study(*tries))] == [("photo", "a"), ("sprite", "b")]


def test_quantiles_of_few_values() -> None:
    assert quantile([3.0], 0.95) == 3.0
    assert quantile([1.0, 2.0, 3.0], 0.5) == 2.0


def test_equal_pictures_are_99_decibels_apart() -> None:
    picture = np.zeros((4, 4, 3), np.uint8)
    assert psnr_db(picture, picture) == 99.0
    assert psnr_db(picture + np.uint8(1), picture) == pytest.approx(48.13, abs=0.01)


def test_the_middle_of_a_picture_is_tried(tmp_path: Path) -> None:
    path = tmp_path / "wide.png"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (101, 300, 4), dtype=np.uint8)).save(path)
    original, source = original_and_source(path, 4, 200)
    assert (original.shape, source.shape) == ((100, 200, 3), (25, 50, 3))


def test_a_picture_too_small_to_be_scaled_down_is_named(tmp_path: Path) -> None:
    path = tmp_path / "icon.png"
    Image.new("RGB", (32, 32)).save(path)
    with pytest.raises(InputUnusable, match=r"icon\.png"):
        original_and_source(path, 4, 512)


@pytest.fixture
def shown(tmp_path: Path) -> Study:
    """A study with a hostile name and samples on disk."""
    place = tmp_path / "trial.json"
    for path in (sample_of(place), original_of(place)):
        Image.new("RGB", (40, 40), (90, 120, 150)).save(path)
    names = ("lanczos", "waifu2x", "<script>alert(1)</script>")
    tries = [tried(name, ssim=0.8 + 0.01 * index, cpu_s=10.0 ** (index - 1)) for index, name in enumerate(names)]
    return study(*(replace(one, place=place) for one in tries))


def test_the_page_is_whole_and_escapes_names(shown: Study) -> None:
    html = render_study_html(study_values(shown, "Upscalers on photos", None), machine="a processor")
    assert "<script>" not in html
    assert "https:" not in html
    assert "http:" not in html
    assert html.count("<circle") == 3
    assert html.count("data:image/png;base64,") == 4


def test_the_picture_has_the_page_width(shown: Study) -> None:
    pixels = draw_study_png(study_values(shown, "Upscalers on photos", None))
    assert pixels.shape[1] == 1600
    assert pixels[:, :, 0].std() > 5


def test_the_data_has_every_trial(shown: Study) -> None:
    fields = study_to_json(shown, study_values(shown, "title", None))
    trials = fields["trials"]
    assert isinstance(trials, list)
    assert len(trials) == 3


def test_labels_near_each_other_do_not_overlap() -> None:
    plot = lay_out(
        [Place("a", 1.0, 0.9, on_front=True), Place("b", 1.01, 0.9), Place("c", 1.02, 0.9), Place("d", 30.0, 0.5)]
    )
    places = sorted(point.label_y for point in plot.points if point.label in "abc")
    assert min(np.diff(places)) >= LABEL_PX - 1
    assert all(0 <= point.x <= WIDTH and 0 <= point.y <= HEIGHT for point in plot.points)


def test_a_teams_limits_take_the_place_of_the_shipped_ones() -> None:
    limits = limits_with(shipped_limits(), {"detail": 9.0, "before_strangeness": 8.0, "text_changed": 0.5})
    assert limits.of("plain", "detail") == limits.of("projected", "detail") == 9.0
    assert limits.of("before", "strangeness") == 8.0
    assert limits.of("plain", "strangeness") == shipped_limits().of("plain", "strangeness")
    assert limits.most_text_changed == 0.5


def test_other_limits_make_another_gate_and_a_misspelt_one_is_named() -> None:
    names = {open_gate(own, reads_text=False).name for own in (None, {}, {"detail": 9.0})}
    assert len(names) == 2
    with pytest.raises(UnknownName, match="detial"):
        open_gate({"detial": 9.0}, reads_text=False)


def test_a_gate_draws_what_was_invented() -> None:
    source = np.full((64, 64, 3), 128, np.uint8)
    result = np.full((128, 128, 3), 128, np.uint8)
    result[40:72:2, 40:72] = 255
    judged = open_gate(reads_text=False).judge(source, result)
    assert not judged.verdict.passed
    assert judged.suspect[1, 1]
    assert judged.draw is not None
    drawn = judged.draw(result)
    assert drawn.shape[2] == 3
    with io.BytesIO() as file:
        Image.fromarray(drawn).save(file, "PNG")
