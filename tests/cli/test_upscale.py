"""`upscale` and `study upscalers` as people call them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import skimage.data
from PIL import Image, ImageCms
from tests.cli.calls import call, call_json
from tests.conftest import PIPELINE
from tests.store.samples import sample_render

from renderlock.actions.upscale_study import StudyOptions, usable
from renderlock.actions.upscale_timings import PACE
from renderlock.imaging.back_projection import down
from renderlock.imaging.decoding import read_picture
from renderlock.imaging.pixels import Raster
from renderlock.imaging.regions import PictureReader
from renderlock.imaging.sinks import PictureForm, open_sink
from renderlock.store.records import NewRender
from renderlock.store.store import Store

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()

PAINTER = """
from dataclasses import replace
from renderlock.spec.identity import ModelIdentity
from renderlock.upscalers.base import Detail
from renderlock.upscalers.lanczos import FACTS, Lanczos

class Painter(Lanczos):
    facts = replace(FACTS, reference="painter", scales=(2,), detail=Detail.INVENTED, tile_px=64)

    def identify(self):
        return ModelIdentity("upscale", "painter", "1", "paint-1")

    def enlarge(self, pixels, factor):
        enlarged = super().enlarge(pixels, factor).copy()
        enlarged[40:72:2, 40:72] = 255
        enlarged[41:72:2, 40:72] = 0
        return enlarged

def open_model(model, options):
    return Painter()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a small photograph."""
    picture = Image.fromarray(skimage.data.astronaut()[16:208, 128:320]).resize((96, 96))
    picture.save(tmp_path / "photo.png", icc_profile=SRGB)
    return tmp_path


@pytest.fixture
def painter(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An installed upscaler that paints a grid into every picture."""
    place = tmp_path_factory.mktemp("painter")
    info = place / "painter-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: painter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[renderlock.upscalers]\npainter = painter_upscaler:open_model\n")
    (place / "painter_upscaler.py").write_text(PAINTER)
    monkeypatch.syspath_prepend(str(place))
    yield
    sys.modules.pop("painter_upscaler", None)


def test_a_file_is_enlarged_into_a_file_that_keeps_its_profile(folder: Path) -> None:
    done = call(folder, "upscale", "photo.png", "--to", "2x", "--no-gate")
    assert done.returncode == 0, done.stderr
    assert "photo-192x192.png  192x192" in done.stdout
    assert read_picture(folder / "photo-192x192.png").shape == (192, 192, 3)
    with Image.open(folder / "photo-192x192.png") as picture:
        assert picture.info["icc_profile"] == SRGB
        assert json.loads(picture.info["renderlock"])["recipe"]["model"]["model"] == "waifu2x"


def test_the_folder_of_the_result_is_made_or_refused_before_anything_is_enlarged(folder: Path) -> None:
    (folder / "file").write_text("in the way")
    asked = ("upscale", "photo.png", "--to", "2x", "--upscaler", "lanczos", "--no-gate", "--output")

    made, refused = call(folder, *asked, "new/large.png"), call(folder, *asked, "file/large.png")

    assert made.returncode == 0, made.stderr
    assert (folder / "new" / "large.png").is_file()
    assert (refused.returncode, refused.stdout) == (2, "")


@pytest.fixture
def deep(folder: Path) -> Raster:
    """A gradient of 16 bits with alpha, in deep.png and deep.tif."""
    y, x = np.mgrid[:48, :64]
    planes = [20_000 + 6 * x, 30_000 + 3 * y, 25_000 + 2 * (x + y), 65_535 - 100 * x]
    pixels = np.dstack(planes).astype(np.uint16)
    for name in ("deep.png", "deep.tif"):
        with open_sink(folder / name, PictureForm.of(pixels, SRGB)) as sink:
            sink.write(pixels)
    return pixels


