"""The command line as people use it: a whole project through real processes, exit codes, JSON on stdout alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.calls import call, call_json, call_process

from renderlock.store.store import Store


@pytest.fixture
def project(pipeline_path: Path) -> Path:
    """A locked project's folder, with an empty store."""
    assert call(pipeline_path.parent, "lock").returncode == 0
    Store.create(pipeline_path.parent / ".renderlock").close()
    return pipeline_path.parent


def test_a_project_from_init_to_final(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    assert "wrote" in call(tmp_path, "init", "new").stdout
    text = (folder / "pipeline.yml").read_text()
    text = text.replace("size: 128", "size: 64\n    num_inference_steps: 2").replace("size: 256", "size: 96")
    (folder / "pipeline.yml").write_text(text.replace("num_inference_steps: 30", "num_inference_steps: 2"))
    assert call(folder, "lock").returncode == 0
    first = call_json(folder, "run", "--json", "--no-reports")
    assert (first["rendered"], first["cached"]) == (8, 0)
    address = first["pictures"][0]["address"]
    assert "approved by Ada" in call(folder, "approve", address[:9], "--as", "Ada", "--note", "crisp").stdout
    second = call_json(folder, "run", "--json", "--no-reports")
    assert (second["rendered"], second["cached"]) == (1, 8)


def test_json_is_the_only_thing_on_stdout(project: Path) -> None:
    done = call_process(project, "run", "--json", "--step", "quick-pass")
    assert json.loads(done.stdout)["rendered"] == 4
    assert "quick-pass: 4 to render" in done.stderr


def test_no_progress_means_no_progress(project: Path) -> None:
    done = call(project, "run", "--no-progress", "--no-reports", "--step", "quick-pass")
    assert done.stderr == ""


def test_a_dry_run_spends_nothing_and_says_what_is_missing(project: Path) -> None:
    plan = call_json(project, "run", "--dry-run", "--json")
    assert [(step["step"], step["missing"]) for step in plan["steps"]] == [
        ("quick-pass", 4),
        ("final-render", 0),
        ("play", 4),
    ]
    assert plan["steps"][0]["seconds"] is None
    call(project, "run", "--step", "quick-pass", "--asset", "apple", "--no-reports")
    plan = call_json(project, "run", "--dry-run", "--json", "--step", "quick-pass")
    assert plan["steps"][0]["there"] == 2
    assert plan["steps"][0]["seconds"] > 0
    assert call_json(project, "store", "info", "--json")["renders"] == {"production": 2}


def test_lock_check_fails_with_a_readable_difference(project: Path) -> None:
    assert call(project, "lock", "--check").returncode == 0
    path = project / "pipeline.yml"
    path.write_text(path.read_text().replace("final_model: embedded", "final_model: embedded:v1"))
    done = call(project, "lock", "--check")
    assert done.returncode == 1
    assert "final: pipeline.yml names embedded:v1, the lock holds embedded" in done.stdout
    changed = call(project, "lock", "--change", "final", "--to", "embedded:v1", "--reason", "calmer", "--as", "Ada")
    assert changed.returncode == 0
    assert call(project, "lock", "--check").returncode == 0


def test_a_machine_that_differs_can_be_left_out_of_the_check(project: Path) -> None:
    done = call(project, "lock", "--check", "--ignore-machine", "--json")
    assert json.loads(done.stdout) == {"current": True, "differences": []}


@pytest.mark.parametrize(
    "words",
    [
        ["lock", "--to", "embedded"],
        ["lock", "--change", "final", "--reason", "why"],
        ["lock", "--change", "final", "--to", "embedded:v1"],
        ["run", "--step", "nosuch"],
        ["approve", "rl-zzzz"],
        ["show", "rl-zzzz"],
        ["run", "--nosuch-option"],
        ["nosuch-command"],
        ["init", "."],
        ["variants", "--prompt", "x", "--size", "12x"],
        ["variants", "--prompt", "x", "--model", "nosuch"],
    ],
)
def test_wrong_usage_exits_with_2_and_no_traceback(project: Path, words: list[str]) -> None:
    done = call(project, *words)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_every_problem_of_a_pipeline_is_shown_at_once_also_as_json(project: Path) -> None:
    path = project / "pipeline.yml"
    path.write_text(path.read_text().replace("seeds:", "seedz:").replace("size: 64", "size: huge"))
    done = call(project, "run", "--json")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["type"] == "ConfigurationError"
    assert {problem["key"] for problem in error["problems"]} >= {"seedz", "steps[0].size"}
    assert "pipeline.yml:5:1: seedz" in done.stderr


def test_a_store_that_is_none_exits_with_5(project: Path) -> None:
    (project / ".renderlock" / "format").write_text("something else")
    assert call(project, "run").returncode == 5


def test_show_tells_everything_and_copies_out(project: Path) -> None:
    address = call_json(project, "run", "--json", "--step", "quick-pass", "--no-reports")["pictures"][0]["address"]
    call(project, "reject", address, "--as", "Bob", "--note", "too dark")
    shown = call(project, "show", address, "--out", "copy.png").stdout
    assert "rejected by Bob" in shown
    assert "a red apple" in shown
    fields = call_json(project, "show", address, "--json")
    assert fields["decision"]["note"] == "too dark"
    assert (project / "copy.png").read_bytes() == Path(project / fields["path"]).read_bytes()
    (project / "copy.png").write_bytes(b"mine")
    assert call(project, "show", address, "--out", "copy.png").returncode == 2
    assert (project / "copy.png").read_bytes() == b"mine"
    assert "no decision stands" in call(project, "reject", address, "--undo", "--as", "Bob").stdout


def test_replay_says_exact_on_the_same_machine(project: Path) -> None:
    address = call_json(project, "run", "--json", "--step", "quick-pass", "--no-reports")["pictures"][0]["address"]
    found = call_json(project, "replay", address, "--json")
    assert (found["sameness"], found["level"], found["same_environment"]) == ("exact", "same bytes", True)


def test_variants_write_sheet_report_and_pictures(tmp_path: Path) -> None:
    words = ["--prompt", "a red apple", "-n", "3", "--seed", "5", "--size", "64", "--steps", "2", "--out", "out"]
    done = call_json(tmp_path, "variants", *words, "--json")
    names = {Path(name).name for name in done["files"]}
    assert {"contact-sheet.html", "contact-sheet.png", "variance-variants.html", "variance-variants.json"} <= names
    assert [picture["seed"] for picture in done["pictures"]] == [5, 6, 7]
    assert {picture["standing"] for picture in done["pictures"]} == {"sandbox"}
    assert all((tmp_path / name).exists() for name in done["files"])
    assert "seed" in call(tmp_path, "variants", *words).stdout


def test_run_reports_are_written_once(project: Path) -> None:
    words = ["run", "--step", "quick-pass"]
    assert "reports: reports/quick-pass\n" in call(project, *words).stdout
    assert "reports: reports/quick-pass (unchanged)" in call(project, *words).stdout
    html = (project / "reports" / "quick-pass" / "contact-sheet.html").read_text()
    assert "a red apple" in html
    assert "http://" not in html.replace("http://www.w3.org/", "")


def test_run_copies_pictures_under_readable_names(project: Path) -> None:
    done = call_json(project, "run", "--step", "quick-pass", "--out", "pictures", "--json", "--no-reports")
    assert len(done["copies"]) == 4
    assert Path(done["copies"][0]).name.startswith("apple-0-")


def test_an_environment_variable_rehearses(pipeline_path: Path) -> None:
    done = call(pipeline_path.parent, "run", "--json", "--no-reports", RENDERLOCK_REHEARSE="1")
    assert {picture["standing"] for picture in json.loads(done.stdout)["pictures"]} == {"rehearsal"}


def test_doctor_checks_every_line(project: Path) -> None:
    done = call(project, "doctor")
    assert done.returncode == 0
    assert done.stdout.rstrip().endswith("healthy")
    report = call_json(project, "doctor", "--json")
    assert report["healthy"] is True
    (project / "pipeline.lock").unlink()
    assert call(project, "doctor").returncode == 1


def test_engines_lists_and_describes(tmp_path: Path) -> None:
    assert "embedded" in call(tmp_path, "engines").stdout
    facts = call_json(tmp_path, "engines", "embedded:v1", "--json")
    assert facts["identity"]["revision"] == "v1"
    assert facts["capabilities"]["seed"] == "exact"
    assert len(call_json(tmp_path, "engines", "--json")["engines"]) >= 2


def test_schema_prints_the_schema(tmp_path: Path) -> None:
    assert "review_model" in call_json(tmp_path, "schema")["properties"]


def test_store_commands_check_rebuild_and_collect(project: Path) -> None:
    call(project, "run", "--step", "quick-pass", "--no-reports")
    assert call_json(project, "store", "check", "--json")["sound"] is True
    assert call_json(project, "store", "rebuild", "--json")["renders"] == 4
    assert "0 file(s)" in call(project, "store", "gc", "--dry-run").stdout
    blob = next((project / ".renderlock" / "blobs").rglob("*.png"))
    blob.chmod(0o644)
    blob.write_bytes(b"damaged")
    done = call(project, "store", "check")
    assert done.returncode == 1
    assert blob.name in done.stdout


def test_import_makes_old_pictures_renders(project: Path, tmp_path: Path) -> None:
    call(project, "run", "--step", "quick-pass", "--out", "pictures", "--no-reports")
    other = tmp_path / "other"
    other.mkdir()
    done = call(other, "import", str(project / "pictures"))
    assert done.returncode == 0
    assert "4 picture(s) imported" in done.stdout
    assert call_json(other, "store", "info", "--json")["renders"] == {"imported": 4}


def test_an_import_of_nothing_is_refused_before_a_store_is_made(tmp_path: Path) -> None:
    done = call(tmp_path, "import", "nowhere")
    assert (done.returncode, "nowhere" in done.stderr) == (2, True)
    assert list(tmp_path.iterdir()) == []


def test_our_own_bug_is_reported_with_a_file_and_exit_3(tmp_path: Path) -> None:
    script = "import sys, renderlock.cli.main as m; sys.argv = ['renderlock', 'schema']\n"
    script += "m.COMMANDS['schema'] = m.CommandEntry('no_such_module', 'x')\nm.main()"
    environment = {**os.environ, "RENDERLOCK_LOGS": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 3
    (report,) = tmp_path.iterdir()
    assert str(report) in done.stderr
    assert "Traceback" in report.read_text()
