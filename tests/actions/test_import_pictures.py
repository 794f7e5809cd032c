from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from renderlock.actions.import_pictures import ImportProgress, ImportReport, import_pictures
from renderlock.errors import InputUnusable
from renderlock.imaging.pixels import encode_png
from renderlock.spec.identity import ModelKey
from renderlock.spec.recipe import Recipe, Size
from renderlock.spec.standing import Standing
from renderlock.store import RenderRecord, Store
from renderlock.store.png_texts import texts_of

INFOTEXT = "a fox, 猫\nNegative prompt: bad\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 42, Size: 64x48"
MODEL = ModelKey("embedded", "tiny", "1", "embedded-1", "0123456789abcdef" * 4)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "store") as made:
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "old pictures"
    path.mkdir()
    return path


def picture(number: int, kind: str = "PNG", **texts: str) -> bytes:
    info = PngInfo()
    for key, text in texts.items():
        info.add_text(key, text)
    pixels = np.random.default_rng(number).integers(0, 256, (12, 16, 3), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **({"pnginfo": info} if kind == "PNG" else {}))
    return buffer.getvalue()


def only(store: Store) -> RenderRecord:
    (record,) = store.records()
    return record


def test_a_picture_is_kept_byte_for_byte_with_what_its_tool_wrote(folder: Path, store: Store) -> None:
    data = picture(1, parameters=INFOTEXT)
    (folder / "00012-42.png").write_bytes(data)
    report = import_pictures(folder, store)
    record, source = only(store), dict(only(store).source)

    assert (report.imported, report.tools) == (1, (("automatic1111", 1),))
    assert (record.standing, record.recipe, store.read(record)) == (Standing.IMPORTED, None, data)
    assert (source["prompt"], source["negative_prompt"], source["seed"]) == ("a fox, 猫", "bad", "42")
    assert (source["sampler"], source["sampler_name"]) == ("DPM++ 2M Karras", "dpmpp_2m_karras")
    assert (source["file"], source["tool"], source["size"]) == ("00012-42.png", "automatic1111", "64x48")
    assert source["parameters"] == INFOTEXT


def test_a_render_was_made_when_its_file_was_changed(folder: Path, store: Store) -> None:
    path = folder / "a.png"
    path.write_bytes(picture(1))
    os.utime(path, (1_600_000_000, 1_600_000_000))
    import_pictures(folder, store)

    assert only(store).made.created == datetime(2020, 9, 13, 12, 26, 40, tzinfo=UTC)


@pytest.mark.parametrize("times", [2, 3])
def test_importing_again_adds_nothing(folder: Path, store: Store, times: int) -> None:
    for number in range(5):
        (folder / f"{number}.png").write_bytes(picture(number))
    for _ in range(times - 1):
        import_pictures(folder, store)
    again = import_pictures(folder, store)

    assert (again.imported, again.known) == (0, 5)
    assert len(list(store.records())) == 5


def test_a_file_changed_since_the_last_import_is_a_new_picture(folder: Path, store: Store) -> None:
    path = folder / "a.png"
    path.write_bytes(picture(1))
    import_pictures(folder, store)
    import_pictures(folder, store)
    path.write_bytes(picture(2))

    assert import_pictures(folder, store).imported == 1


def test_of_two_files_with_the_same_bytes_the_first_is_imported(folder: Path, store: Store) -> None:
    (folder / "b.png").write_bytes(picture(1))
    (folder / "a.png").write_bytes(picture(1))
    report = import_pictures(folder, store)

    assert (report.imported, report.duplicates) == (1, 1)
    assert dict(only(store).source)["file"] == "a.png"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "GIF"])
def test_the_format_is_told_by_the_content_not_by_the_name(folder: Path, store: Store, kind: str) -> None:
    (folder / "picture.txt").write_bytes(picture(1, kind))
    import_pictures(folder, store)

    assert only(store).media_type == f"image/{kind.lower()}"


def test_a_picture_without_metadata_is_imported_with_a_note(folder: Path, store: Store) -> None:
    (folder / "a.png").write_bytes(picture(1))
    report = import_pictures(folder, store)

    assert report.tools == (("none", 1),)
    assert dict(only(store).source)["note"] == "no metadata of a known tool"