@pytest.mark.parametrize(("name", "upscaler"), [("deep.png", "lanczos"), ("deep.tif", "waifu2x")])
def test_a_picture_of_16_bits_stays_one_with_its_alpha_and_profile(
    folder: Path, deep: Raster, name: str, upscaler: str
) -> None:
    done = call(folder, "upscale", name, "--to", "2x", "-u", upscaler, "-o", f"large{name[4:]}")
    large = PictureReader(folder / f"large{name[4:]}")
    pixels = large.read_rows(0, large.height)
    inside = slice(4, -4)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (large.bits, large.channels, large.icc) == (16, 4, SRGB)
    assert np.abs(down(pixels[:, :, :3], 64, 48) - deep[:, :, :3])[inside, inside].max() < 30
    assert np.abs(down(pixels[:, :, 3:], 64, 48) - deep[:, :, 3:])[inside, inside].max() < 30
    assert "bits" not in done.stdout


@pytest.mark.usefixtures("deep")
def test_the_bits_of_the_result_can_be_asked_for(folder: Path) -> None:
    call(folder, "upscale", "deep.png", "--to", "2x", "-u", "lanczos", "--no-gate", "--bits", "8")
    assert PictureReader(folder / "deep-128x96.png").bits == 8


@pytest.mark.usefixtures("deep")
def test_a_format_that_cannot_hold_the_result_is_refused_before_anything_is_enlarged(folder: Path) -> None:
    done = call(folder, "upscale", "deep.png", "--to", "2x", "-o", "new/large.webp", "--no-gate")
    assert done.returncode == 2
    assert "16 bits" in done.stderr
    assert not (folder / "new").exists()


PROJECT = (
    PIPELINE.replace("prompt: a red apple", "prompt: a red apple, tags: [line-art]")
    + """
upscaler: lanczos
upscalers: {line-art: waifu2x}
gates: {upscaler: {detail: 0.0001}}
"""
)


def test_a_projects_upscaler_and_limits_are_taken_and_said(folder: Path) -> None:
    (folder / "pipeline.yml").write_text(PROJECT)
    asked = ("upscale", "photo.png", "--to", "2x", "--json", "-o")
    refused, own = call(folder, *asked, "a.png"), call_json(folder, *asked, "b.png", "--limit", "detail=9")
    found = json.loads(refused.stdout)
    assert (found["asked"], found["asked_by"]) == ("lanczos", "`upscaler` in pipeline.yml")
    assert (found["limits_from"], own["limits_from"]) == ("pipeline.yml", "pipeline.yml and --limit")
    assert (refused.returncode, found["passed"], own["passed"]) == (1, False, True)


@pytest.mark.parametrize(("asset", "wanted"), [("apple", "waifu2x"), ("star", "lanczos")])
def test_a_renders_upscaler_is_that_of_its_assets_tag(folder: Path, store: Store, asset: str, wanted: str) -> None:
    (folder / "pipeline.yml").write_text(PROJECT)
    made = sample_render(1)
    origin = replace(made.origin, asset=asset)
    address = store.put(NewRender(read_picture(folder / "photo.png"), None, made.standing, origin, made.made)).address
    found = call_json(folder, "upscale", address, "--to", "2x", "--no-gate", "--json")
    assert (found["asked"], found["upscaler"]) == (wanted, wanted)


def test_an_upscaler_that_is_named_wins_over_the_projects(folder: Path) -> None:
    (folder / "pipeline.yml").write_text(PROJECT)
    done = call(folder, "upscale", "photo.png", "--to", "2x", "-u", "waifu2x", "--no-gate")
    assert "upscaler waifu2x (--upscaler), gate limits: pipeline.yml" in done.stdout


def test_without_a_project_the_default_is_said(folder: Path) -> None:
    done = call(folder, "upscale", "photo.png", "--to", "2x", "--no-gate")
    assert "upscaler waifu2x (the default), gate limits: those that ship" in done.stdout


@pytest.mark.parametrize("limit", ["detail", "detail=much"])
def test_a_limit_that_is_no_number_is_refused(folder: Path, limit: str) -> None:
    done = call(folder, "upscale", "photo.png", "--to", "2x", "--limit", limit)
    assert done.returncode == 2
    assert "NAME=NUMBER" in done.stderr


