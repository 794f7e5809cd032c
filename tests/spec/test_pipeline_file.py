from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from renderlock.errors import ConfigurationError, InputUnusable, Problem
from renderlock.spec.pipeline import Asset
from renderlock.spec.pipeline_file import load_pipeline
from renderlock.spec.recipe import LARGEST_SEED, Size
from renderlock.spec.roles import Role

Write = Callable[[str], Path]
ProblemsOf = Callable[[str], Sequence[Problem]]

STORY = """\
review_model: ideogram-v2
final_model: imagen-4-generate
steps:
  - {name: quick-pass, model: "${review_model}", size: 512}
  - {name: final-render, model: "${final_model}", size: 2048}
"""
STORY_IN_BLOCKS = """\
review_model: ideogram-v2
final_model: imagen-4-generate
steps:
  - name: quick-pass
    model: ${review_model}
    size: 512
  - name: final-render
    model: ${final_model}
    size: 2048
"""
ONE_STEP = "review_model: m\nsteps:\n  - {name: quick, model: review}\n"
THREE_ROLES = "review_model: r\nfinal_model: f\nsandbox_model: s\n"


STEP = "{name: a, model: review}"


@pytest.mark.parametrize("text", [STORY, STORY_IN_BLOCKS])
def test_the_storys_file_parses_as_it_stands(write_pipeline: Write, text: str) -> None:
    pipeline = load_pipeline(write_pipeline(text))

    assert pipeline.models == {Role.REVIEW: "ideogram-v2", Role.FINAL: "imagen-4-generate"}
    assert [(step.name, step.role, step.model, step.size) for step in pipeline.steps] == [
        ("quick-pass", Role.REVIEW, "ideogram-v2", Size(512, 512)),
        ("final-render", Role.FINAL, "imagen-4-generate", Size(2048, 2048)),
    ]
    assert pipeline.assets == ()


def test_defaults_are_resolved_at_the_edge(write_pipeline: Write) -> None:
    path = write_pipeline(ONE_STEP + "assets: [{name: hero, prompt: a cat}]\n")

    pipeline = load_pipeline(path)

    assert pipeline.project == "campaign"
    assert pipeline.store == path.parent / ".renderlock"
    assert pipeline.assets == (Asset("hero", "a cat", seeds=(0,)),)
    assert (pipeline.deviations, pipeline.steps[0].deviations, pipeline.steps[0].size) == ("refuse", "refuse", None)


def test_a_step_inherits_the_deviations_of_the_file_and_may_overrule_them(write_pipeline: Write) -> None:
    steps = "{name: a, model: review}, {name: b, model: review, deviations: refuse}"
    text = f"review_model: m\ndeviations: record\nsteps: [{steps}]"

    pipeline = load_pipeline(write_pipeline(text))

    assert [step.deviations for step in pipeline.steps] == ["record", "refuse"]


@pytest.mark.parametrize("place", ["deviations: allow\n", "steps: [{name: a, model: review, deviations: allow}]\n"])
def test_allow_is_the_same_word_as_record(write_pipeline: Write, place: str) -> None:
    text = "review_model: m\n" + place + ("" if "steps" in place else "steps: [{name: a, model: review}]\n")

    assert load_pipeline(write_pipeline(text)).steps[0].deviations == "record"


@pytest.mark.parametrize(
    ("name", "instead"),
    [("con", "con-1"), ("NUL", "NUL-1"), ("aux.png", "aux-1.png"), ("com7.", "com7-1"), ("a..", "a")],
)
def test_a_name_that_windows_refuses_is_told_with_one_that_it_takes(
    problems_of: ProblemsOf, name: str, instead: str
) -> None:
    text = f"review_model: m\nassets: {{{name}: {{prompt: a cat}}}}\nsteps:\n  - {{name: {name}, model: review}}\n"

    asset, step = problems_of(text)

    assert (asset.line, asset.column, asset.suggestion) == (2, 10, instead)
    assert (step.line, step.column, step.suggestion) == (4, 12, instead)
    assert "Windows" in asset.allowed
    assert "Windows" in step.allowed


