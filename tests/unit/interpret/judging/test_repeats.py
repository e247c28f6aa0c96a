"""Documents that say the same as an earlier one."""

import numpy as np

from saetui.interpret.judging.split import find_repeats, mixed
from saetui.interpret.terms.tokens import tokenize

WORDS = [f"word{number}" for number in range(500)]


def text(seed, length=120):
    return np.random.default_rng(seed).choice(WORDS, length).tolist()


def repeats(*texts, **options):
    return find_repeats(tokenize([("", " ".join(each)) for each in texts]), **options).tolist()


def test_the_same_words_in_other_dress_are_a_repetition():
    first = text(1)
    shouted = [word.upper() + "," for word in first]
    assert repeats(first, text(2), shouted, text(3)) == [False, False, True, False]


def test_a_few_changed_words_make_no_new_text_but_many_do():
    first = text(1, 200)
    edited, rewritten = list(first), list(first)
    edited[50:52] = ["other", "words"]
    rewritten[::6] = ["other"] * len(rewritten[::6])
    assert repeats(first, edited, rewritten) == [False, True, False]


def test_short_texts_are_compared_too_and_blank_ones_are_not():
    assert repeats(["one", "two"], ["two", "one"], ["one", "two"]) == [False, False, True]
    assert repeats([], [], ["!"]) == [False, False, False]
    assert repeats() == []


def test_titles_count():
    body = "a b c d e f"
    tokens = tokenize([("Part one of all", body), ("Another piece entirely", body)])
    assert not find_repeats(tokens).any()


def test_mixed_numbers_are_spread_and_distinct():
    numbers = mixed(np.arange(10_000, dtype=np.uint64))
    assert len(np.unique(numbers)) == 10_000
    assert abs((numbers / np.float64(2**64)).mean() - 0.5) < 0.01


def test_how_many_are_read_at_once_changes_nothing():
    texts = [text(number % 9, length=number % 5 * 30) for number in range(40)]
    at_once = repeats(*texts)
    assert any(at_once)
    for size in (1, 7):
        assert repeats(*texts, at_once=size) == at_once
