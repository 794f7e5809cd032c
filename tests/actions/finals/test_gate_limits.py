"""A pipeline's own limits for gates: they hold for finals that are there already, and no misspelt one is ignored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.actions.finals.conftest import FINAL, WriteFinal, approve_all, final_of
from tests.actions.runs import execute

from renderlock.actions.finals.judging import SEAM_LIMITS, tiles_verdict
from renderlock.actions.finals.limits import SHIPPED, held_to
from renderlock.actions.run import RunResult
from renderlock.actions.verdicts import verdict_lines
from renderlock.errors import ConfigurationError
from renderlock.metrics.composition import LIMITS
from renderlock.metrics.seams import compare_overlap
from renderlock.metrics.seams.overlaps import OVERLAP_LIMITS
from renderlock.store.store import Store


def run_with(path: Path, gates: str) -> RunResult:
    """The final once more, under these gates."""
    whole = path.read_text().partition("gates:")[0]
    path.write_text(f"{whole}gates: {gates}\n")
    return execute(path, FINAL)


def test_a_stricter_limit_holds_for_a_final_that_is_there_until_it_is_taken_back(write_final: WriteFinal) -> None:
    path = write_final("size: 200x152, deviations: allow")
    approve_all(path)
    final = final_of(execute(path, FINAL))

    strict, lax = run_with(path, "{composition: {kept: 1.5}}"), run_with(path, "{}")

    assert [picture.status for picture in strict.pictures] == ["cached"]
    assert [verdict.gate for verdict in strict.refused[0].verdicts if not verdict.passed] == ["composition"]
    assert lax.refused == ()
    with Store.open(path.parent / ".renderlock") as store:
        assert "composition: passed" in list(verdict_lines(store, store.events(final.address)))


@pytest.mark.parametrize(
    ("gates", "column", "key", "allowed"),
    [
        (
            "{seams: {seam: 1}}",
            9,
            "gates.seams",
            "one of: seam, overlap, composition, upscaler, text. Did you mean `seam`?",
        ),
        ("{drift: {most: 1}}", 9, "gates.drift", "this version has no drift gate yet"),
        ("{seam: {sharpness: 1}}", 16, "gates.seam.sharpness", "one of: seam"),
        ("{seam: {seam: low}}", 16, "gates.seam.seam", "a number"),
        ("{upscaler: {detial: 1}}", 20, "gates.upscaler.detial", "Did you mean `detail`?"),
        ("{text: {text/2/cer: 1}}", 16, 'gates.text["text/2/cer"]', "text/1/cer, text/1/words"),
    ],
)
def test_a_gate_or_limit_that_does_not_exist_is_told_at_its_place_before_anything_is_rendered(
    write_final: WriteFinal, gates: str, column: int, key: str, allowed: str
) -> None:
    path = write_final("size: 200x152")
    path.write_text(path.read_text().replace("prompt: a red apple}", "prompt: a red apple, text: [SALE]}"))

    with pytest.raises(ConfigurationError) as caught:
        run_with(path, gates)

    (problem,) = caught.value.problems
    assert (problem.line, problem.column, problem.key) == (10, column, key)
    assert allowed in str(problem)


def test_the_limits_written_down_for_kept_verdicts_are_those_the_gates_ship_with() -> None:
    tiles = {name: most for name, most in vars(OVERLAP_LIMITS).items() if name not in {"offset_levels", "tone_levels"}}
    assert {"seam": vars(SEAM_LIMITS), "overlap": tiles, "composition": vars(LIMITS)} == SHIPPED


def test_a_limit_on_what_could_not_be_measured_is_passed_over() -> None:
    verdict = tiles_verdict([])

    held = held_to(verdict, {"overlap": {"shift_px": 0.1, "blur": 0.5}})

    assert "shift_px" not in {measure.name for measure in held.measures}
    assert [measure.name for measure in held.failures] == ["blur"]


def test_tiles_may_differ_in_tone_which_the_merge_takes_out_but_not_in_what_they_show() -> None:
    same, darker, other = np.random.default_rng(4).integers(0, 256, (3, 64, 256, 3), np.uint8)
    darker = np.maximum(same, 6) - 6

    assert tiles_verdict([compare_overlap(same, darker)]).passed
    assert not tiles_verdict([compare_overlap(same, other)]).passed
