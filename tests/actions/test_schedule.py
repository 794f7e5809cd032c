"""Steps of several providers: each in its own lane, none before what it needs, keys proven before anything is spent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from renderlock.actions.campaign import RunOptions, open_run
from renderlock.actions.hosted_models import describe_models, probe_model, sunset_calendar
from renderlock.actions.jobs import Selection
from renderlock.actions.lock import lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.run import PictureResult, RunUnwatched
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.engines.hosted.options import HostedOptions
from renderlock.errors import BudgetExceeded, KeyMissing, KeyNotTaken
from renderlock.settings import KeyRing
from renderlock.spec.pipeline import Budget
from renderlock.store import Store
from renderlock.testing import serve
from renderlock.testing.server import Server

PIPELINE = """\
project: spring
review_model: ideogram-v2
sandbox_model: gemini:gemini-3.1-flash-image
seeds: [1, 2]
assets: [{name: hero, prompt: a red apple}]
steps:
  - {name: slow, model: "${review_model}", size: 1536x512}
  - {name: fast, model: "${sandbox_model}", size: 512}
  - {name: after, model: "${sandbox_model}", size: 1024, needs: [fast]}
"""


class Order(RunUnwatched):
    """Notes the steps in the order in which their pictures came."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    def on_picture(self, result: PictureResult) -> None:
        assert result.error is None, result.error
        self.steps.append(result.job.step.name)


@contextmanager
def providers(**latency_s: float) -> Iterator[dict[str, Server]]:
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(serve(name, pictures="sketch", latency_s=seconds))
            for name, seconds in latency_s.items()
        }


def options_of(servers: dict[str, Server], keys: dict[str, str]) -> EngineOptions:
    urls = {name: server.url for name, server in servers.items()}
    return EngineOptions(hosted=HostedOptions(urls=urls, keys=KeyRing(keys)))


def keys_of(servers: dict[str, Server]) -> dict[str, str]:
    return {f"{name.upper()}_API_KEY": server.key for name, server in servers.items()}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.yml"
    path.write_text(PIPELINE)
    return path


def test_a_slow_provider_holds_up_neither_another_nor_what_needs_the_others_pictures(path: Path) -> None:
    watch = Order()
    with providers(ideogram=6.0, gemini=0.0) as servers:
        options = options_of(servers, keys_of(servers))
        lock(path, options)
        with open_run(read_pipeline(Place(path)), options, RunOptions(), watch) as run:
            result = run.execute()

        assert watch.steps == ["fast", "fast", "after", "after", "slow", "slow"]
        # What is told of the run stands in the order of the steps all the same.
        assert [picture.job.step.name for picture in result.pictures] == ["slow"] * 2 + ["fast"] * 2 + ["after"] * 2
        assert [picture.record.made.cost is not None for picture in result.pictures if picture.record] == [True] * 6


def test_jobs_asked_for_bound_providers_too(path: Path) -> None:
    with providers(ideogram=0.05, gemini=0.0) as servers:
        options = options_of(servers, keys_of(servers))
        lock(path, options)
        with open_run(read_pipeline(Place(path)), options, RunOptions(workers=1), RunUnwatched()) as run:
            run.execute()
        assert servers["ideogram"].most_in_progress == 1


def test_a_missing_key_stops_the_run_before_another_provider_is_paid(path: Path) -> None:
    with providers(ideogram=0.0, gemini=0.0) as servers:
        keys = keys_of(servers)
        del keys["GEMINI_API_KEY"]
        options = options_of(servers, keys)
        lock(path, options)
        pipeline = read_pipeline(Place(path))
        with (
            open_run(pipeline, options, RunOptions(), RunUnwatched()) as run,
            pytest.raises(KeyMissing, match="GEMINI_API_KEY"),
        ):
            run.execute()
        assert servers["ideogram"].calls == ()


def test_a_pipelines_budget_stops_before_it_is_passed_and_keeps_what_was_bought(path: Path) -> None:
    budget = Budget(Decimal("0.20"), "USD")
    with providers(ideogram=0.0) as servers:
        options = options_of(servers, keys_of(servers))
        lock(path, options)
        pipeline = replace(read_pipeline(Place(path)), budget=budget)
        selection = Selection(frozenset(["slow"]), seeds=(1, 2, 3, 4))
        with open_run(pipeline, options, RunOptions(selection), RunUnwatched()) as run:
            result = run.execute()

        assert (result.count("rendered"), result.count("failed")) == (2, 2)
        assert {type(error) for error in result.errors} == {BudgetExceeded}
        assert result.errors[0].exit_code == 1
        assert servers["ideogram"].accepted == 2


def test_hosted_models_are_described_without_a_call_and_probed_by_the_cheapest_one(tmp_path: Path) -> None:
    with providers(ideogram=0.0, imagen=0.0) as servers:
        options = options_of(servers, {"IDEOGRAM_API_KEY": servers["ideogram"].key})
        with Store.create(tmp_path / "store") as store, Models(options) as models:
            lines = {line.name: line for line in describe_models(models)}
            calendar = sunset_calendar(models, store)
            assert servers["ideogram"].calls == ()

            probe = probe_model(models, "ideogram-v2")
            with pytest.raises(KeyMissing):
                probe_model(models, "nano-banana")
            with pytest.raises(KeyNotTaken):
                probe_model(models, "embedded")

        assert lines["ideogram-v2"].key == "key set: IDEOGRAM_API_KEY in the environment"
        assert lines["nano-banana"].key == "no key: neither GEMINI_API_KEY nor GOOGLE_API_KEY is set"
        assert "0.08 USD" in lines["ideogram-v2"].price
        assert lines["imagen-4-generate"].lifecycle.startswith("retired 2026-08-17")
        assert calendar[0].on == "2026-08-17"
        assert any("0.08 USD" in line for line in probe.proven)
        assert servers["ideogram"].accepted == 0


def lock(path: Path, options: EngineOptions) -> None:
    with Models(options) as models:
        lock_pipeline(read_pipeline(Place(path)), models)
