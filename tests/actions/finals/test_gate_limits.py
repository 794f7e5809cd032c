"""A pipeline's own limits for gates: they hold for finals that are there already, and no misspelt one is ignored."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.actions.finals.conftest import FINAL, WriteFinal, approve_all, final_of
from tests.actions.runs import execute

from renderlock.actions.finals.judging import SEAM_LIMITS
from renderlock.actions.finals.limits import SHIPPED
from renderlock.actions.run import RunResult
from renderlock.actions.verdicts import verdict_lines
from renderlock.errors import ConfigurationError
from renderlock.metrics.composition import LIMITS
from renderlock.store.store import Store


def run_with(path: Path, gates: str) -> RunResult:
    """The final once more, under these gates."""
    whole = path.read_text().partition("gates:")[0]
    path.write_text(f"{whole}gates: {gates}\n")
    return execute(path, FINAL)


def test_a_stricter_limit_holds_for_a_final_that_is_there_until_it_is_taken_back(write_final: WriteFinal) -> None:
    path = write_final("size: 200x152")
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
        ("{seams: {seam: 1}}", 9, "gates.seams", "one of: seam, composition, upscaler, text. Did you mean `seam`?"),
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
    assert {"seam": vars(SEAM_LIMITS), "composition": vars(LIMITS)} == SHIPPED
