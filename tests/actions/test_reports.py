"""The reports of a run: written once, shown again only when pictures change, safe to open anywhere."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.actions.runs import execute, run_of

from renderlock.actions.campaign import RunOptions, report_run
from renderlock.actions.plan import Selection
from renderlock.actions.report_stamp import Stamp, write_stamp
from renderlock.actions.reports import Reports, report_folder
from renderlock.errors import WouldOverwrite
from renderlock.spec.standing import Standing

QUICK = Selection(steps=frozenset({"quick-pass"}))


def report(path: Path, root: Path, options: RunOptions | None = None) -> tuple[Reports, ...]:
    """Runs a pipeline and writes its reports."""
    with run_of(path, options or RunOptions(QUICK)) as run:
        return report_run(run, run.execute(), root)


def test_a_step_gets_a_sheet_and_each_asset_its_variance(locked: Path, tmp_path: Path) -> None:
    (reports,) = report(locked, tmp_path / "reports")
    assert {file.name for file in reports.files} == {
        "contact-sheet.html",
        "contact-sheet.png",
        *(f"variance-{asset}.{kind}" for asset in ("apple", "star") for kind in ("html", "png", "json")),
    }
    assert all(file.exists() for file in reports.files)


def test_pages_need_nothing_from_outside(locked: Path, tmp_path: Path) -> None:
    (reports,) = report(locked, tmp_path / "reports")
    for page in (file for file in reports.files if file.suffix == ".html"):
        text = page.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text
        assert "default-src 'none'" in text
        assert "<script" not in text
        assert "data:image/" in text


def test_reports_are_made_again_only_when_pictures_change(locked: Path, tmp_path: Path) -> None:
    root = tmp_path / "reports"
    assert report(locked, root)[0].made
    assert not report(locked, root)[0].made
    locked.write_text(locked.read_text().replace("a yellow star", "a green star"))
    assert report(locked, root)[0].made


def test_a_report_that_lost_a_file_is_made_again(locked: Path, tmp_path: Path) -> None:
    (reports,) = report(locked, tmp_path / "reports")
    reports.files[0].unlink()
    assert report(locked, tmp_path / "reports")[0].made
    assert reports.files[0].exists()


def test_a_part_of_the_assets_does_not_overwrite_the_whole_report(locked: Path, tmp_path: Path) -> None:
    root = tmp_path / "reports"
    report(locked, root)
    before = (root / "quick-pass" / "contact-sheet.png").read_bytes()
    part = Selection(QUICK.steps, frozenset({"apple"}))
    (reports,) = report(locked, root, RunOptions(part))
    assert reports.folder == root / "quick-pass" / "selection"
    assert (root / "quick-pass" / "contact-sheet.png").read_bytes() == before


def test_rehearsals_have_a_folder_of_their_own_and_say_so(locked: Path, tmp_path: Path) -> None:
    (reports,) = report(locked, tmp_path, RunOptions(QUICK, rehearse=True))
    assert reports.folder == report_folder(tmp_path, "quick-pass", standing=Standing.REHEARSAL, partial=False)
    assert "rehearsal" in (reports.folder / "contact-sheet.html").read_text(encoding="utf-8").lower()


def test_the_variance_names_the_seeds_it_is_about(locked: Path, tmp_path: Path) -> None:
    (reports,) = report(locked, tmp_path)
    found = json.loads((reports.folder / "variance-apple.json").read_text())
    assert [(variant["number"], variant["seed"]) for variant in found["variants"]] == [(1, 0), (2, 1)]


def test_an_asset_with_one_picture_has_a_sheet_and_no_variance(locked: Path, tmp_path: Path) -> None:
    (reports,) = report(locked, tmp_path, RunOptions(Selection(QUICK.steps, frozenset({"apple"}), (4,))))
    assert {file.name for file in reports.files} == {"contact-sheet.html", "contact-sheet.png"}


def test_a_hostile_prompt_is_shown_as_text(locked: Path, tmp_path: Path) -> None:
    locked.write_text(locked.read_text().replace("a red apple", '"<script>alert(1)</script>\\u202e apple"'))
    (reports,) = report(locked, tmp_path)
    text = (reports.folder / "contact-sheet.html").read_text(encoding="utf-8")
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "\u202e" not in text


def test_the_sheet_shows_the_pictures(locked: Path, tmp_path: Path) -> None:
    result = execute(locked, RunOptions(QUICK))
    (reports,) = report(locked, tmp_path)
    with Image.open(reports.folder / "contact-sheet.png") as sheet:
        colours = np.asarray(sheet.convert("RGB")).reshape(-1, 3).std(axis=0)
    assert result.count("cached") + result.count("rendered") == 4
    assert colours.min() > 5


def test_a_file_of_a_person_is_not_written_over_and_nothing_is_written(locked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "quick-pass"
    folder.mkdir()
    (folder / "variance-star.png").write_bytes(b"mine")
    with pytest.raises(WouldOverwrite, match=r"variance-star\.png"):
        report(locked, tmp_path)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"variance-star.png": b"mine"}


def test_a_cut_short_report_is_made_again(locked: Path, tmp_path: Path) -> None:
    (reports,) = report(locked, tmp_path)
    reports.files[0].write_bytes(b"half")
    assert report(locked, tmp_path)[0].made
    assert reports.files[0].stat().st_size > 1000


def test_reports_killed_while_they_are_written_are_made_again(locked: Path, tmp_path: Path) -> None:
    (reports,) = report(locked, tmp_path)
    write_stamp(reports.folder, Stamp("", dict.fromkeys((file.name for file in reports.files), 0)))
    reports.files[-1].unlink()
    assert report(locked, tmp_path)[0].made


def test_reports_of_an_asset_that_left_go_and_nothing_outside_the_folder(locked: Path, tmp_path: Path) -> None:
    (reports,) = report(locked, tmp_path)
    (tmp_path / "mine.txt").write_bytes(b"mine")
    stamp = json.loads((reports.folder / "reports.json").read_text())
    stamp["files"]["../mine.txt"] = 4
    (reports.folder / "reports.json").write_text(json.dumps(stamp))
    lines = [line for line in locked.read_text().splitlines() if "star" not in line]
    locked.write_text("\n".join(lines))
    report(locked, tmp_path)
    assert not (reports.folder / "variance-star.html").exists()
    assert (reports.folder / "variance-apple.html").exists()
    assert (tmp_path / "mine.txt").exists()
