"""Steps told once and in order, whatever a server reports."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from renderlock.engines.watching import Steps, steps_of_this_render, watched_by


class Recorder:
    def __init__(self) -> None:
        self.told: list[tuple[int, int]] = []

    def on_step(self, done: int, steps: int) -> None:
        self.told.append((done, steps))


@given(reports=st.lists(st.integers(-3, 30)))
def test_each_step_is_told_once_and_in_order_however_the_reports_jump(reports: list[int]) -> None:
    watch = Recorder()
    steps = Steps(watch, 12)

    for report in reports:
        steps.reached(report)
    steps.finished()

    assert watch.told == [(done, 12) for done in range(1, 13)]


def test_a_beat_tells_how_far_it_is_without_going_on() -> None:
    watch = Recorder()
    steps = Steps(watch, 3)

    steps.beat()
    steps.reached(2)
    steps.beat()

    assert watch.told == [(0, 3), (1, 3), (2, 3), (2, 3)]


def test_the_watch_is_that_of_the_innermost_render() -> None:
    outer, inner = Recorder(), Recorder()

    with watched_by(outer):
        with watched_by(inner):
            steps_of_this_render(1).finished()
        steps_of_this_render(2).beat()
    steps_of_this_render(2).finished()

    assert (outer.told, inner.told) == ([(0, 2)], [(1, 1)])