def test_pictures_without_metadata_can_be_left_out(folder: Path, store: Store) -> None:
    (folder / "a.png").write_bytes(picture(1))
    (folder / "b.png").write_bytes(picture(2, parameters=INFOTEXT))
    report = import_pictures(folder, store, skip_plain=True)

    assert (report.imported, report.plain) == (1, 1)
    assert dict(only(store).source)["file"] == "b.png"


def test_other_files_are_counted_and_left_alone(folder: Path, store: Store) -> None:
    (folder / "notes.txt").write_text("hello")
    (folder / "looks.png").write_text("like a picture")
    (folder / ".hidden.png").write_bytes(picture(1))
    os.mkfifo(folder / "pipe.png")

    assert import_pictures(folder, store) == ImportReport(str(folder), 0, (), 0, 0, 0, 3, (), ())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "AVIF", "GIF"])
def test_a_damaged_picture_is_named_and_the_others_are_imported(folder: Path, store: Store, kind: str) -> None:
    (folder / "broken.png").write_bytes(picture(1, kind)[:60])
    (folder / "fine.png").write_bytes(picture(2))
    report = import_pictures(folder, store)

    assert report.imported == 1
    assert [file.path for file in report.unreadable] == ["broken.png"]
    assert report.unreadable[0].reason


def test_no_damaged_byte_stops_an_import(folder: Path, store: Store) -> None:
    random = np.random.default_rng(7)
    for number in range(60):
        data = bytearray(picture(number, ["PNG", "JPEG", "WEBP", "AVIF", "GIF"][number % 5], parameters=INFOTEXT))
        for place in random.integers(0, min(len(data), 400), 6):
            data[place] = int(random.integers(0, 256))
        (folder / f"{number}.bin").write_bytes(data)
    report = import_pictures(folder, store)

    assert report.imported + len(report.unreadable) + report.others + report.duplicates == 60


def test_folders_within_are_read_unless_only_the_folder_is_asked_for(folder: Path, store: Store) -> None:
    (folder / "2024" / "may").mkdir(parents=True)
    (folder / "2024" / "may" / "a.png").write_bytes(picture(1))

    assert import_pictures(folder, store, recursive=False).imported == 0
    assert import_pictures(folder, store).imported == 1
    assert dict(only(store).source)["path"] == "2024/may/a.png"


def test_loops_of_links_end_and_each_folder_is_read_once(folder: Path, store: Store) -> None:
    inside = folder / "inside"
    inside.mkdir()
    (inside / "a.png").write_bytes(picture(1))
    (inside / "up").symlink_to(folder)
    (folder / "again").symlink_to(inside)
    (folder / "nowhere.png").symlink_to(folder / "gone.png")
    report = import_pictures(folder, store)

    assert (report.imported, report.duplicates) == (1, 0)
    assert [file.path for file in report.unreadable] == ["nowhere.png"]


def test_a_store_in_the_folder_is_not_imported_into_itself(tmp_path: Path, store: Store) -> None:
    (tmp_path / "a.png").write_bytes(picture(1))
    import_pictures(tmp_path, store)
    again = import_pictures(tmp_path, store)

    assert (again.known, again.imported, again.others) == (1, 0, 0)


def test_a_single_file_can_be_imported(folder: Path, store: Store) -> None:
    (folder / "a.png").write_bytes(picture(1))
    (folder / "b.png").write_bytes(picture(2))

    assert import_pictures(folder / "a.png", store).imported == 1
    assert dict(only(store).source)["path"] == "a.png"


def test_a_missing_folder_is_an_error(folder: Path, store: Store) -> None:
    with pytest.raises(InputUnusable, match="No such file"):
        import_pictures(folder / "gone", store)


def test_renderlocks_own_picture_comes_in_with_its_recipe(folder: Path, store: Store) -> None:
    recipe = Recipe(MODEL, "hero shot", 7, Size(16, 12), steps=20, sampler="euler_a")
    pixels = np.zeros((12, 16, 3), dtype=np.uint8)
    (folder / "own.png").write_bytes(encode_png(pixels, texts_of(recipe, Standing.PRODUCTION)))
    report = import_pictures(folder, store)

    assert report.tools == (("renderlock", 1),)
    assert (only(store).recipe, only(store).standing) == (recipe, Standing.IMPORTED)