@pytest.mark.parametrize("name", ["console", "com", "com10", "null.png", "aux-1"])
def test_a_name_that_only_begins_like_a_device_is_fine(write_pipeline: Write, name: str) -> None:
    text = f"review_model: m\nsteps: [{{name: {name}, model: review}}]\n"

    assert load_pipeline(write_pipeline(text)).steps[0].name == name


def test_every_key_of_a_step_arrives(write_pipeline: Write) -> None:
    text = (
        "review_model: r\nfinal_model: f\nsteps:\n  - {name: quick, model: review}\n"
        "  - {name: final, model: final, size: 640x480, needs: quick, variants: 3, guidance_scale: 7,"
        " num_inference_steps: 20, sampler: Euler a, gate: approval,"
        " init_from: quick, strength: 0.5, deviations: record}\n"
    )

    step = load_pipeline(write_pipeline(text)).steps[1]

    assert (step.size, step.needs, step.variants, step.guidance_scale) == (Size(640, 480), ("quick",), 3, 7.0)
    assert (step.steps, step.sampler, step.gate) == (20, "Euler a", "approval")
    assert (step.init_from, step.strength, step.deviations) == ("quick", 0.5, "record")


def test_assets_may_be_a_map_by_name(write_pipeline: Write) -> None:
    text = (
        "review_model: m\nseeds: [3, 4]\nsteps: [{name: quick, model: review, strength: 0.4}]\n"
        "assets:\n  hero: {prompt: a cat, negative_prompt: dogs, seeds: 7, init_image: in/cat.png, tags: [cats]}\n"
        "  icon: {prompt: a fish}\n"
    )
    path = write_pipeline(text)

    hero, icon = load_pipeline(path).assets

    assert (hero.name, hero.prompt, hero.negative_prompt, hero.seeds) == ("hero", "a cat", "dogs", (7,))
    assert (hero.init_image, hero.tags) == (path.parent / "in/cat.png", ("cats",))
    assert (icon.name, icon.seeds) == ("icon", (3, 4))


def test_a_prompt_becomes_an_asset_of_its_own_taken_literally(write_pipeline: Write) -> None:
    pipeline = load_pipeline(write_pipeline(STORY + "seeds: [5]\n"), prompt="a ${cat}")

    assert pipeline.assets == (Asset("prompt", "a ${cat}", seeds=(5,)),)


def test_an_empty_prompt_is_refused(write_pipeline: Write) -> None:
    with pytest.raises(ConfigurationError, match="--prompt"):
        load_pipeline(write_pipeline(STORY), prompt=" ")


def test_a_prompt_beside_an_asset_of_that_name_is_refused(write_pipeline: Write) -> None:
    with pytest.raises(ConfigurationError, match="--prompt"):
        load_pipeline(write_pipeline(STORY + "assets: [{name: prompt, prompt: x}]\n"), prompt="a cat")


def test_a_key_without_a_value_is_as_if_it_were_not_there(write_pipeline: Write) -> None:
    pipeline = load_pipeline(write_pipeline(ONE_STEP + "seeds:\nassets:\nstore: ~\n"))

    assert (pipeline.seeds, pipeline.assets) == ((0,), ())


def test_steps_are_ordered_by_their_needs_and_otherwise_as_written(write_pipeline: Write) -> None:
    text = (
        "review_model: m\nsteps:\n  - {name: last, model: review, needs: [b, a]}\n"
        "  - {name: b, model: review}\n  - {name: a, model: review, init_from: b, strength: 1}\n"
    )

    pipeline = load_pipeline(write_pipeline(text))

    assert [step.name for step in pipeline.ordered_steps] == ["b", "a", "last"]
    assert [step.name for step in pipeline.steps] == ["last", "b", "a"]