def test_the_gates_measures_are_told_as_data(folder: Path) -> None:
    found = call_json(folder, "upscale", "photo.png", "--to", "128", "-u", "lanczos", "-o", "large.webp", "--json")
    assert (found["width"], found["height"], found["passed"]) == (128, 128, True)
    assert {"consistency_db", "detail"} <= {measure["name"] for measure in found["measures"]}
    assert read_picture(folder / "large.webp").shape == (128, 128, 3)


@pytest.mark.usefixtures("painter")
def test_what_was_painted_is_taken_back_and_said(folder: Path) -> None:
    plain = call_json(folder, "upscale", "photo.png", "--to", "2x", "-u", "lanczos", "-o", "plain.png", "--json")
    found = call_json(
        folder, "upscale", "photo.png", "--to", "2x", "-u", "painter", "--invented", "invented.png", "--json"
    )
    assert plain["deviations"] == []
    assert found["deviations"][0]["asked"] == "painter"
    result, wanted = (read_picture(folder / name).astype(int) for name in ("photo-192x192.png", "plain.png"))
    assert np.abs(result - wanted)[44:68, 44:68].mean() < 6
    drawn = read_picture(folder / "invented.png").astype(int)
    assert drawn[48:64, 48:64, 0].mean() > drawn[48:64, 48:64, 2].mean() + 20


@pytest.mark.usefixtures("painter")
def test_strict_allows_no_fallback_and_fails(folder: Path) -> None:
    done = call(folder, "upscale", "photo.png", "--to", "2x", "-u", "painter", "--strict", "--no-progress")
    assert done.returncode == 1
    assert "FAIL" in done.stdout
    assert (folder / "photo-192x192.png").is_file()


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with Store.create(folder / ".renderlock") as opened:
        yield opened


def test_a_render_is_enlarged_into_the_store_once(folder: Path, store: Store) -> None:
    made = sample_render(1)
    render = NewRender(read_picture(folder / "photo.png"), None, made.standing, made.origin, made.made)
    address = store.put(render).address
    first = call_json(folder, "upscale", address, "--to", "2x", "-u", "lanczos", "--json")
    again = call_json(folder, "upscale", address, "--to", "2x", "-u", "lanczos", "--json", "-o", "copy.png")
    assert (first["found"], again["found"]) == (False, True)
    assert first["picture"] == again["picture"]
    assert again["measures"] == first["measures"]
    record = store.get(first["picture"])
    assert record.recipe is not None
    assert (record.standing, record.origin.step, record.size.width) == (made.standing, "upscale", 192)
    assert {event.kind for event in store.events(record.address)} == {"verdict", "timing"}
    assert read_picture(folder / "copy.png").shape == (192, 192, 3)


