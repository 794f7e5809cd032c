"""The hosted contract for servers of one's own: nothing is billed, and after any fault the next attempt succeeds."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tests.engines.hosted_contract import (
    FAULT_SECONDS,
    HARMLESS,
    NO_LONGER_THAN_S,
    Bench,
    HostedContract,
    HostedSubject,
    bench_of,
    faults_of,
)

from renderlock.actions.calls.book import read_book
from renderlock.engines.base import Render, Unwatched
from renderlock.errors import RenderlockError
from renderlock.spec.money import Cost
from renderlock.store.maintenance import check
from renderlock.testing.faults import FAULTS


class OwnServerContract(HostedContract):
    """What every adapter of a server of one's own keeps."""

    @pytest.mark.parametrize("fault", sorted(FAULTS))
    def test_a_fault_loses_no_paid_picture_and_ends_in_time(
        self, subject: HostedSubject, tmp_path: Path, fault: str
    ) -> None:
        if fault not in faults_of(subject):
            pytest.skip("this server cannot do that")
        seconds = f":seconds={FAULT_SECONDS[fault]}" if fault in FAULT_SECONDS else ""
        with bench_of(subject, tmp_path, f"{fault}{seconds}") as bench:
            started = time.monotonic()
            first = bench.try_render()
            assert time.monotonic() - started < NO_LONGER_THAN_S
            second = bench.try_render()

            if isinstance(first, RenderlockError):
                assert first.advice
                assert "billed: yes" not in str(first)
                assert bench.server.key not in f"{first} {first.advice}"
            assert isinstance(first, Render) or fault not in HARMLESS
            assert isinstance(second, Render), second
            assert not [call for call in read_book(bench.store).calls.values() if call.needs_decision]
            assert check(bench.store).sound

    def test_a_call_whose_run_was_killed_is_made_again(self, bench: Bench) -> None:
        if not bench.subject.takes_key:
            pytest.skip("this server is asked by the call's id")
        with pytest.raises(KeyboardInterrupt):
            bench.engine().render(bench.recipe(), None, Killed())
        (left,) = read_book(bench.store).calls.values()

        assert (left.is_made_again, left.needs_decision, left.billed) == (True, False, "no")
        assert isinstance(bench.try_render(), Render)

    def test_its_pictures_cost_nothing(self, bench: Bench) -> None:
        engine = bench.engine()
        render = engine.render(bench.recipe(), None, Unwatched())

        assert render.cost == Cost.parse("0 USD")


class Killed:
    """A watch that ends a run as a signal does, once the call is on its way."""

    def __init__(self) -> None:
        self._beats = 0

    def on_step(self, done: int, steps: int) -> None:
        self._beats += 1
        if self._beats > 1:
            raise KeyboardInterrupt
