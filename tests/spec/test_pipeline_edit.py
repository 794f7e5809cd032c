from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.errors import ConfigurationError, InputUnusable
from renderlock.spec.pipeline_edit import edit_model
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.spec.roles import Role

Write = Callable[[str], Path]
STEPS = "steps:\n  - {name: quick, model: '${final_model}'}  # kept\n"


@pytest.mark.parametrize(
    ("before", "reference", "after"),
    [
        ("final_model:   old # why\n", "new", "final_model:   new # why\n"),
        ("final_model: 'old'\n", "new", 'final_model: "new"\n'),
        ('"final_model" : "old"  # x\n', "hub:org/x@abc", '"final_model" : "hub:org/x@abc"  # x\n'),
        ("final_model: old\r\n", "new", "final_model: new\r\n"),
        ("# café 💡\nfinal_model: old\n", "new", "# café 💡\nfinal_model: new\n"),
        ("final_model: old\n", "true", 'final_model: "true"\n'),
        ("final_model: old\n", "a: b # c", 'final_model: "a: b # c"\n'),
        ("final_model: old\n", "a${b}", 'final_model: "a$${b}"\n'),
        ("\ufefffinal_model: old\n", "new", "\ufefffinal_model: new\n"),
    ],
)
def test_only_the_value_of_the_role_changes(write_pipeline: Write, before: str, reference: str, after: str) -> None:
    path = write_pipeline(before + STEPS)

    edit_model(path, Role.FINAL, reference)

    assert path.read_bytes().decode() == after + STEPS


def test_a_value_in_a_flow_map_is_changed_too(write_pipeline: Write) -> None:
    path = write_pipeline("{final_model: old, steps: [{name: a, model: '${final_model}'}]}")

    edit_model(path, Role.FINAL, "new")

    assert path.read_text() == "{final_model: new, steps: [{name: a, model: '${final_model}'}]}"


@given(reference=st.text(min_size=1, alphabet=st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_reference_written_is_the_reference_read(tmp_path_factory: pytest.TempPathFactory, reference: str) -> None:
    path = tmp_path_factory.mktemp("edit") / "pipeline.yml"
    path.write_text("final_model: old # note\n" + STEPS)

    if reference.strip():
        edit_model(path, Role.FINAL, reference)

        assert load_pipeline(path).models[Role.FINAL] == reference


@pytest.mark.parametrize(
    ("text", "line", "found"),
    [
        ("vars: {m: old}\nfinal_model: ${m}\n", 2, "${m}"),
        ("vars: {m: &x old}\nfinal_model: *x\n", 2, "safely"),
        ("final_model: &x old\nvars: {m: *x}\n", 1, "safely"),
        ("final_model: |\n  old\n", 1, "safely"),
        ("final_model: old\n  longer\n", 1, "safely"),
        ("final_model:\n  old\n", 1, "safely"),
        ("final_model:\n", 1, "safely"),
        ("review_model: old\n", 1, "no `final_model`"),
        ("final_model: [old]\n", 1, "list"),
        ("final_model: old\nfinal_model: old\n", 2, "again"),
    ],
)
def test_a_value_that_cannot_be_changed_safely_is_left_alone(
    write_pipeline: Write, text: str, line: int, found: str
) -> None:
    path = write_pipeline(text + STEPS)

    with pytest.raises(ConfigurationError) as caught:
        edit_model(path, Role.FINAL, "new")

    assert [problem.line for problem in caught.value.problems] == [line]
    assert found in caught.value.problems[0].found
    assert path.read_text() == text + STEPS


def test_a_step_that_repeats_the_old_model_is_refused(write_pipeline: Write) -> None:
    path = write_pipeline("final_model: old\nsteps: [{name: a, model: old}]\n")

    with pytest.raises(ConfigurationError) as caught:
        edit_model(path, Role.FINAL, "new")

    assert [problem.key for problem in caught.value.problems] == ["steps[0].model"]


def test_mode_and_link_of_the_file_are_kept(write_pipeline: Write, tmp_path: Path) -> None:
    path = write_pipeline("final_model: old\n" + STEPS)
    path.chmod(0o640)
    link = tmp_path / "link.yml"
    link.symlink_to(path)

    edit_model(link, Role.FINAL, "new")

    assert (link.is_symlink(), stat.S_IMODE(path.stat().st_mode)) == (True, 0o640)
    assert path.read_text().startswith("final_model: new")
    assert [one.name for one in path.parent.iterdir()] == ["pipeline.yml"]


def test_no_file_is_an_input_error(tmp_path: Path) -> None:
    with pytest.raises(InputUnusable):
        edit_model(tmp_path / "pipeline.yml", Role.FINAL, "new")
