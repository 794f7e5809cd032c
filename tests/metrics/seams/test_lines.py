"""Control lines: parallel, in phase, and clear of every seam."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from renderlock.metrics.seams.lines import MOST_CONTROLS, SeamLine, control_offsets, describe


@given(position=st.integers(1, 2000), other=st.integers(1, 2000), reach=st.integers(1, 128))
def test_controls_share_the_phase_and_reach_over_no_seam(position: int, other: int, reach: int) -> None:
    line, beside = SeamLine("x", position, 0, 512), SeamLine("x", other, 100, 300)
    offsets = control_offsets(line, [line, beside], extent=2048, reach=reach)
    places = [position + offset for offset in offsets]
    assert len(offsets) <= MOST_CONTROLS
    assert all(offset % 16 == 0 for offset in offsets)
    assert all(reach <= place <= 2048 - reach for place in places)
    assert all(abs(place - seam) >= reach for place in places for seam in (position, other))


def test_a_seam_that_runs_elsewhere_is_no_obstacle() -> None:
    line = SeamLine("x", 256, 0, 256)
    for far in (SeamLine("x", 272, 256, 512), SeamLine("y", 272, 0, 512)):
        assert control_offsets(line, [line, far], extent=512, reach=2) == control_offsets(
            line, [line], extent=512, reach=2
        )


def test_a_picture_without_room_has_no_controls() -> None:
    line = SeamLine("y", 30, 0, 60)
    assert control_offsets(line, [line], extent=60, reach=32) == ()


def test_a_line_is_described_by_where_it_is() -> None:
    assert describe(SeamLine("x", 512, 0, 256)) == "column 512, rows 0 to 256"
    assert describe(SeamLine("y", 40, 8, 64)) == "row 40, columns 8 to 64"
