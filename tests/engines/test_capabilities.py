"""Size rules hold for every rule and every size, not only for the ones we know."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import assume, given
from hypothesis import strategies as st

from renderlock.engines.capabilities import Capabilities, SeedGrade, SizeRule
from renderlock.spec.recipe import LARGEST_SIDE_PX, Size

sides = st.integers(1, LARGEST_SIDE_PX)
sizes = st.builds(Size, sides, sides)


@st.composite
def cell_rules(draw: st.DrawFn) -> SizeRule:
    """Rules with at least one legal size, whose limits need not be multiples of the cell."""
    multiple = draw(st.sampled_from([1, 2, 4, 8, 16, 24, 32, 64, 100]))
    smallest = draw(st.integers(1, 2048))
    largest = draw(st.integers(smallest, 8192))
    lowest = -(-smallest // multiple) * multiple
    assume(lowest <= largest)
    most_pixels = draw(st.integers(lowest * lowest, 8192 * 8192))
    return SizeRule(Size(lowest, lowest), multiple, smallest, largest, most_pixels)


listed_rules = st.builds(
    lambda listed: SizeRule(listed[0], 1, 1, LARGEST_SIDE_PX, LARGEST_SIDE_PX**2, tuple(listed)),
    st.lists(sizes, min_size=1, max_size=12, unique=True),
)
rules = st.one_of(cell_rules(), listed_rules)


@given(rules, sizes)
def test_the_nearest_size_is_always_allowed(rule: SizeRule, size: Size) -> None:
    assert rule.allows(rule.nearest(size))


@given(rules, sizes)
def test_the_nearest_size_to_an_allowed_one_is_itself(rule: SizeRule, size: Size) -> None:
    nearest = rule.nearest(size)

    assert rule.nearest(nearest) == nearest


@st.composite
def rules_with_a_legal_size(draw: st.DrawFn) -> tuple[SizeRule, Size]:
    """A rule and a size that keeps it, often one at its limits."""
    multiple = draw(st.sampled_from([1, 2, 8, 16, 64, 100]))
    width, height = (draw(st.integers(1, 80)) * multiple for _ in range(2))
    smallest = draw(st.integers(1, min(width, height)))
    largest = max(width, height) + draw(st.integers(0, 500))
    most_pixels = width * height + draw(st.integers(0, 10_000))
    return SizeRule(Size(width, height), multiple, smallest, largest, most_pixels), Size(width, height)


@given(rules_with_a_legal_size())
def test_an_allowed_size_is_never_changed(rule_and_size: tuple[SizeRule, Size]) -> None:
    rule, size = rule_and_size

    assert rule.allows(size)
    assert rule.nearest(size) == size


@given(rules, sizes)
def test_turning_the_asked_size_turns_the_nearest_one(rule: SizeRule, size: Size) -> None:
    assume(size.width != size.height and not rule.listed)

    nearest, turned = rule.nearest(size), rule.nearest(Size(size.height, size.width))

    assert {Size(turned.height, turned.width), turned} >= {nearest}
    assert nearest.width * nearest.height == turned.width * turned.height


@given(st.sampled_from([1, 2, 8, 16, 64, 100]), sizes)
def test_where_there_is_room_the_nearest_size_is_off_by_half_a_cell_at_most(cell: int, size: Size) -> None:
    rule = SizeRule(Size(cell, cell), cell, 1, 2 * LARGEST_SIDE_PX, 4 * LARGEST_SIDE_PX**2)
    assume(min(size.width, size.height) >= cell)

    nearest = rule.nearest(size)

    assert abs(nearest.width - size.width) <= cell / 2
    assert abs(nearest.height - size.height) <= cell / 2


@given(cell_rules(), sizes)
def test_the_nearest_size_never_outgrows_the_asked_one_by_a_cell_except_at_the_smallest(
    rule: SizeRule, size: Size
) -> None:
    nearest = rule.nearest(size)

    lowest = -(-rule.smallest // rule.multiple) * rule.multiple
    assert nearest.width < max(size.width + rule.multiple, lowest + 1)
    assert nearest.height < max(size.height + rule.multiple, lowest + 1)


@given(sides)
def test_a_picture_too_large_shrinks_with_its_shape_kept(side: int) -> None:
    rule = SizeRule(Size(1024, 1024), 8, 64, 4096, 4096 * 4096)
    assume(side >= 4096)

    nearest = rule.nearest(Size(min(side * 2, LARGEST_SIDE_PX), min(side, LARGEST_SIDE_PX // 2)))

    assert nearest == Size(4096, 2048)


def test_of_listed_sizes_the_one_of_the_nearest_shape_is_taken_then_of_the_nearest_area() -> None:
    wide, tall, square, small = Size(1344, 768), Size(768, 1344), Size(1024, 1024), Size(512, 512)
    rule = SizeRule(square, 64, 512, 1536, 1536 * 1536, (wide, tall, square, small))

    assert rule.nearest(Size(1920, 1080)) == wide
    assert rule.nearest(Size(1080, 1920)) == tall
    assert rule.nearest(Size(600, 600)) == small
    assert rule.nearest(Size(2000, 2000)) == square


def test_a_tall_listed_size_is_as_near_as_its_wide_twin() -> None:
    rule = SizeRule(Size(100, 100), 1, 1, 4000, 4000**2, (Size(100, 300), Size(100, 100)))

    assert rule.nearest(Size(100, 250)) == Size(100, 300)


def test_a_rule_says_its_limits_in_words() -> None:
    cells = SizeRule(Size(512, 512), 8, 64, 2048, 2048 * 2048)
    tight = SizeRule(Size(512, 512), 8, 64, 2048, 1024 * 1024)
    listed = SizeRule(Size(512, 512), 8, 64, 2048, 2048 * 2048, (Size(512, 512), Size(768, 512)))

    assert str(cells) == "64 to 2048 pixels a side in multiples of 8"
    assert str(tight) == "64 to 2048 pixels a side in multiples of 8, at most 1048576 pixels in all"
    assert str(listed) == "one of 512x512, 768x512"


small_sizes = st.builds(Size, st.integers(1, 40), st.integers(1, 40))


@given(small_sizes, st.lists(st.integers(1, 9), max_size=5), st.lists(small_sizes, min_size=1, max_size=5))
def test_a_size_is_reduced_only_from_the_smallest_listed_whole_multiple_of_it(
    size: Size, factors: list[int], others: list[Size]
) -> None:
    listed = (*others, *(Size(size.width * factor, size.height * factor) for factor in factors))
    rule = SizeRule(listed[0], 1, 1, LARGEST_SIDE_PX, LARGEST_SIDE_PX**2, listed)
    multiples = [
        legal
        for legal in listed
        if legal.width * size.height == legal.height * size.width
        and legal.width % size.width == 0
        and legal.width > size.width
    ]

    assert rule.reduced_from(size) == min(multiples, key=lambda legal: legal.width, default=None)


def test_only_a_model_that_says_so_reduces_and_never_from_a_size_it_renders() -> None:
    rule = SizeRule(Size(8, 8), 1, 1, 16, 256, (Size(8, 8), Size(16, 16)))
    facts = Capabilities(rule, SeedGrade.NONE, None, None, negative_prompt=False, img2img=False, reduces=True)

    assert facts.reduced_from(Size(4, 4)) == Size(8, 8)
    assert facts.reduced_from(Size(8, 8)) is None
    assert replace(facts, reduces=False).reduced_from(Size(4, 4)) is None
