"""Every command that can pay does so through the journal and within the budget; no other can pay at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.cli.calls import Done, call

from renderlock import Client
from renderlock.actions.calls.book import CallRecord, read_book
from renderlock.cli.main import COMMANDS
from renderlock.engines.base import EngineOptions, Unwatched
from renderlock.engines.resolve import Request, resolve
from renderlock.engines.table import open_engine
from renderlock.errors import NotCapable
from renderlock.imaging.pixels import encode_png
from renderlock.settings import read_settings
from renderlock.spec.recipe import Size
from renderlock.store import Store
from renderlock.testing import serve
from renderlock.testing.server import Server

PIPELINE = """\
review_model: ideogram-v2
assets: [{name: hero, prompt: a red apple}]
steps:
  - {name: quick-pass, model: "${review_model}", size: 1536x512}
"""
QUIET = ("--no-progress",)
PAYING: dict[str, tuple[str, ...]] = {
    "run": ("run", "--no-reports", *QUIET),
    "variants": ("variants", "-m", "ideogram-v2", "-p", "a star", "-n", "1", "--size", "1536x512", *QUIET),
    "tile": ("tile", "-m", "ideogram-v2", "-p", "a star", "--size", "1536x768", "--tiles", "2", *QUIET),
    "upscale": ("upscale", "small.png", "--to", "2x", "--upscaler", "ideogram-v2", "--no-gate", *QUIET),
    "describe": ("describe", "small.png", "--model", "ideogram-v2"),
    "replay": ("replay", "ADDRESS"),
}
"""Commands that call models, each with words that make it pay an Ideogram on loopback."""

FREE = {"init", "demo", "lock", "merge", "compose", "approve", "reject", "show", "study", "import", "store", "calls"}
FREE |= {"engines", "doctor", "testing", "schema"}
PAID_PATHS = ("/generate", "/remix", "/upscale", "/describe")
KEPT_IN = Path(".renderlock")


@dataclass(frozen=True)
class Project:
    """A locked project with a render, a small picture, and Ideogram on loopback."""

    folder: Path
    server: Server
    address: str

    def pay(self, command: str) -> Done:
        """Runs a paying command."""
        words = [self.address if word == "ADDRESS" else word for word in PAYING[command]]
        return call(self.folder, *words, **environment_of(self.server))

    def paid(self) -> int:
        """How many requests were sent that the provider takes money for."""
        return sum(request.path in PAID_PATHS for request in self.server.calls)

    def journalled(self) -> list[CallRecord]:
        """The calls in the project's book that were let out."""
        with Store.open(self.folder / KEPT_IN) as store:
            return [one for one in read_book(store).calls.values() if one.billed != "no"]


def environment_of(server: Server) -> dict[str, str]:
    return {"IDEOGRAM_API_KEY": server.key, "RENDERLOCK_URL_IDEOGRAM": server.url}


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with serve("ideogram", pictures="sketch") as server:
        environment = environment_of(server)
        (tmp_path / "pipeline.yml").write_text(PIPELINE)
        (tmp_path / "small.png").write_bytes(encode_png(np.full((64, 96, 3), 90, np.uint8), {}))
        assert call(tmp_path, "lock", **environment).returncode == 0
        words = ("variants", "-m", "ideogram-v2", "-p", "a sun", "-n", "1", "--size", "1536x512", *QUIET, "--json")
        made = json.loads(call(tmp_path, *words, **environment).stdout)
        yield Project(tmp_path, server, made["pictures"][0]["address"])


def test_every_command_is_known_to_pay_or_not_to() -> None:
    assert set(COMMANDS) == FREE | set(PAYING)


@pytest.mark.parametrize("command", sorted(PAYING))
def test_what_a_command_pays_is_in_the_journal(project: Project, command: str) -> None:
    before = project.paid()

    done = project.pay(command)

    assert done.returncode == 0, done.stderr
    assert project.paid() > before
    assert len(project.journalled()) == project.paid()


@pytest.mark.parametrize("command", sorted(PAYING))
def test_over_the_budget_a_command_sends_nothing(project: Project, command: str) -> None:
    (project.folder / "pipeline.yml").write_text(f"budget: 0.1 USD\n{PIPELINE}")
    before = project.paid()

    done = project.pay(command)

    assert done.returncode in (1, 2)
    assert "budget" in done.stderr
    assert project.paid() == before


def test_options_that_name_no_store_let_nothing_out(tmp_path: Path) -> None:
    with serve("ideogram", pictures="sketch") as server:
        engine = open_engine("ideogram-v2", EngineOptions.of(read_settings(environment_of(server))))
        request = Request("a star", 1, size=Size(1536, 512))
        recipe = resolve(request, engine.identify(), engine.capabilities, "refuse").recipe

        with pytest.raises(RuntimeError, match="without a journal"):
            engine.render(recipe, None, Unwatched())

        engine.close()
        assert server.calls == ()


def test_a_description_is_bought_once_and_the_same_from_python(project: Project) -> None:
    said = project.pay("describe")
    again = json.loads(call(project.folder, *PAYING["describe"], "--json", **environment_of(project.server)).stdout)
    settings = read_settings(environment_of(project.server))
    with Client("ideogram-v2", store=project.folder / KEPT_IN, settings=settings) as client:
        texts = client.describe(project.folder / "small.png")
        other = client.describe(project.address)

    assert said.stdout.strip() == "A picture of 96 by 64 pixels, #5a5a5a on the whole."
    assert [said.stdout.strip()] == again["texts"] == list(texts)
    assert "1536 by 512" in other[0]
    assert [request.path for request in project.server.calls].count("/describe") == 2
    (bought,) = [one for one in project.journalled() if one.id == again["call"]]
    assert (bought.standing, bought.said("says")) == ("kept", "describe 96x64")


def test_only_models_that_describe_are_asked_to(project: Project) -> None:
    refused = call(project.folder, "describe", "small.png", "--model", "embedded")
    with Client("embedded", store=project.folder / KEPT_IN) as client, pytest.raises(NotCapable, match="describe"):
        client.describe(project.folder / "small.png")

    assert refused.returncode == 2
    assert "describe a picture" in refused.stderr


def test_a_description_that_may_be_billed_waits_for_a_person_who_cannot_take_a_picture_for_it(tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(encode_png(np.full((64, 96, 3), 90, np.uint8), {}))
    with serve("ideogram", faults=["garbage-json"], pictures="sketch") as server:
        words, environment = PAYING["describe"], environment_of(server)
        failed = call(tmp_path, *words, **environment)
        (waiting,) = json.loads(call(tmp_path, "calls", "--json").stdout)["calls"]
        taken = call(tmp_path, "calls", "decide", waiting["id"], "--take", "small.png", "--as", "Ada")
        call(tmp_path, "calls", "decide", waiting["id"], "--retry", "--as", "Ada")
        after = call(tmp_path, *words, **environment)

    assert (failed.returncode, taken.returncode, after.returncode) == (4, 2, 0)
    assert "may be billed" in failed.stderr
    assert "--retry or --give-up" in taken.stderr
