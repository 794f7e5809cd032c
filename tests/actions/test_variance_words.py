"""The sentences of a variance report: right numbers, right variants, plain words."""

from __future__ import annotations

import numpy as np
from tests.actions.drawn_variants import draw_variant, five_variants, variance_values

from renderlock.actions.variance_words import detail_ratio, duplicate_groups, headline_of, marks_of, sentences_of


def _said(sentences: tuple[str, ...], start: str) -> str:
    return next(sentence for sentence in sentences if sentence.startswith(start))


def test_a_moving_subject_is_told_in_percent_of_the_frame() -> None:
    sentences = sentences_of(variance_values([draw_variant(0.35, 0.5), draw_variant(0.55, 0.5)]))
    assert _said(sentences, "The subject moves") == "The subject moves by about 20 % of the frame between seeds."


def test_the_largest_move_is_told_where_there_are_several() -> None:
    assert "% at most" in _said(sentences_of(variance_values(five_variants())), "The subject moves")


def test_equal_variants_are_named_by_their_numbers() -> None:
    pictures = five_variants()
    pictures[3] = pictures[1]
    values = variance_values(pictures)
    assert "Variants 2 and 4 are the same picture, pixel for pixel." in sentences_of(values)
    assert marks_of(values)[3] == ("same as 2",)


def test_near_duplicates_chain_into_one_group() -> None:
    flat = [np.full((64, 64, 3), value, np.uint8) for value in (100, 102, 104, 200)]
    values = variance_values(flat)
    assert duplicate_groups(values.report) == ((0, 1, 2),)
    assert "Variants 1, 2 and 3 are near-duplicates." in sentences_of(values)


def test_many_groups_of_equal_variants_are_counted_and_not_listed() -> None:
    pictures = [draw_variant(0.2 + 0.08 * at, 0.5) for at in range(8)] * 2
    sentences = [sentence for sentence in sentences_of(variance_values(pictures)) if "alike" in sentence]
    assert sentences == ["4 more groups of variants are alike; labels name them."]


def test_the_typical_and_the_odd_variant_are_named_with_their_seeds() -> None:
    values = variance_values(five_variants())
    assert "variant 5 (seed 104) stands out from all others." in _said(sentences_of(values), "Variant")
    assert marks_of(values)[4] == ("stands out",)
    assert "most typical" in {mark for marks in marks_of(values) for mark in marks}


def test_nothing_that_stands_out_is_said_instead_of_a_place() -> None:
    flat = [np.full((64, 64, 3), value, np.uint8) for value in (10, 200)]
    assert sentences_of(variance_values(flat))[0].startswith("Nothing stands out clearly")


def test_the_headline_grows_with_the_layout_distance() -> None:
    same = headline_of(variance_values([draw_variant(0.5, 0.5)] * 2).report)
    near = headline_of(variance_values([draw_variant(0.5, 0.5), draw_variant(0.51, 0.5)]).report)
    far = headline_of(variance_values([draw_variant(0.25, 0.3), draw_variant(0.75, 0.7)]).report)
    assert same == "The composition is the same for every seed."
    assert near in ("The composition hardly changes between seeds.", "The composition varies a little between seeds.")
    assert far == "Each seed gives another composition."


def test_one_variant_has_a_headline_and_no_findings() -> None:
    values = variance_values([draw_variant(0.5, 0.5)])
    assert headline_of(values.report) == "One variant: there is nothing to compare it with."
    assert sentences_of(values) == ()
    assert marks_of(values) == ((),)


def test_few_variants_are_called_a_first_look() -> None:
    assert sentences_of(variance_values(five_variants()[:4]))[-1].startswith("With only 4 variants")
    assert not sentences_of(variance_values(five_variants()))[-1].startswith("With only")


def test_detail_is_compared_as_contrast() -> None:
    waves = [
        np.repeat(np.tile(128 + height * (-1) ** np.arange(64), (64, 1))[..., None], 3, axis=2) for height in (60, 30)
    ]
    values = variance_values([wave.astype(np.uint8) for wave in waves])
    assert round(detail_ratio(values.report), 2) == 2
    assert "Variant 1 holds 2.0 times the fine detail of variant 2, the softest." in sentences_of(values)
