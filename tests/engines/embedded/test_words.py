"""The tokenizer's ids by hand, and its account of everything it cannot read."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from renderlock.engines.embedded.weights import TokenRules, Version
from renderlock.engines.embedded.words import Tokenizer
from renderlock.spec.deviation import Deviation

PIECES = ["[pad]", "red", "apple", "sun", "##flower", "##s", "x", "##q", "##z", ","]
RULES = TokenRules(r"[a-z0-9]+|,", frozenset({"a", "an", "the", "of"}), most_pieces=7)


@pytest.fixture
def tokenizer() -> Tokenizer:
    return Tokenizer(PIECES, RULES, None)


def ids(tokenizer: Tokenizer, text: str) -> list[int]:
    return [int(token) for token in tokenizer.read(text, "prompt").tokens]


def notes(tokenizer: Tokenizer, text: str) -> tuple[Deviation, ...]:
    return tokenizer.read(text, "prompt").deviations


def test_words_become_the_longest_pieces_and_stop_words_go(tokenizer: Tokenizer) -> None:
    assert ids(tokenizer, "The RED sunflowers, an apple") == [1, 3, 4, 5, 9, 2, 0]
    assert notes(tokenizer, "The RED, apple") == ()


def test_short_prompts_are_padded_with_zeros(tokenizer: Tokenizer) -> None:
    assert ids(tokenizer, "apple") == [2, 0, 0, 0, 0, 0, 0]
    assert ids(tokenizer, "") == [0] * 7


def test_characters_without_a_piece_are_skipped(tokenizer: Tokenizer) -> None:
    assert ids(tokenizer, "xqkz") == [6, 7, 8, 0, 0, 0, 0]


def test_a_word_the_vocabulary_lacks_is_reported_with_how_it_is_read(tokenizer: Tokenizer) -> None:
    assert notes(tokenizer, "xqq, xqq") == (
        Deviation("prompt", "xqq", "read as x ##q ##q", "the word is not in the model's vocabulary"),
    )


def test_a_word_of_which_nothing_can_be_read_is_reported_as_left_out(tokenizer: Tokenizer) -> None:
    assert [note.done for note in notes(tokenizer, "red kkk")] == ["left out"]


def test_a_prompt_that_is_too_long_is_cut_and_the_last_piece_named(tokenizer: Tokenizer) -> None:
    text = "red red red red red red apple red"

    assert ids(tokenizer, text) == [1, 1, 1, 1, 1, 1, 2]
    (note,) = notes(tokenizer, text)
    assert (note.asked, note.done) == ("8 word pieces", "the first 7")
    assert "apple" in note.reason


@pytest.mark.parametrize(
    ("text", "asked", "done"),
    [("red Äpple", "Äpple", "read as pple"), ("🍎 red", "🍎", "left out"), ("red apple™", "apple™", "read as apple")],
)
def test_signs_outside_the_alphabet_are_reported(tokenizer: Tokenizer, text: str, asked: str, done: str) -> None:
    note = notes(tokenizer, text)[0]

    assert (note.asked, note.done) == (asked, done)


def test_punctuation_is_no_deviation(tokenizer: Tokenizer) -> None:
    assert notes(tokenizer, "“red” – apple… (sun)!") == ()


def test_a_negative_prompt_is_reported_under_its_own_name(tokenizer: Tokenizer) -> None:
    assert tokenizer.read("kkk", "negative_prompt").deviations[0].field == "negative_prompt"


def test_where_captions_are_known_only_words_of_no_caption_are_reported() -> None:
    tokenizer = Tokenizer(PIECES, RULES, frozenset({"sunflower", "red"}))

    (note,) = notes(tokenizer, "red sunflower, apple")

    assert (note.asked, note.done) == ("apple", "read as apple")
    assert note.reason == "no caption the model was trained on has this word"


@given(st.text(max_size=200))
def test_any_text_gives_ids_of_the_vocabulary_in_the_fixed_length(text: str) -> None:
    tokens = Tokenizer(PIECES, RULES, None).read(text, "prompt").tokens

    assert tokens.shape == (7,)
    assert tokens.min() >= 0
    assert tokens.max() < len(PIECES)


def test_the_shipped_vocabulary_reads_plain_prompts_whole(newest: Version) -> None:
    pieces = gzip.decompress(newest.read("vocabulary")).decode().splitlines()
    tokens = Tokenizer(pieces, newest.tokens, None).read("a small red apple on the left", "prompt").tokens

    assert [pieces[token] for token in tokens if token] == ["small", "red", "apple", "on", "left"]
