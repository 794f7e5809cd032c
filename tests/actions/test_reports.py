"""The reports of a run: written once, shown again only when pictures change, safe to open anywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.actions.runs import run_of

from renderlock.actions.campaign import RunOptions, report_run
from renderlock.actions.jobs import Selection
from renderlock.actions.lock import lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.report_stamp import Stamp, write_stamp
from renderlock.actions.reports import Reports, report_folder
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.errors import WouldOverwrite
from renderlock.spec.standing import Standing

QUICK = Selection(steps=frozenset({"quick-pass"}))


def report(path: Path, root: Path, options: RunOptions | None = None) -> tuple[Reports, ...]:
    """Runs a pipeline and writes its reports."""
    with run_of(path, options or RunOptions(QUICK)) as run:
        return report_run(run, run.execute(), root)


@pytest.fixture(scope="module")
def made_once(shared_pipeline_path: Path) -> Path:
    """A project's pipeline.yml, with everything rendered and its reports beside it; not to be changed."""
    with Models(EngineOptions()) as models:
        lock_pipeline(read_pipeline(Place(shared_pipeline_path)), models)
    (reports,) = report(shared_pipeline_path, shared_pipeline_path.parent / "reports")
    assert reports.made
    return shared_pipeline_path


@pytest.fixture
def reported(made_once: Path, tmp_path: Path) -> Path:
    """A copy of that project, to be changed."""
    return Path(shutil.copytree(made_once.parent, tmp_path / "copy")) / made_once.name


def again(path: Path) -> Reports:
    """The reports of a project once more."""
    (reports,) = report(path, path.parent / "reports")
    return reports


def test_a_step_gets_a_sheet_and_each_asset_its_variance(made_once: Path) -> None:
    files = again(made_once).files
    assert {file.name for file in files} == {
        "contact-sheet.html",
        "contact-sheet.png",
        *(f"variance-{asset}.{kind}" for asset in ("apple", "star") for kind in ("html", "png", "json")),
    }
    assert all(file.exists() for file in files)


def test_pages_need_nothing_from_outside(made_once: Path) -> None:
    pages = [file for file in again(made_once).files if file.suffix == ".html"]
    assert len(pages) == 3
    for page in pages:
        text = page.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in text
        assert "https://" not in text
        assert "default-src 'none'" in text
        assert "<script" not in text
        assert "data:image/" in text


def test_reports_are_made_again_only_when_pictures_change(reported: Path) -> None:
    assert not again(reported).made
    reported.write_text(reported.read_text().replace("a yellow star", "a green star"))
    assert again(reported).made


def test_a_report_that_lost_a_file_is_made_again(reported: Path) -> None:
    lost = again(reported).files[0]
    lost.unlink()
    assert again(reported).made
    assert lost.exists()


def test_a_part_of_the_assets_does_not_overwrite_the_whole_report(reported: Path) -> None:
    root = reported.parent / "reports"
    before = (root / "quick-pass" / "contact-sheet.png").read_bytes()
    part = Selection(QUICK.steps, frozenset({"apple"}))
    (reports,) = report(reported, root, RunOptions(part))
    assert reports.folder == root / "quick-pass" / "selection"
    assert (root / "quick-pass" / "contact-sheet.png").read_bytes() == before


def test_rehearsals_have_a_folder_of_their_own_and_say_so(locked: Path, tmp_path: Path) -> None:
    (reports,) = report(locked, tmp_path, RunOptions(QUICK, rehearse=True))
    assert reports.folder == report_folder(tmp_path, "quick-pass", standing=Standing.REHEARSAL, partial=False)
    assert "rehearsal" in (reports.folder / "contact-sheet.html").read_text(encoding="utf-8").lower()


def test_the_variance_names_the_seeds_it_is_about(made_once: Path) -> None:
    found = json.loads((again(made_once).folder / "variance-apple.json").read_text())
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


def test_the_sheet_shows_the_pictures(made_once: Path) -> None:
    with Image.open(again(made_once).folder / "contact-sheet.png") as sheet:
        colours = np.asarray(sheet.convert("RGB")).reshape(-1, 3).std(axis=0)
    assert colours.min() > 5


def test_a_file_of_a_person_is_not_written_over_and_nothing_is_written(locked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "quick-pass"
    folder.mkdir()
    (folder / "variance-star.png").write_bytes(b"mine")
    with pytest.raises(WouldOverwrite, match=r"variance-star\.png"):
        report(locked, tmp_path)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == {"variance-star.png": b"mine"}


def test_a_cut_short_report_is_made_again(reported: Path) -> None:
    cut = again(reported).files[0]
    cut.write_bytes(b"half")
    assert again(reported).made
    assert cut.stat().st_size > 1000


def test_reports_killed_while_they_are_written_are_made_again(reported: Path) -> None:
    reports = again(reported)
    write_stamp(reports.folder, Stamp("", dict.fromkeys((file.name for file in reports.files), 0)))
    reports.files[-1].unlink()
    assert again(reported).made


def test_reports_of_an_asset_that_left_go_and_nothing_outside_the_folder(reported: Path) -> None:
    folder = again(reported).folder
    mine = folder.parent / "mine.txt"
    mine.write_bytes(b"mine")
    stamp = json.loads((folder / "reports.json").read_text())
    stamp["files"]["../mine.txt"] = 4
    (folder / "reports.json").write_text(json.dumps(stamp))
    lines = [line for line in reported.read_text().splitlines() if "star" not in line]
    reported.write_text("\n".join(lines))
    again(reported)
    assert not (folder / "variance-star.html").exists()
    assert (folder / "variance-apple.html").exists()
    assert mine.exists()
