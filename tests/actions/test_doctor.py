"""The doctor names every line of the lock, and what is wrong with it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.actions.runs import execute

from renderlock.actions.doctor import Line, examine, is_healthy
from renderlock.actions.lock import lock_pipeline
from renderlock.actions.models import Models
from renderlock.actions.workspace import Place, read_pipeline
from renderlock.engines.base import EngineOptions
from renderlock.engines.hosted.options import HostedOptions
from renderlock.settings import KeyRing
from renderlock.testing import serve


def visit(path: Path) -> dict[str, Line]:
    with Models(EngineOptions()) as models:
        return {line.subject: line for line in examine(read_pipeline(Place(path)), models)}


def test_a_locked_project_on_its_machine_is_healthy_line_by_line(locked: Path) -> None:
    lines = visit(locked)
    assert is_healthy(tuple(lines.values()))
    facts = json.loads(locked.with_name("pipeline.lock").read_text())
    for name in facts["environment"]["facts"]:
        assert lines[name].health == "ok"
    for path in facts["models"]["final"]["identity"]["files"]:
        assert lines[f"final file {path}"].health == "ok"


def test_a_locked_upscaler_is_examined_too(pipeline_path: Path) -> None:
    pipeline_path.write_text(f"upscaler: lanczos\n{pipeline_path.read_text()}")
    with Models(EngineOptions()) as models:
        lock_pipeline(read_pipeline(Place(pipeline_path)), models)

    lines = visit(pipeline_path)

    assert lines["upscaler surface"].health == "ok"
    assert is_healthy(tuple(lines.values()))


HOSTED = """\
review_model: ideogram-v2
final_model: nano-banana
steps:
  - {name: quick-pass, model: "${review_model}"}
  - {name: final-render, model: "${final_model}"}
"""


def locked_hosted(folder: Path, text: str, options: EngineOptions) -> Path:
    """A pipeline of hosted models, locked as it stands."""
    path = folder / "pipeline.yml"
    path.write_text(text)
    with Models(options) as models:
        lock_pipeline(read_pipeline(Place(path)), models)
    return path


def visit_hosted(path: Path, options: EngineOptions, *, servers: bool = False) -> dict[str, Line]:
    with Models(options) as models:
        return {line.subject: line for line in examine(read_pipeline(Place(path)), models, servers=servers)}


def test_the_key_of_each_hosted_model_is_told_by_its_place_and_never_shown(tmp_path: Path) -> None:
    ring = KeyRing({"IDEOGRAM_API_KEY": "key-of-mine"}, tmp_path / "keys")
    options = EngineOptions(hosted=HostedOptions(keys=ring))

    lines = visit_hosted(locked_hosted(tmp_path, HOSTED, options), options)

    ideogram, banana = lines["key of ideogram-v2"], lines["key of nano-banana"]
    assert (ideogram.health, ideogram.detail) == ("ok", "key set: IDEOGRAM_API_KEY in the environment")
    assert banana.health == "warning"
    assert "GEMINI_API_KEY" in banana.detail
    assert is_healthy(tuple(lines.values()))
    assert "key-of-mine" not in str(lines)


def test_a_key_file_that_others_can_read_is_broken(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("GEMINI_API_KEY=key-of-mine\n")
    keys.chmod(0o640)

    options = EngineOptions(hosted=HostedOptions(keys=KeyRing({}, keys)))

    lines = visit_hosted(locked_hosted(tmp_path, HOSTED, options), options)

    assert lines["key of nano-banana"].health == "broken"
    assert "mode 0640" in lines["key of nano-banana"].detail
    assert not is_healthy(tuple(lines.values()))


def test_servers_of_ones_own_are_asked_only_when_told_to(tmp_path: Path) -> None:
    text = "review_model: 'a1111:'\nsteps: [{name: quick-pass, model: '${review_model}'}]\n"
    with serve("automatic1111", pictures="sketch") as server:
        hosted = HostedOptions(keys=KeyRing({"A1111_AUTH": server.key}), urls={"a1111": server.url})
        options = EngineOptions(hosted=hosted)
        path = locked_hosted(tmp_path, text, options)
        before = len(server.calls)

        quiet = visit_hosted(path, options)
        unasked = len(server.calls) - before
        asked = visit_hosted(path, options, servers=True)
        calls = len(server.calls) - before
    gone = visit_hosted(path, options, servers=True)

    assert (unasked, calls > 0) == (0, True)
    assert "not asked" in quiet["server of a1111:"].detail
    assert quiet["review a1111:"].health == "warning"
    assert asked["server of a1111:"].health == "ok"
    assert server.url in asked["server of a1111:"].detail
    assert asked["review model"].health == "ok"
    assert gone["server of a1111:"].health == "broken"


def test_a_missing_lock_is_broken(pipeline_path: Path) -> None:
    lines = visit(pipeline_path)
    assert lines["pipeline.lock"].health == "broken"


def test_a_changed_file_is_broken_and_named(locked: Path) -> None:
    lock = locked.with_name("pipeline.lock")
    fields = json.loads(lock.read_text())
    name = min(fields["models"]["review"]["identity"]["files"])
    fields["models"]["review"]["identity"]["files"][name] = "sha256:" + "1" * 64
    lock.write_text(json.dumps(fields))
    lines = visit(locked)
    assert lines[f"review file {name}"].health == "broken"
    assert not is_healthy(tuple(lines.values()))


def test_a_model_that_is_gone_is_broken(locked: Path) -> None:
    lock = locked.with_name("pipeline.lock")
    lock.write_text(lock.read_text().replace('"reference": "embedded"', '"reference": "embedded:v77"'))
    lines = visit(locked)
    assert any(line.health == "broken" and "v77" in line.detail for line in lines.values())


def test_a_folder_that_is_no_store_is_broken(locked: Path) -> None:
    folder = locked.parent / ".renderlock"
    folder.mkdir()
    (folder / "holiday.txt").write_text("not a store")
    assert visit(locked)["store"].health == "broken"


def test_a_used_store_is_ok(locked: Path) -> None:
    execute(locked)
    lines = visit(locked)
    assert lines["store"].health == "ok"
    assert "GiB free" in lines["disk"].detail