@pytest.mark.usefixtures("painter")
def test_the_map_of_what_was_taken_back_is_kept_shown_and_written_again(folder: Path, store: Store) -> None:
    made = sample_render(1)
    render = NewRender(read_picture(folder / "photo.png"), None, made.standing, made.origin, made.made)
    asked = ("upscale", store.put(render).address, "--to", "2x", "-u", "painter", "--json", "--map")
    found = call_json(folder, *asked, "first.png")
    again = call_json(folder, *asked, "again.png")
    shown = call(folder, "show", found["picture"])
    (line,) = [line for line in shown.stdout.splitlines() if line.startswith("file         invented: ")]
    assert (found["found"], again["found"]) == (False, True)
    assert (folder / "first.png").read_bytes() == (folder / "again.png").read_bytes()
    assert (folder / line.partition(": ")[2]).read_bytes() == (folder / "first.png").read_bytes()
    assert read_picture(folder / "first.png")[48:64, 48:64, 0].mean() > 100


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--to", "huge"), "to is"),
        (("--to", "2x", "-u", "wafu2x"), "waifu2x"),
        (("--to", "2x", "-o", "x.bmp"), "bmp"),
        (("--to", "2x", "-u", "embedded"), "cannot do this"),
    ],
)
def test_what_cannot_be_done_is_said_before_anything_is(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = call(folder, "upscale", "photo.png", "--no-gate", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert [path.name for path in folder.iterdir()] == ["photo.png"]


def test_a_file_in_the_way_is_kept(folder: Path) -> None:
    (folder / "photo-192x192.png").write_text("mine")
    assert call(folder, "upscale", "photo.png", "--to", "2x", "--no-gate").returncode == 2
    assert (folder / "photo-192x192.png").read_text() == "mine"


def test_a_pipeline_that_cannot_hold_the_choice_is_told_before_the_study(folder: Path) -> None:
    (folder / "pipeline.yml").write_text("project: campaign\n")
    done = call(folder, "study", "upscalers", "--images", ".", "--write", "pipeline.yml")
    assert done.returncode == 2
    assert "pipeline.yml:1" in done.stderr
    assert not (folder / "upscaler-study").exists()


FINALS = """
project: campaign
final_model: embedded
upscaler: waifu2x:noise0
gates: {upscaler: {detail: 3.0}}
seeds: [0]
assets: [{name: apple, prompt: a red apple, tags: [photo]}]
steps: [{name: final-render, model: "${final_model}", size: 96, num_inference_steps: 2, upscale: 2}]
"""


@pytest.fixture
def studied(folder: Path) -> Path:
    """A project whose finals are enlarged, with a photograph to study."""
    (folder / "images" / "photo").mkdir(parents=True)
    (folder / "photo.png").rename(folder / "images" / "photo" / "photo.png")
    (folder / "pipeline.yml").write_text(FINALS)
    return folder


STUDY = ("study", "upscalers", "--images", "images", "--scales", "2", "--repeats", "1")


def test_what_a_study_chose_and_timed_is_what_the_next_run_plans_with(studied: Path, store: Store) -> None:
    done = call(studied, *STUDY, "--upscalers", "lanczos,waifu2x", "--write", "pipeline.yml")
    call(studied, "lock")
    planned = call_json(studied, "run", "--dry-run", "--json")["steps"][0]["pictures"][0]["plan"]["links"]
    timed = dict(store.events("waifu2x")[0].fields)
    assert "upscaler: waifu2x\n" in (studied / "pipeline.yml").read_text()
    assert done.returncode == 0, done.stderr
    assert [link["what"] for link in planned] == ["draw", "waifu2x"]
    assert planned[1]["seconds"] == pytest.approx(float(timed[PACE]) * 192 * 192 / 1e6)


def test_a_study_tries_the_projects_own_upscaler_under_its_limits(studied: Path) -> None:
    options = StudyOptions(factors=(2,), project=("waifu2x:noise0", "ideogram-v2"), limits={"detail": 3.0}, repeats=1)
    names, left_out = usable(options)
    assert names[-1] == "waifu2x:noise0"
    assert dict(left_out)["ideogram-v2"].startswith("a provider's")
    found = call(studied, *STUDY, "--upscalers", "lanczos")
    fields = json.loads((studied / "upscaler-study" / "upscaler-study.json").read_text())
    assert "1 limit(s) of the gate" in found.stderr
    assert fields["options"]["limits"] == {"detail": 3.0}


def test_a_study_measures_chooses_and_goes_on_where_it_was(folder: Path, store: Store) -> None:
    images = folder / "images" / "photo"
    images.mkdir(parents=True)
    (folder / "photo.png").rename(images / "photo.png")
    (folder / "pipeline.yml").write_text(PIPELINE)
    study = ("study", "upscalers", "--images", "images", "--upscalers", "lanczos,waifu2x", "--scales", "2")
    first = call(folder, *study, "--repeats", "1", "--write", "pipeline.yml")
    assert first.returncode == 0, first.stderr
    assert "2 of 2  waifu2x x2" in first.stderr
    fields = json.loads((folder / "upscaler-study" / "upscaler-study.json").read_text())
    assert {row["upscaler"] for row in fields["rows"]} == {"lanczos", "waifu2x"}
    assert "upscalers: {photo: " in (folder / "pipeline.yml").read_text()
    assert len([event for event in store.events() if event.kind == "timing"]) == 2
    again = call(folder, *study, "--repeats", "1")
    assert again.stderr == ""
    assert json.loads((folder / "upscaler-study" / "upscaler-study.json").read_text())["rows"] == fields["rows"]
