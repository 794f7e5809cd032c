"""One prompt without a written pipeline: what may be wished for."""

from __future__ import annotations

from pathlib import Path

import pytest

from renderlock.actions.single import Wish, single_pipeline
from renderlock.actions.workspace import Place
from renderlock.errors import RecipeError
from renderlock.spec.pipeline import DeviationPolicy, DeviationWord


@pytest.mark.parametrize(("word", "policy"), [("refuse", "refuse"), ("allow", "record"), ("record", "record")])
def test_a_wish_takes_every_word_for_deviations(tmp_path: Path, word: DeviationWord, policy: DeviationPolicy) -> None:
    wish = Wish("a red apple", (0,), deviations=word)

    assert single_pipeline(wish, "embedded", Place(tmp_path / "pipeline.yml"), name="one").steps[0].deviations == policy


def test_another_word_is_refused_with_those_there_are() -> None:
    with pytest.raises(RecipeError, match="must be `refuse` or `allow`"):
        Wish("a red apple", (0,), deviations="ignore")  # type: ignore[arg-type]  # what a script may pass
