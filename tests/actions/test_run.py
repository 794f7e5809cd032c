"""Running a pipeline: nothing twice, gates hold, failures stay single, and the record says what happened."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.actions.runs import execute, run_of

from renderlock.actions.campaign import RunOptions
from renderlock.actions.estimate import estimate
from renderlock.actions.jobs import Job, Selection, StepPlan
from renderlock.actions.run import PictureResult, Run, RunUnwatched
from renderlock.errors import (
    ConfigurationError,
    InputUnusable,
    Interrupted,
    LockMismatch,
    LockMissing,
    NotBuiltYet,
    NotCapable,
    PromptMissing,
    StandingViolation,
    StoreUnusable,
    UnknownName,
)
from renderlock.imaging.pixels import encode_png
from renderlock.spec.standing import Standing
from renderlock.store.store import Store

QUICK = RunOptions(Selection(steps=frozenset({"quick-pass"})))


def test_a_first_run_renders_and_the_second_renders_nothing(locked: Path) -> None:
    first, second = execute(locked, QUICK), execute(locked, QUICK)
    assert (first.count("rendered"), first.count("cached")) == (4, 0)
    assert (second.count("rendered"), second.count("cached")) == (0, 4)
    assert [one.record for one in first.pictures] == [one.record for one in second.pictures]


def test_the_same_pipeline_elsewhere_gives_the_same_bytes(locked: Path, tmp_path: Path) -> None:
    first = execute(locked, QUICK)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    for name in ("pipeline.yml", "pipeline.lock"):
        (elsewhere / name).write_bytes((locked.parent / name).read_bytes())
    second = execute(elsewhere / "pipeline.yml", QUICK)
    assert [one.record.blob for one in first.pictures if one.record] == [
        one.record.blob for one in second.pictures if one.record
    ]


def test_side_by_side_renders_are_those_of_one_after_another(locked: Path, store: Store) -> None:
    one = execute(locked, replace(QUICK, workers=1))
    addresses = {picture.record.address for picture in one.pictures if picture.record}
    locked.write_text(locked.read_text().replace("project: campaign", "project: campaign\nstore: other"))
    four = execute(locked, replace(QUICK, workers=4))
    assert {picture.record.address for picture in four.pictures if picture.record} == addresses


def test_a_changed_prompt_renders_only_that_asset(locked: Path) -> None:
    execute(locked, QUICK)
    locked.write_text(locked.read_text().replace("a yellow star", "a green star"))
    result = execute(locked, QUICK)
    assert {one.job.asset.name: one.status for one in result.pictures} == {"apple": "cached", "star": "rendered"}


def test_two_assets_with_the_same_recipe_are_rendered_once(locked: Path) -> None:
    locked.write_text(locked.read_text().replace("a yellow star", "a red apple"))
    result = execute(locked, QUICK)
    assert len({one.record.address for one in result.pictures if one.record}) == 2
    with Store.open(locked.parent / ".renderlock") as store:
        assert len(list(store.records())) == 2


def test_without_a_lock_nothing_is_rendered(pipeline_path: Path) -> None:
    with pytest.raises(LockMissing):
        execute(pipeline_path, QUICK)


def test_a_model_that_is_not_the_locked_one_is_refused_with_the_way_to_change_it(locked: Path) -> None:
    locked.write_text(locked.read_text().replace("review_model: embedded", "review_model: embedded:v1"))
    with pytest.raises(LockMismatch) as caught:
        execute(locked, QUICK)
    assert "pipeline.yml names embedded:v1, the lock holds embedded" in str(caught.value)
    assert "renderlock lock --change review --to embedded:v1" in caught.value.advice


def test_a_model_whose_file_changed_is_refused_with_the_file(locked: Path) -> None:
    lock = locked.with_name("pipeline.lock")
    fields = json.loads(lock.read_text())
    files = fields["models"]["review"]["identity"]["files"]
    name = min(files)
    files[name] = "sha256:" + "0" * 64
    lock.write_text(json.dumps(fields))
    with pytest.raises(LockMismatch, match=f"file {name}: locked sha256 000000000000"):
        execute(locked, QUICK)


def test_the_sandbox_needs_no_lock_and_is_marked(locked: Path) -> None:
    locked.write_text(locked.read_text().replace("embedded:v1", "embedded:v2"))
    result = execute(locked, RunOptions(Selection(steps=frozenset({"play"}))))
    assert {one.record.standing for one in result.pictures if one.record} == {Standing.SANDBOX}


def test_a_sandbox_picture_does_not_stand_in_for_production(locked: Path) -> None:
    text = locked.read_text().replace("sandbox_model: embedded:v1", "sandbox_model: embedded")
    locked.write_text(text)
    execute(locked, RunOptions(Selection(steps=frozenset({"play"}))))
    result = execute(locked, QUICK)
    assert result.count("rendered") == 4


def test_production_does_not_start_from_a_sandbox_picture(locked: Path, store: Store) -> None:
    play = execute(locked, RunOptions(Selection(steps=frozenset({"play"}))))
    record = next(one.record for one in play.pictures if one.record)
    (locked.parent / "start.png").write_bytes(store.read(record))
    text = locked.read_text().replace("prompt: a red apple}", "prompt: a red apple, init_image: start.png}")
    locked.write_text(text.replace("gate: approval}", "gate: approval, strength: 0.5}"))
    with pytest.raises(StandingViolation, match="sandbox"):
        execute(locked, QUICK)


def test_production_starts_from_a_picture_of_the_users(locked: Path) -> None:
    pixels = np.full((64, 64, 3), 200, np.uint8)
    (locked.parent / "start.png").write_bytes(encode_png(pixels, {}))
    text = locked.read_text().replace("prompt: a red apple}", "prompt: a red apple, init_image: start.png}")
    locked.write_text(text.replace("gate: approval}", "gate: approval, strength: 0.5}"))
    result = execute(locked, QUICK)
    inits = {one.job.asset.name: one.job.recipe.init for one in result.pictures}
    assert inits["apple"] is not None
    assert inits["apple"].strength == 0.5
    assert inits["star"] is None


def test_a_rehearsal_needs_no_lock_no_key_and_marks_everything(pipeline_path: Path) -> None:
    text = pipeline_path.read_text().replace("review_model: embedded", "review_model: ideogram-v2")
    pipeline_path.write_text(text.replace("size: 64", "size: 2048", 1))
    one_picture = Selection(QUICK.selection.steps, frozenset({"apple"}), (0,))
    (picture,) = execute(pipeline_path, replace(QUICK, selection=one_picture, rehearse=True)).pictures
    record = picture.record
    assert record is not None
    assert record.standing is Standing.REHEARSAL
    assert {deviation.field for deviation in record.deviations} >= {"model", "size"}


def test_what_the_model_cannot_do_is_refused_before_anything_is_rendered(locked: Path, store: Store) -> None:
    locked.write_text(locked.read_text().replace("size: 64", "size: 48", 1))
    with pytest.raises(NotCapable, match="size: asked 48x48"):
        execute(locked, QUICK)
    assert list(store.records()) == []


def test_what_a_later_step_asks_in_vain_is_refused_before_an_earlier_one_is_rendered(
    locked: Path, store: Store
) -> None:
    locked.write_text(locked.read_text().replace("size: 96", "size: 600, tiles: 2x1", 1))
    with pytest.raises(ConfigurationError, match="2 rows or more, not 1"):
        execute(locked)
    assert list(store.records()) == []


def test_a_dry_run_tells_of_a_held_step_that_cannot_be_done(locked: Path) -> None:
    locked.write_text(locked.read_text().replace("size: 96", "size: 600, tiles: 2x1", 1))
    with run_of(locked, RunOptions()) as run, pytest.raises(ConfigurationError, match="2 rows or more, not 1"):
        estimate(run)


def test_deviations_are_recorded_where_the_pipeline_allows_them(locked: Path) -> None:
    text = locked.read_text().replace(
        "size: 64, num_inference_steps: 2, gate: approval", "size: 48, num_inference_steps: 2"
    )
    locked.write_text(text.replace("seeds: [0, 1]", "seeds: [0]\ndeviations: record"))
    result = execute(locked, QUICK)
    assert all(one.record and one.record.deviations[0].asked == "48x48" for one in result.pictures)


def test_a_key_of_a_later_version_is_refused_and_not_ignored(locked: Path, store: Store) -> None:
    locked.write_text(locked.read_text() + 'nightly: {at: "02:00"}\n')
    with pytest.raises(NotBuiltYet, match="nightly"):
        execute(locked, QUICK)
    assert list(store.records()) == []


@pytest.mark.parametrize(
    "selection", [Selection(steps=frozenset({"quickpass"})), Selection(assets=frozenset({"aple"}))]
)
def test_an_unknown_name_is_refused_with_the_nearest(locked: Path, selection: Selection) -> None:
    with pytest.raises(UnknownName) as caught:
        execute(locked, RunOptions(selection))
    assert "Did you mean" in caught.value.advice


def test_a_pipeline_without_assets_asks_for_a_prompt(locked: Path) -> None:
    locked.write_text(
        "\n".join(line for line in locked.read_text().splitlines() if "prompt" not in line and "assets" not in line)
    )
    with pytest.raises(PromptMissing):
        execute(locked, QUICK)
    result = execute(locked, QUICK, prompt="a blue car")
    assert {one.job.asset.prompt for one in result.pictures} == {"a blue car"}


def test_given_seeds_replace_those_of_the_assets(locked: Path) -> None:
    result = execute(locked, RunOptions(Selection(steps=frozenset({"quick-pass"}), seeds=(7,))))
    assert [one.job.recipe.seed for one in result.pictures] == [7, 7]


class StopAfter(RunUnwatched):
    """Asks for a stop once a number of denoising steps is done."""

    run: Run

    def __init__(self, steps: int) -> None:
        self.left = steps

    def on_denoise(self, job: Job, done: int, steps: int) -> None:
        """Counts."""
        self.left -= 1
        if self.left == 0:
            self.run.stop.ask()


def test_a_stopped_run_keeps_what_is_finished_and_the_next_goes_on(locked: Path) -> None:
    watch = StopAfter(5)
    with run_of(locked, replace(QUICK, workers=1)) as run:
        watch.run = run
        run.watch = watch
        with pytest.raises(Interrupted, match="2 picture"):
            run.execute()
    again = execute(locked, QUICK)
    assert (again.count("cached"), again.count("rendered")) == (2, 2)


class Meddle(RunUnwatched):
    """Does something once the step is planned."""

    def __init__(self, deed: Callable[[], object]) -> None:
        self.deed = deed

    def on_step(self, plan: StepPlan) -> None:
        """Does it."""
        self.deed()


def test_an_init_picture_that_changes_during_the_run_is_refused(locked: Path, store: Store) -> None:
    start = locked.parent / "start.png"
    start.write_bytes(encode_png(np.full((64, 64, 3), 200, np.uint8), {}))
    text = locked.read_text().replace("prompt: a red apple}", "prompt: a red apple, init_image: start.png}")
    locked.write_text(text.replace("gate: approval}", "gate: approval, strength: 0.5}"))
    other = encode_png(np.zeros((64, 64, 3), np.uint8), {})
    with run_of(locked, QUICK) as run:
        run.watch = Meddle(lambda: start.write_bytes(other))
        result = run.execute()
    assert {one.job.asset.name: one.status for one in result.pictures} == {"apple": "failed", "star": "rendered"}
    assert {record.origin.asset for record in store.records()} == {"star"}
    assert all(isinstance(error, InputUnusable) for error in result.errors)


def test_a_store_that_takes_nothing_more_ends_the_run_at_once(locked: Path) -> None:
    with run_of(locked, replace(QUICK, workers=1)) as run:
        blobs = run.planner.store.layout.blobs
        run.watch = Meddle(lambda: blobs.write_bytes(b"a file where the folder of the blobs has to be"))
        with pytest.raises(StoreUnusable):
            run.execute()
        assert list(run.planner.store.records()) == []


def test_ctrl_c_says_how_many_pictures_are_kept(locked: Path) -> None:
    class Impatient(RunUnwatched):
        """Presses Ctrl-C at the second picture."""

        pictures = 0

        def on_picture(self, result: PictureResult) -> None:
            """Counts."""
            self.pictures += 1
            if self.pictures == 2:
                raise KeyboardInterrupt

    with run_of(locked, replace(QUICK, workers=1)) as run:
        run.watch = Impatient()
        with pytest.raises(Interrupted, match="2 picture"):
            run.execute()


def test_the_record_says_where_a_picture_comes_from(locked: Path) -> None:
    record = execute(locked, QUICK).pictures[0].record
    assert record is not None
    assert (record.origin.project, record.origin.asset, record.origin.step) == ("campaign", "apple", "quick-pass")
    assert record.origin.role == "review"
    assert record.made.environment.startswith("env1:")
    assert record.made.seconds > 0