def test_all_problems_come_at_once_each_at_its_place(problems_of: ProblemsOf) -> None:
    text = (
        "proyect: x\nreview_model: m\n"
        "steps:\n  - {name: quick, model: review, size: 0}\n  - {name: quick, model: review, needs: [nobody]}\n"
    )

    found = {(problem.line, problem.column, problem.key) for problem in problems_of(text)}

    assert found == {
        (1, 1, "proyect"),
        (4, 40, "steps[0].size"),
        (5, 12, "steps[1].name"),
        (5, 42, "steps[1].needs[0]"),
    }


@pytest.mark.parametrize(
    ("text", "key", "suggestion"),
    [
        ("reviw_model: m\n", "reviw_model", "review_model"),
        ("steps: [{name: a, model: review, seize: 5}]\nreview_model: m\n", "steps[0].seize", "size"),
        (ONE_STEP + "assets: [{name: a, promt: x}]\n", "assets[0].promt", "prompt"),
        (ONE_STEP + "assets: {a: {prompt: x, sed: 1}}\n", "assets.a.sed", "seeds"),
        (ONE_STEP + "seeds: {start: 1, cuont: 3}\n", "seeds.cuont", "count"),
        (ONE_STEP + "deviations: recrod\n", "deviations", "record"),
        (ONE_STEP + "deviations: alow\n", "deviations", "allow"),
        (
            "review_model: m\nsteps: [{name: quick, model: review}, {name: b, model: review, needs: qick}]",
            "steps[1].needs",
            "quick",
        ),
        ("review_model: m\nsteps: [{name: a, model: revew_model}]", "steps[0].model", "${review_model}"),
        ("review_model: m\nsteps: [{name: a, model: '${review_mdel}'}]", "steps[0].model", "review_model"),
    ],
)
def test_a_misspelt_word_is_met_with_the_nearest_known_one(
    problems_of: ProblemsOf, text: str, key: str, suggestion: str
) -> None:
    assert (key, suggestion) in {(problem.key, problem.suggestion) for problem in problems_of(text)}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("size: 0", "size"),
        ("size: 32769", "size"),
        ("size: 12.5", "size"),
        ("size: 10x", "size"),
        ("size: 1x40000", "size"),
        ("size: true", "size"),
        ("variants: 0", "variants"),
        ("guidance_scale: .nan", "guidance_scale"),
        ("guidance_scale: 101", "guidance_scale"),
        ("num_inference_steps: 2.5", "num_inference_steps"),
        ("sampler: ''", "sampler"),
        ("gate: yes", "gate"),
        ("deviations: no", "deviations"),
        ("needs: [quick, quick]", "needs[1]"),
        ("needs: 5", "needs"),
        ("init_from: other", "init_from"),
        ("strength: 0.5", "strength"),
        ("tiles: 0", "tiles"),
        ("tiles: 65x2", "tiles"),
        ("memory_budget: 10", "memory_budget"),
        ("overlay: 5", "overlay"),
        ("overlay: []", "overlay"),
        ("overlay: [a.svg, 5]", "overlay[1]"),
        ("overlay: {anchor: top}", "overlay"),
        ("overlay: {file: a.svg, anchor: middle}", "overlay.anchor"),
        ("overlay: {file: a.svg, width: 0.5}", "overlay"),
        ("overlay: {file: a.svg, anchor: top, width: 150%}", "overlay.width"),
        ("overlay: {file: a.svg, anchor: top, margin: 0.6}", "overlay.margin"),
        ("overlay: [{file: a.svg, opacity: 0}]", "overlay[0].opacity"),
        ("overlay: [{file: a.svg, ancor: top}]", "overlay[0].ancor"),
        ("palette: {file: a.gpl, dither: some}", "palette.dither"),
        ("palette: {dither: none}", "palette"),
        ("tile_overlap: -1", "tile_overlap"),
        ("memory_ladder: vae-tiling", "memory_ladder"),
        ("memory_ladder: [vae-tiling, vae-tiling]", "memory_ladder[1]"),
        ("memory_ladder: [magic]", "memory_ladder[0]"),
        ("icc: ''", "icc"),
        ("upscale: 1", "upscale"),
        ("upscale: 5x0", "upscale"),
    ],
)
def test_a_step_value_out_of_its_range_is_named(problems_of: ProblemsOf, line: str, key: str) -> None:
    text = (
        f"review_model: m\nsteps:\n  - name: quick\n    model: review\n  - name: other\n    model: review\n    {line}\n"
    )

    problems = problems_of(text)

    assert {(problem.line, problem.key) for problem in problems} == {(7, f"steps[1].{key}")}


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("seeds: -1", "seeds"),
        (f"seeds: [0, {LARGEST_SEED + 1}]", "seeds[1]"),
        ("seeds: []", "seeds"),
        ("seeds: [1, 1]", "seeds[1]"),
        ("seeds: {count: 0}", "seeds.count"),
        ("seeds: {start: 1}", "seeds.count"),
        (f"seeds: {{start: {LARGEST_SEED}, count: 2}}", "seeds.count"),
        ("budget: 20", "budget"),
        ("budget: 0 USD", "budget"),
        ("nightly: 02:00", "nightly"),
        ("nightly: {at: 25:00}", "nightly.at"),
        ("nightly: {}", "nightly.at"),
        ("gates: {seam: 3}", "gates.seam"),
        ("gates: {seam: {limit: [1]}}", "gates.seam.limit"),
        ("project: 5", "project"),
        ("vars: [1]", "vars"),
        ("vars: {project: 1}", "vars.project"),
        ("assets: 5", "assets"),
        ("assets: [5]", "assets[0]"),
        ("assets: [{name: a b, prompt: x}]", "assets[0].name"),
        ("assets: {a b: {prompt: x}}", 'assets["a b"]'),
        ("assets: [{name: a, prompt: ' '}]", "assets[0].prompt"),
        ("assets: [{name: a}]", "assets[0].prompt"),
        ('assets: [{name: a, prompt: "x\\0y"}]', "assets[0].prompt"),
        ('assets: [{name: a, prompt: "x\\e[31my"}]', "assets[0].prompt"),
        ("assets: [{name: a, prompt: 5}]", "assets[0].prompt"),
        ("assets: [{name: a, prompt: x, tags: [1]}]", "assets[0].tags[0]"),
        ("assets: [{name: a, prompt: x, init_image: y.png}]", "assets[0].init_image"),
        ("assets: [{name: a, prompt: x}, {name: A, prompt: x}]", "assets[1].name"),
        ("store: ''", "store"),
        ("<<: 5", '["<<"]'),
    ],
)
def test_a_top_level_value_out_of_its_range_is_named(problems_of: ProblemsOf, line: str, key: str) -> None:
    problems = problems_of(ONE_STEP + line)

    assert (4, key) in {(problem.line, problem.key) for problem in problems}


