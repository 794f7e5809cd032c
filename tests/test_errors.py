"""The tree of errors: what its docstring tells is what the classes are, and every hint leads somewhere."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from string import Formatter

import pytest
from tools.generate_docs import error_classes

from renderlock import errors
from renderlock.cli.main import COMMANDS
from renderlock.errors import RenderlockError, UnknownName

BRANCH = re.compile(r"^(?P<indent>[│ ]*)[├└]── (?P<name>\w+)(?: \((?P<exit>\d+)\))?")
COMMAND = re.compile(r"\brenderlock ((?!is |knows )[a-z]+)")
CLASSES = tuple(error_classes())


def told() -> dict[str, tuple[str, int | None]]:
    """The parent and the exit code, where one is told, of every class in the docstring's tree."""
    found: dict[str, tuple[str, int | None]] = {}
    above = ["RenderlockError"]
    for line in (errors.__doc__ or "").splitlines():
        if branch := BRANCH.match(line.removeprefix("    ")):
            depth = len(branch["indent"]) // 4 + 1
            found[branch["name"]] = (above[depth - 1], int(branch["exit"]) if branch["exit"] else None)
            above[depth:] = [branch["name"]]
    return found


def below(base: type[RenderlockError]) -> Iterator[type[RenderlockError]]:
    """The classes of the package that come from one, whether it gives them or not."""
    for kind in base.__subclasses__():
        if kind.__module__.startswith(errors.__name__):
            yield kind
            yield from below(kind)


def test_the_tree_tells_every_class_below_its_parent() -> None:
    parents = {name: parent for name, (parent, _) in told().items()}
    assert parents == {kind.__name__: kind.__bases__[0].__name__ for kind in CLASSES}


def test_the_tree_tells_the_exit_codes() -> None:
    codes = {name: code for name, (_, code) in told().items() if code is not None}
    assert len(codes) > 5
    assert codes == {name: getattr(errors, name).exit_code for name in codes}


def test_every_class_of_a_family_is_given_by_the_package() -> None:
    assert {kind.__name__ for kind in below(RenderlockError)} == {kind.__name__ for kind in CLASSES}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: str(kind.__name__))
def test_every_hint_names_commands_that_exist(kind: type[RenderlockError]) -> None:
    assert set(COMMAND.findall(kind.hint)) <= {*COMMANDS, "store", "testing"}


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: str(kind.__name__))
def test_every_error_says_when_it_comes(kind: type[RenderlockError]) -> None:
    assert inspect.getdoc(kind) != inspect.getdoc(kind.__bases__[0])
    assert [name for _, name, _, _ in Formatter().parse(kind.template) if name] or kind.template


@pytest.mark.parametrize(
    ("known", "advice"),
    [("lock, run", "Known: lock, run."), ("lock, run. Did you mean run?", "Known: lock, run. Did you mean run?")],
)
def test_a_question_for_the_nearest_name_ends_its_sentence(known: str, advice: str) -> None:
    assert UnknownName(kind="command", name="rum", known=known).advice == advice
