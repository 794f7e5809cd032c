"""Hosted models from the command line: costs, open calls, decisions, listings, and no key anywhere."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from tests.cli.calls import RENDERLOCK, Done, call, call_process

from renderlock.imaging.pixels import encode_png
from renderlock.testing import serve
from renderlock.testing.server import Server

PIPELINE = """\
project: spring
review_model: ideogram-v2
seeds: [1, 2]
assets: [{name: hero, prompt: a red apple}]
steps:
  - {name: quick-pass, model: "${review_model}", size: 1536x512}
"""
WRONG_KEY = "wrong-key-0f1e2d3c4b5a6978"


@dataclass(frozen=True)
class Project:
    """A project with Ideogram on loopback."""

    folder: Path
    server: Server

    def environment(self, key: str | None = None) -> dict[str, str]:
        """What points renderlock at the server."""
        return {
            "IDEOGRAM_API_KEY": self.server.key if key is None else key,
            "RENDERLOCK_URL_IDEOGRAM": self.server.url,
            "RENDERLOCK_LOGS": str(self.folder / "logs"),
        }

    def call(self, *words: str, key: str | None = None) -> Done:
        """Runs a command of renderlock."""
        return call(self.folder, *words, **self.environment(key))


def project_of(folder: Path, server: Server, pipeline: str = PIPELINE) -> Project:
    (folder / "pipeline.yml").write_text(pipeline)
    project = Project(folder, server)
    assert project.call("lock").returncode == 0
    return project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    with serve("ideogram", pictures="sketch") as server:
        yield project_of(tmp_path, server)


def test_a_dry_run_says_what_a_run_then_costs(project: Project) -> None:
    dry = project.call("run", "--dry-run", "--json")
    assert project.server.accepted == 0
    ran = project.call("run", "--no-reports", "--no-progress")
    again = project.call("run", "--no-reports", "--no-progress", "--json")

    (step,) = json.loads(dry.stdout)["steps"]
    assert (step["cost"], step["unpriced"]) == ({"USD": "0.16"}, 0)
    assert "0.16 USD spent or perhaps billed" in ran.stdout
    assert json.loads(again.stdout)["spent"] == {}
    assert json.loads(again.stdout)["pictures"][0]["cost"] == {"amount": "0.08", "currency": "USD"}
    assert project.server.accepted == 2


def test_a_price_nobody_knows_is_never_called_nothing(tmp_path: Path) -> None:
    with serve("ideogram", pictures="sketch") as server:
        project = project_of(tmp_path, server, PIPELINE.replace("ideogram-v2", "ideogram-v2-turbo"))
        ran = project.call("run", "--no-reports", "--no-progress")
        listed, as_data = project.call("calls"), project.call("calls", "--json")

    assert "; 2 call(s) of unknown price spent or perhaps billed by this run" in ran.stdout
    assert "0 call(s) to decide about; 2 call(s) of unknown price spent or perhaps billed in all" in listed.stdout
    assert json.loads(as_data.stdout)["unpriced_calls"] == 2


def test_of_two_processes_on_one_store_each_sums_up_its_own_calls_and_the_budget_counts_both(tmp_path: Path) -> None:
    with serve("ideogram", pictures="sketch", latency_s=0.3) as server:
        project = project_of(tmp_path, server)
        words = ("run", "--no-reports", "--no-progress", "--json")
        first = subprocess.Popen(
            [*RENDERLOCK, *words, "--seed", "1"],
            cwd=tmp_path,
            env=os.environ | project.environment(),
            stdout=subprocess.PIPE,
            text=True,
        )
        while not server.calls:
            time.sleep(0.01)
        # The first has begun and waits for its answer; the second buys its picture from start to end meanwhile.
        first.send_signal(signal.SIGSTOP)
        second = call_process(tmp_path, *words, "--seed", "2", **project.environment())
        first.send_signal(signal.SIGCONT)
        output, _ = first.communicate(timeout=300)
        (tmp_path / "pipeline.yml").write_text(f"budget: 0.2 USD\n{PIPELINE}")
        third = project.call("run", "--no-reports", "--no-progress", "--seed", "3")

    assert [json.loads(text)["spent"] for text in (output, second.stdout)] == [{"USD": "0.08"}] * 2
    assert "The budget of 0.2 USD is used up" in third.stderr
    assert server.accepted == 2


def test_the_budget_of_a_pipeline_stops_a_run_before_it_is_passed(project: Project) -> None:
    (project.folder / "pipeline.yml").write_text(f"budget: 0.1 USD\n{PIPELINE}")

    stopped = project.call("run", "--no-reports", "--no-progress")

    assert "The budget of 0.1 USD is used up" in stopped.stderr
    assert (stopped.returncode, project.server.accepted) == (1, 1)


@pytest.mark.parametrize(
    ("model", "budget", "refusal"),
    [("ideogram-v1", "20 USD", "No price is known"), ("ideogram-v2", "20 EUR", "EUR")],
)
def test_a_budget_that_cannot_be_kept_is_refused_before_the_first_picture(
    project: Project, model: str, budget: str, refusal: str
) -> None:
    text = PIPELINE.replace("ideogram-v2", model).replace("1536x512", "1024")
    (project.folder / "pipeline.yml").write_text(f"budget: {budget}\n{text}")
    (project.folder / "pipeline.lock").unlink()
    project.call("lock")

    refused = project.call("run", "--no-reports", "--no-progress")

    assert refusal in refused.stderr
    assert (refused.returncode, project.server.accepted) == (2, 0)
    assert project.call("calls").returncode == 0


def test_a_call_with_a_useless_answer_is_listed_and_given_up(tmp_path: Path) -> None:
    with serve("ideogram", faults=["garbage-json:times=1"], pictures="sketch") as server:
        project = project_of(tmp_path, server)
        failed = project.call("run", "--no-reports", "--no-progress", "--seed", "1")
        listed = project.call("calls", "--json")
        (open_call,) = json.loads(listed.stdout)["calls"]
        wrong = project.call("calls", "decide", open_call["id"], "--retry", "--give-up")
        decided = project.call("calls", "decide", open_call["id"], "--give-up", "--as", "Ada")
        after = project.call("run", "--no-reports", "--no-progress", "--seed", "1")

        assert failed.returncode == 4
        assert f"renderlock calls decide {open_call['id']}" in failed.stderr
        assert (listed.returncode, open_call["billed"], open_call["standing"]) == (1, "maybe", "failed")
        assert open_call["evidence"]
        assert wrong.returncode == 2
        assert decided.returncode == 0
        assert after.returncode == 4
        assert "Ada gave up call" in after.stderr
        assert server.accepted == 1
        assert project.call("calls").returncode == 0


def test_a_picture_saved_from_the_providers_history_is_taken_for_what_was_paid(tmp_path: Path) -> None:
    with serve("ideogram", faults=["expired-link"], pictures="sketch") as server:
        project = project_of(tmp_path, server)
        project.call("run", "--no-reports", "--no-progress", "--seed", "2")
        ours = next((tmp_path / ".renderlock" / "blobs").rglob("*.png"), None)
        assert ours is None
        (open_call,) = json.loads(project.call("calls", "--json").stdout)["calls"]
        saved = tmp_path / "saved.png"
        saved.write_bytes(picture())

        decided = project.call("calls", "decide", open_call["id"][:8], "--take", str(saved), "--as", "Ada")
        ran = project.call("run", "--no-reports", "--no-progress", "--seed", "2", "--json")

        assert decided.returncode == 0, decided.stderr
        (made,) = json.loads(ran.stdout)["pictures"]
        assert made["status"] == "rendered"
        assert server.accepted == 1


def picture() -> bytes:
    return encode_png(np.full((512, 1536, 3), 127, np.uint8), {})


def test_engines_lists_models_with_their_keys_and_ends_and_probes_one(project: Project) -> None:
    listed = json.loads(project.call("engines", "--json").stdout)
    text = project.call("engines").stdout
    probe = project.call("engines", "probe", "ideogram-v2")
    nothing = project.call("engines", "probe")
    facts = project.call("engines", "ideogram-v2").stdout

    models = {line["name"]: line for line in listed["models"]}
    assert models["ideogram-v2"]["key"] == "key set: IDEOGRAM_API_KEY in the environment"
    assert models["nano-banana"]["key"] == "no key: neither GEMINI_API_KEY nor GOOGLE_API_KEY is set"
    assert next(line["on"] for line in listed["sunset"]) == "2026-08-17"
    assert "Sunset calendar:" in text
    assert "proven: the key is good" in probe.stdout
    assert "up to 10 pictures of ideogram" in facts
    assert nothing.returncode == 2
    assert project.server.accepted == 0


def test_what_a_provider_says_of_a_models_end_is_in_the_calendar_of_every_later_process(tmp_path: Path) -> None:
    with serve("ideogram", faults=["deprecation-headers:times=0"], pictures="sketch") as server:
        project = project_of(tmp_path, server)
        before = call_process(tmp_path, "engines", "--json", **project.environment())
        ran = call_process(tmp_path, "run", "--no-reports", "--no-progress", "--seed", "1", **project.environment())
    # The provider is gone: what is shown comes from the store.
    after = call_process(tmp_path, "engines")
    listed = json.loads(call_process(tmp_path, "engines", "--json").stdout)["sunset"]

    assert ran.returncode == 0, ran.stderr
    assert "ideogram:V_2" not in {line["model"] for line in json.loads(before.stdout)["sunset"]}
    (noticed,) = [line for line in listed if line["model"] == "ideogram:V_2"]
    assert noticed["state"] == "deprecated"
    assert noticed["successors"].endswith("/v2/image/generate/ideogram-2")
    assert (
        f"{noticed['on']} ideogram:V_2: deprecated; then {noticed['successors']} (the provider's answer of"
        in after.stdout
    )


def test_a_failing_run_leaves_no_key_anywhere(project: Project) -> None:
    outputs = [
        project.call("run", key=WRONG_KEY),
        project.call("run", "--json", key=WRONG_KEY),
        project.call("run", "--dry-run", key=WRONG_KEY),
        project.call("engines", "probe", "ideogram-v2", key=WRONG_KEY),
        project.call("calls", "--all", key=WRONG_KEY),
        project.call("engines", "ideogram-v2", key=WRONG_KEY),
    ]

    assert outputs[0].returncode == 4
    assert "IDEOGRAM_API_KEY" in outputs[0].stderr
    assert not [one for one in outputs if WRONG_KEY in one.stdout + one.stderr]
    left = [path for path in project.folder.rglob("*") if path.is_file()]
    assert len(left) > 4
    assert not [path for path in left if WRONG_KEY.encode() in path.read_bytes()]


def test_a_dry_run_says_what_waits_for_a_decision_and_what_the_budget_leaves(tmp_path: Path) -> None:
    with serve("ideogram", pictures="sketch", faults=["cut-before-answer"]) as server:
        project = project_of(tmp_path, server, f"budget: 0.2 USD\n{PIPELINE}")
        before = project.call("run", "--dry-run")
        project.call("run", "--no-reports", "--no-progress", "-j", "1")
        waiting = project.call("run", "--dry-run")
        (call_id,) = re.findall(r"waits for a decision about call (\S+)", waiting.stdout)
        project.call("calls", "decide", call_id, "--retry", "--as", "Ada")
        decided = project.call("run", "--dry-run")
        as_data = json.loads(project.call("run", "--dry-run", "--json").stdout)["budget"]

    assert "budget: 0 USD of 0.2 USD spent or perhaps billed; about 0.16 USD by this run" in before.stdout
    assert "budget: 0.16 USD of 0.2 USD spent or perhaps billed; about 0 USD by this run" in waiting.stdout
    assert "budget: 0.16 USD of 0.2 USD spent or perhaps billed; the run would stop before" in decided.stdout
    assert (as_data["coming"]["amount"], as_data["passed"]) == ("0.08", True)


def test_a_dry_run_refuses_a_budget_that_cannot_count_as_the_run_does(project: Project) -> None:
    (project.folder / "pipeline.yml").write_text(f"budget: 20 EUR\n{PIPELINE}")

    refused = project.call("run", "--dry-run")

    assert refused.returncode == 2
    assert "The budget is in EUR, but ideogram:V_2 is paid in USD" in refused.stderr


def test_a_dry_run_prices_a_step_whose_source_is_still_to_be_rendered(tmp_path: Path) -> None:
    refining = '  - {name: refine, model: "${review_model}", size: 512, init_from: quick-pass, strength: 0.4}\n'
    with serve("ideogram", pictures="sketch") as server:
        project = project_of(tmp_path, server, f"{PIPELINE.rstrip()}\n{refining}")
        steps = json.loads(project.call("run", "--dry-run", "--json").stdout)["steps"]

    assert [(step["cost"], step["unpriced"]) for step in steps] == [({"USD": "0.16"}, 0)] * 2