def test_a_file_without_steps_is_told_what_steps_are(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of("review_model: m\n")

    assert (problem.key, problem.found) == ("steps", "nothing")


def test_variants_may_not_pass_the_largest_seed(problems_of: ProblemsOf) -> None:
    text = f"review_model: m\nseeds: {LARGEST_SEED}\nsteps: [{{name: a, model: review, variants: 2}}]\n"

    (problem,) = problems_of(text + "assets: [{name: a, prompt: x}]\n")

    assert problem.key == "steps[0].variants"


@pytest.mark.parametrize("model", ["${review_model}", "review_model", "review", "r"])
def test_a_step_names_its_role_by_reference_word_or_model(write_pipeline: Write, model: str) -> None:
    pipeline = load_pipeline(write_pipeline(f"{THREE_ROLES}steps: [{{name: a, model: '{model}'}}]"))

    assert (pipeline.steps[0].role, pipeline.steps[0].model) == (Role.REVIEW, "r")


def test_a_reference_names_the_role_even_where_two_roles_share_a_model(write_pipeline: Write) -> None:
    text = "review_model: same\nfinal_model: same\nsteps: [{name: a, model: '${final_model}'}]"

    assert load_pipeline(write_pipeline(text)).steps[0].role is Role.FINAL


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("review_model: same\nfinal_model: same\nsteps: [{name: a, model: same}]", "two roles"),
        ("review_model: m\nsteps: [{name: a, model: midjourney}]", "no role's model"),
        ("review_model: m\nsteps: [{name: a, model: sandbox}]", "has no model"),
    ],
)
def test_a_model_that_names_no_single_role_is_refused(problems_of: ProblemsOf, text: str, found: str) -> None:
    (problem,) = problems_of(text)

    assert problem.key == "steps[0].model"
    assert found in problem.found