@pytest.mark.parametrize("text", ["{", "[]", '{"recipe": {"format": "rl9"}}', '{"recipe": 4}', '{"a":' * 5000])
def test_a_recipe_that_cannot_be_read_is_noted_and_the_picture_kept(folder: Path, store: Store, text: str) -> None:
    (folder / "own.png").write_bytes(picture(1, renderlock=text))
    report = import_pictures(folder, store)

    assert (report.imported, only(store).recipe) == (1, None)
    assert report.notes[0][0] == "own.png"
    assert "its recipe cannot be read" in report.notes[0][1]


def test_a_picture_the_store_rendered_itself_is_not_imported_again(folder: Path, store: Store) -> None:
    (folder / "a.png").write_bytes(picture(1))
    import_pictures(folder, store)
    (folder / "copy").mkdir()
    (folder / "copy" / "a.png").write_bytes(store.read(only(store)))

    assert import_pictures(folder / "copy", store).known == 1


def test_progress_is_told_for_each_picture_in_order(folder: Path, store: Store) -> None:
    for number in range(20):
        (folder / f"{number:02}.png").write_bytes(picture(number))
    told: list[ImportProgress] = []
    import_pictures(folder, store, on_progress=told.append)

    assert [(progress.path.name, progress.done) for progress in told] == [(f"{n:02}.png", n + 1) for n in range(20)]
    assert {progress.total for progress in told} == {20}


def test_a_stopped_import_goes_on_with_what_is_left(folder: Path, store: Store) -> None:
    for number in range(40):
        (folder / f"{number:02}.png").write_bytes(picture(number))

    def stop(progress: ImportProgress) -> None:
        if progress.done == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_pictures(folder, store, on_progress=stop)
    kept = len(list(store.records()))
    report = import_pictures(folder, store)

    assert 10 <= kept < 40
    assert (report.known, report.imported) == (kept, 40 - kept)


def test_a_killed_import_goes_on_and_leaves_a_sound_store(folder: Path, tmp_path: Path) -> None:
    for number in range(60):
        (folder / f"{number:02}.png").write_bytes(picture(number, parameters=INFOTEXT))
    root = tmp_path / "store"
    code = (
        "import sys; from pathlib import Path; from renderlock.actions.import_pictures import import_pictures;"
        "from renderlock.store import Store;"
        "import_pictures(Path(sys.argv[1]), Store.create(Path(sys.argv[2])))"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(folder), str(root)])
    while process.poll() is None and len(list(root.glob("renders/*/*.json"))) < 5:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with Store.create(root) as store:
        report = import_pictures(folder, store)
        records = list(store.records())

        assert report.known + report.imported == len(records) == 60
        assert all(store.read(record) for record in records)


def test_the_report_is_plain_json_and_its_summary_names_what_failed(folder: Path, store: Store) -> None:
    (folder / "a.png").write_bytes(picture(1, parameters=INFOTEXT))
    (folder / "b.png").write_bytes(picture(1, parameters=INFOTEXT))
    (folder / "c.png").write_bytes(picture(2)[:50])
    (folder / "notes.txt").write_text("x")
    report = import_pictures(folder, store)
    fields = json.loads(json.dumps(report.to_json()))

    assert fields["tools"] == {"automatic1111": 1}
    assert fields["unreadable"][0]["path"] == "c.png"
    assert report.summary().splitlines()[:3] == [
        f"1 picture(s) imported from {folder}: automatic1111 1.",
        "1 with the same bytes as another.",
        "1 other file(s) left out.",
    ]
    assert "  c.png: " in report.summary()


def test_a_name_that_is_no_valid_text_and_a_hostile_text_can_be_kept(folder: Path, store: Store) -> None:
    path = os.fsencode(folder) + b"/caf\xe9.png"
    with open(path, "wb") as file:  # noqa: PTH123  # pathlib has no names in bytes
        file.write(picture(1, parameters=json.dumps({"sui_image_params": {"prompt": "a\0\ud800"}})))
    report = import_pictures(folder, store)

    assert report.imported == 1
    assert dict(only(store).source)["file"] == "caf?.png"
