"""Live tensor bytes, with real tensors and with shapes alone."""

# ruff: noqa: PLC0415 - the module under test imports torch, which takes seconds that collecting tests must not

from __future__ import annotations

import pytest


def test_the_peak_is_what_is_alive_at_once() -> None:
    import torch

    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    with LiveTensors() as live:
        first = torch.empty(1000, dtype=torch.uint8)
        second = torch.empty(500, dtype=torch.uint8)
        del first
        third = torch.empty(600, dtype=torch.uint8)

    assert live.peak_bytes == 1500
    assert live.live_bytes == 1100
    assert live.allocations == 3
    assert second.nbytes + third.nbytes == 1100


def test_views_and_what_is_done_in_place_are_nothing_new() -> None:
    import torch

    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    with LiveTensors() as live:
        whole = torch.zeros(100, dtype=torch.uint8)
        whole.view(10, 10)[2:4].add_(1)

    assert live.peak_bytes == 100


def test_shapes_alone_count_as_the_tensors_would() -> None:
    import torch
    from torch._subclasses.fake_tensor import FakeTensorMode

    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    def work() -> int:
        network = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3), torch.nn.SiLU(), torch.nn.Conv2d(8, 3, 3)).eval()
        with torch.no_grad(), LiveTensors() as live:
            network(torch.empty(1, 3, 64, 64))
        peak: int = live.peak_bytes
        return peak

    real = work()
    with FakeTensorMode():
        assert work() == real > 2 * 8 * 62 * 62 * 4 - 1


@pytest.mark.parametrize(("number", "made"), [(0, 0), (2, 2)])
def test_an_allocation_can_be_refused_by_its_number(number: int, made: int) -> None:
    import torch

    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    with LiveTensors(refuse=lambda index, _: index == number) as live:
        tensors = [torch.empty(10) for _ in range(made)]
        with pytest.raises(torch.OutOfMemoryError, match="Tried to allocate"):
            torch.empty(10)

    assert live.allocations == made + 1
    assert len(tensors) == made


def test_an_allocation_past_a_budget_is_refused_and_a_smaller_one_is_not() -> None:
    import torch

    from renderlock.engines.diffusers_local.live_tensors import LiveTensors

    with LiveTensors(refuse=lambda _, live: live > 1000):
        kept = torch.empty(900, dtype=torch.uint8)
        with pytest.raises(torch.OutOfMemoryError):
            torch.empty(200, dtype=torch.uint8)
        assert torch.empty(100, dtype=torch.uint8).nbytes + kept.nbytes == 1000