@pytest.mark.parametrize("link", ["needs: play", "init_from: play, strength: 0.5"])
def test_production_never_builds_on_the_sandbox(problems_of: ProblemsOf, link: str) -> None:
    text = f"{THREE_ROLES}steps: [{{name: play, model: sandbox}}, {{name: a, model: final, {link}}}]"

    (problem,) = problems_of(text)

    assert "sandbox step" in problem.found


def test_the_sandbox_may_build_on_production(write_pipeline: Write) -> None:
    text = f"{THREE_ROLES}steps: [{{name: a, model: final}}, {{name: play, model: sandbox, needs: a}}]"

    assert load_pipeline(write_pipeline(text)).steps[1].needs == ("a",)


def test_steps_that_wait_for_each_other_are_shown_in_a_ring(problems_of: ProblemsOf) -> None:
    steps = "{name: a, model: review, needs: b}, {name: b, model: review, needs: c}, {name: c, model: review, needs: b}"

    (problem,) = problems_of(f"review_model: m\nsteps: [{steps}]")

    assert "b → c → b" in problem.found


def test_a_step_that_needs_itself_is_refused(problems_of: ProblemsOf) -> None:
    (problem,) = problems_of("review_model: m\nsteps: [{name: a, model: review, needs: a}]")

    assert "itself" in problem.found


def test_keys_of_later_versions_are_read_checked_and_listed(write_pipeline: Write) -> None:
    text = (
        "review_model: m\nupscaler: u\nbudget: 20 USD\ngates: {seam: {limit: 0.1}}\nnightly: {at: '02:00'}\n"
        "assets: [{name: hero, prompt: x}, {name: icon, prompt: x}]\n"
        "steps:\n  - {name: quick, model: review}\n"
        "  - {name: final, model: review, tiles: auto, upscale: 2, memory_budget: 10GiB}\n"
    )
    pipeline = load_pipeline(write_pipeline(text))

    keys = [str(key.key) for key in pipeline.not_built_yet]

    assert keys == ["nightly"]
    assert str(pipeline.not_built_yet[0].place).endswith("pipeline.yml:5:1")
    assert pipeline.steps[1].finishing.memory_budget_bytes == 10 * 1024**3
    assert (str(pipeline.budget), pipeline.nightly_at) == ("Budget(amount=Decimal('20'), currency='USD')", "02:00")


@pytest.mark.parametrize("key", ["text: [Sale]", "overlay: logo.svg", "palette: brand.gpl"])
def test_what_an_asset_wants_of_finals_is_refused_where_there_are_none(problems_of: ProblemsOf, key: str) -> None:
    name = key.partition(":")[0]
    (problem,) = problems_of(f"review_model: m\nassets: [{{name: a, prompt: x, {key}}}]\nsteps: [{STEP}]\n")

    assert (problem.line, problem.key) == (2, f"assets[0].{name}")
    assert problem.found == f"`{name}` that no step uses"


def test_places_of_a_steps_keys_are_kept_for_later_errors(write_pipeline: Write) -> None:
    path = write_pipeline(STORY)

    pipeline = load_pipeline(path)

    assert str(pipeline.steps[1].places["size"]) == f"{path}:5:57"


def test_no_file_is_an_input_error_that_shows_the_way(tmp_path: Path) -> None:
    with pytest.raises(InputUnusable) as caught:
        load_pipeline(tmp_path / "pipeline.yml")

    assert "renderlock init" in caught.value.advice


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputUnusable):
        load_pipeline(tmp_path)
