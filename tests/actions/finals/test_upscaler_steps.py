"""Steps of the upscaler role: the finished picture of another step, enlarged behind the gate and delivered."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from tests.actions.runs import execute, run_of

from renderlock.actions.campaign import RunOptions, open_run
from renderlock.actions.estimate import StepEstimate, estimate
from renderlock.actions.jobs import Selection
from renderlock.actions.lock import lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.replay import replay
from renderlock.actions.run import PictureResult, Run, RunResult, RunUnwatched
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.hosted.options import HostedOptions
from renderlock.errors import ConfigurationError, KeyMissing, LockMismatch, PriceUnknown
from renderlock.imaging.decoding import decode_picture
from renderlock.metrics.agreement import Level
from renderlock.settings import read_settings
from renderlock.spec.recipe import Size
from renderlock.spec.standing import Standing
from renderlock.store.store import Store
from renderlock.testing import serve

PIPELINE = """\
final_model: embedded
upscaler: lanczos
seeds: [3, 4]
assets:
  - {name: apple, prompt: a red apple}
steps:
  - {name: final-render, model: "${final_model}", size: 96x64, num_inference_steps: 2}
  - {name: large, model: "${upscaler}", needs: final-render, size: 192x128}
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A locked project whose second step enlarges the pictures of the first."""
    path = tmp_path / "pipeline.yml"
    path.write_text(PIPELINE)
    relock(path)
    return path


def relock(path: Path) -> None:
    with Models(EngineOptions()) as models:
        lock_pipeline(read_pipeline(Place(path)), models)


def of_step(result: RunResult, step: str = "large") -> list[PictureResult]:
    return [picture for picture in result.pictures if picture.job.step.name == step]


def dry_run(path: Path, options: RunOptions | None = None) -> StepEstimate:
    with run_of(path, options or RunOptions()) as run:
        return estimate(run)[-1]


def test_each_seed_s_finished_picture_is_enlarged_and_judged(project: Path) -> None:
    result = execute(project)

    finals, larges = of_step(result, "final-render"), of_step(result)
    assert [picture.job.seed for picture in larges] == [3, 4]
    for final, large in zip(finals, larges, strict=True):
        assert final.record is not None
        assert large.record is not None
        assert large.record.recipe is not None
        assert large.record.size == Size(192, 128)
        assert large.record.recipe.init is not None
        assert large.record.recipe.init.picture == final.record.pixels
        assert dict(large.record.source)["from"] == final.record.address
        assert (large.record.origin.step, large.record.standing) == ("large", Standing.PRODUCTION)
        assert [verdict.gate for verdict in large.verdicts] == ["upscaler"]


def test_a_second_run_makes_nothing_and_another_upscaler_makes_only_the_enlargements(project: Path) -> None:
    execute(project)

    assert execute(project).count("rendered") == 0
    text = project.read_text().replace("assets:", "upscalers: {fruit: waifu2x}\nassets:")
    project.write_text(text.replace("prompt: a red apple}", "prompt: a red apple, tags: [fruit]}"))
    relock(project)
    again = execute(project)

    assert [picture.job.step.name for picture in again.pictures if picture.status == "rendered"] == ["large", "large"]
    assert {picture.job.recipe.model.model for picture in of_step(again)} == {"waifu2x"}


def test_a_dry_run_plans_the_enlargements_before_and_after_their_sources_are_there(project: Path) -> None:
    before = dry_run(project)
    execute(project, RunOptions(Selection(frozenset({"final-render"}))))
    after = dry_run(project)

    assert (before.missing, before.plan.unforeseen) == (2, (("apple", 3), ("apple", 4)))
    assert (after.missing, after.plan.unforeseen, after.hosted) == (2, (), False)
    (outline, _) = after.outlines.values()
    assert [(link.what, link.size) for link in outline.links] == [("lanczos", Size(192, 128))]


def test_without_its_source_the_step_is_held(project: Path) -> None:
    result = execute(project, RunOptions(Selection(frozenset({"large"}))))

    assert result.pictures == ()
    assert [held.reason for held in result.held] == ["needs final-render first (seed 3, 4)"]


def test_variants_of_the_source_are_all_enlarged(project: Path) -> None:
    project.write_text(project.read_text().replace("num_inference_steps: 2", "num_inference_steps: 2, variants: 3"))

    assert [picture.job.seed for picture in of_step(execute(project))] == [3, 4, 5]


def test_an_edited_upscaler_is_refused_before_anything_is_rendered(project: Path) -> None:
    project.write_text(project.read_text().replace("upscaler: lanczos", "upscaler: waifu2x"))

    with pytest.raises(LockMismatch, match="upscaler"):
        execute(project)
    with Store.open(project.parent / ".renderlock") as store:
        assert list(store.records()) == []


def test_an_enlargement_is_replayed_to_the_same_pixels(project: Path) -> None:
    record = of_step(execute(project))[0].record
    assert record is not None

    with Store.open(project.parent / ".renderlock") as store, Models(EngineOptions()) as models:
        again = replay(store, models, record.address, reference=None, watch=Unwatched())

    assert again.level is Level.SAME_BYTES


def test_what_is_laid_over_comes_after_the_enlargement_and_steps_may_follow_each_other(project: Path) -> None:
    stripe = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"><rect width="9" height="1" fill="#00f"/></svg>'
    (project.parent / "stripe.svg").write_text(stripe)
    steps = '  - {name: poster, model: "${upscaler}", init_from: large, upscale: 1.5, overlay: stripe.svg}\n'
    project.write_text(project.read_text() + steps)

    record = of_step(execute(project), "poster")[0].record

    assert record is not None
    assert record.size == Size(288, 192)
    with Store.open(project.parent / ".renderlock") as store:
        assert decode_picture(store.read(record))[5, 100].tolist() == [0, 0, 255]


def test_a_rehearsal_enlarges_by_interpolation_and_says_so(project: Path) -> None:
    project.write_text(project.read_text().replace("upscaler: lanczos", "upscaler: ideogram-v2"))

    result = execute(project, RunOptions(rehearse=True))

    (record, _) = [picture.record for picture in of_step(result)]
    assert record is not None
    assert record.standing is Standing.REHEARSAL
    first = record.deviations[0]
    assert (first.field, first.asked, first.done) == ("model", "ideogram-v2", "lanczos")


def test_a_size_that_the_picture_cannot_have_is_told_at_its_line(project: Path) -> None:
    text = project.read_text().replace("size: 96x64, ", "").replace("192x128", "192x144")
    project.write_text(text)

    with pytest.raises(ConfigurationError) as caught:
        execute(project)

    (problem,) = caught.value.problems
    assert (problem.line, problem.key, problem.found) == (8, "steps[1].size", "192x144 for a picture of 128x128")
    assert problem.allowed == "a size in its proportions, as 192x192"
    with Store.open(project.parent / ".renderlock") as store:
        assert list(store.records()) == []


def test_a_provider_s_upscaler_is_priced_proven_and_paid_once(tmp_path: Path) -> None:
    path, prices = tmp_path / "pipeline.yml", tmp_path / "prices.json"
    path.write_text(PIPELINE.replace("upscaler: lanczos", "upscaler: ideogram-v2\nbudget: 1 USD"))
    relock(path)
    row = '{"model": "ideogram:V_2/upscale", "amount": "0.05", "currency": "USD", "date": "2026-11-01"}'
    prices.write_text(f'{{"format": "renderlock prices 1", "rows": [{row}]}}')
    with serve("ideogram", pictures="sketch") as server:
        settings = replace(read_settings({}), urls=(("ideogram", server.url),))
        unpriced = EngineOptions(api_key=server.key, hosted=HostedOptions.of(settings))
        priced = replace(unpriced, hosted=HostedOptions.of(replace(settings, prices=prices)))
        with opened(path, EngineOptions(hosted=unpriced.hosted)) as run, pytest.raises(KeyMissing):
            run.execute()
        with opened(path, unpriced) as run, pytest.raises(PriceUnknown):
            run.execute()
        with opened(path, priced) as run:
            assert list(run.planner.store.records()) == []
            before = estimate(run)[1]
            result = run.execute()
        with opened(path, priced) as run:
            again, after = run.execute(), estimate(run)[1]

        assert server.accepted == 2
    assert (before.cost, before.unpriced, before.hosted) == ({"USD": Decimal("0.10")}, 0, True)
    assert (after.cost, after.missing) == ({}, 0)
    assert [picture.status for picture in of_step(result) + of_step(again)] == ["rendered"] * 2 + ["cached"] * 2


def opened(path: Path, engines: EngineOptions) -> AbstractContextManager[Run]:
    return open_run(read_pipeline(Place(path)), engines, RunOptions(), RunUnwatched())
