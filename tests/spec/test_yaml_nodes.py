from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.spec.yaml_nodes import (
    DEEPEST_NESTING,
    LARGEST_EXPANSION,
    MOST_VALUES,
    Fields,
    Items,
    Node,
    Scalar,
    YamlUnreadable,
    compose,
    core_value,
)


def plain(node: Node | None) -> object:
    match node:
        case Scalar():
            return node.value
        case Items():
            return [plain(item) for item in node.items]
        case Fields():
            return {key: plain(child) for key, (_, child) in node.fields.items()}
        case None:
            return None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("true", True),
        ("FALSE", False),
        ("null", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("-.inf", -math.inf),
        ("2026-11-22", "2026-11-22"),
        ("${a}", "${a}"),
        (".", "."),
        ("+", "+"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(text: str, value: object) -> None:
    assert (core_value(text), type(core_value(text))) == (value, type(value))


def test_quoted_and_block_scalars_are_always_text() -> None:
    root, _ = compose("a: \"1\"\nb: 'true'\nc: |\n  2\n", "f")

    assert plain(root) == {"a": "1", "b": "true", "c": "2\n"}


def test_every_key_and_value_knows_its_place_in_characters() -> None:
    root, _ = compose("ä: x\nsteps:\n  - {💡é: 'ö', b: c}\n", "f")

    assert isinstance(root, Fields)
    steps = root.fields["steps"][1]
    assert isinstance(steps, Items)
    step = steps.items[0]
    assert isinstance(step, Fields)
    key, value = step.fields["b"]
    assert [(node.line, node.column) for node in (step, key, value)] == [(3, 5), (3, 15), (3, 18)]


def test_offsets_of_a_scalar_cut_it_out_quotes_included() -> None:
    text = "é: 'ö b' # note\n"
    root, _ = compose(text, "f")

    assert isinstance(root, Fields)
    value = root.fields["é"][1]
    assert isinstance(value, Scalar)
    assert text[value.start : value.end] == "'ö b'"


def test_an_alias_repeats_what_its_anchor_holds() -> None:
    root, _ = compose("a: &x [1, 2]\nb: *x\n", "f")

    assert plain(root) == {"a": [1, 2], "b": [1, 2]}


@pytest.mark.parametrize("text", ["a: {b: 1, b: 2}", "&k b: 1\n*k : 2", "b: 1\n'b': 2"])
def test_a_key_written_twice_is_a_problem_and_the_first_holds(text: str) -> None:
    _, problems = compose(text, "f")

    assert [problem.key.removeprefix("a.") for problem in problems] == ["b"]


@pytest.mark.parametrize(
    ("text", "line", "column", "found"),
    [
        ("a: [1, 2", 2, 1, "syntax"),
        ("a: 1\n\tb: 2", 2, 1, "syntax"),
        ("a: 1\nb: \0", 2, 4, "U+0000"),
        ("a: \ud800", 1, 4, "U+D800"),
        ("a: 1\nb: *x", 2, 4, "*x"),
        ("a: &x [*x]", 1, 8, "*x"),
        ("a: !!python/object:os.system x", 1, 4, "tag"),
        ("a: 1\n---\nb: 2", 2, 1, "second document"),
        ("[a]: 1", 1, 1, "key"),
        ("? {a: 1}\n: 2", 1, 3, "key"),
        ("x: &a [1]\n*a : 2", 2, 1, "key"),
        ("[" * (DEEPEST_NESTING + 1), 1, DEEPEST_NESTING + 1, "nesting"),
    ],
)
def test_what_is_not_read_is_refused_at_its_place(text: str, line: int, column: int, found: str) -> None:
    with pytest.raises(YamlUnreadable) as caught:
        compose(text, "f")

    problem = caught.value.problem
    assert (problem.line, problem.column) == (line, column)
    assert found in problem.found


def test_an_unquoted_reference_inside_braces_is_met_with_the_advice_to_quote_it() -> None:
    with pytest.raises(YamlUnreadable) as caught:
        compose("steps: [{name: a, model: ${review_model}}]", "f")

    assert "quotes" in caught.value.problem.allowed


def test_a_billion_laughs_are_refused() -> None:
    lines = ["a0: &a0 [ha, ha]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]

    with pytest.raises(YamlUnreadable, match="repeat"):
        compose("\n".join(lines), "f")


def test_very_many_aliases_are_refused() -> None:
    with pytest.raises(YamlUnreadable, match="repeat"):
        compose(f"a: &x 1\nb: [{'*x, ' * (LARGEST_EXPANSION + 1)}]", "f")


def test_very_many_values_are_refused() -> None:
    with pytest.raises(YamlUnreadable, match="values"):
        compose(f"[{'a,' * (MOST_VALUES + 1)}]", "f")


_SCALARS = st.none() | st.booleans() | st.integers() | st.text(alphabet="abc äé💡$:#'\"\\\n", max_size=20)


def flow(value: object) -> str:
    """The value as YAML flow text, all text double-quoted with escapes."""
    match value:
        case None:
            return "null"
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case str():
            return '"' + "".join(f"\\U{ord(one):08x}" for one in value) + '"'
        case list():
            return "[" + ", ".join(map(flow, value)) + "]"
        case dict():
            return "{" + ", ".join(f"{flow(key)}: {flow(item)}" for key, item in value.items()) + "}"
        case _:
            raise AssertionError(value)


@given(
    st.recursive(
        _SCALARS,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
        max_leaves=20,
    )
)
def test_values_written_as_yaml_are_read_back(value: object) -> None:
    root, problems = compose(flow({"top": value}), "f")

    assert (plain(root), problems) == ({"top": value}, [])
