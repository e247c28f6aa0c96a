"""Names of single words, by what stands around them."""

import numpy as np
import pytest

from saetui.interpret.judging.evidence import Sample
from saetui.interpret.terms.contexts import Contexts, bare
from saetui.interpret.terms.tokens import tokenize


def contexts(*texts: str) -> tuple[Contexts, np.ndarray]:
    tokens, rows = tokenize([("", text) for text in texts]), np.arange(len(texts), dtype=np.int32)
    return Contexts(tokens, Sample(np.eye(len(texts), dtype=np.float16), rows)), rows


def test_a_word_is_completed_by_what_is_mostly_before_it() -> None:
    found, rows = contexts(
        "We study galaxy groups here.", "The galaxy groups and stars.", "Some groups of the sky."
    )
    assert found.phrase("Groups", rows, modifier=False) == "Galaxy groups"
    assert found.phrase("Stars", rows, modifier=False) == "Stars"


def test_a_modifier_is_completed_by_what_follows_it_or_says_what_does() -> None:
    found, rows = contexts("A tactile sensing skin.", "With tactile sensing we see.")
    assert found.phrase("Tactile", rows, modifier=True) == "Tactile sensing"
    found, rows = contexts(
        *["The logarithmic correction is small."] * 2,
        *["A logarithmic entropy is large."] * 2,
        *["Of logarithmic slope."],
        "By logarithmic scale.",
    )
    assert found.phrase("Logarithmic", rows, modifier=True) == "Logarithmic (correction, entropy)"


def test_a_name_is_not_taken_for_a_noun_with_something_before_it() -> None:
    found, rows = contexts("We use Nancy Grace Roman.", "The Grace Roman mission.")
    assert found.phrase("Roman", rows, modifier=False) == "Roman"


@pytest.mark.parametrize("label", ["Strings", "strings"])
def test_meanings_of_a_word_are_told_apart_by_its_neighbours(label: str) -> None:
    found, rows = contexts(
        *["Loops of cosmic strings decay."] * 3, *["Vacua of string theory."] * 2, "A string."
    )
    assert found.told_apart(label, rows) == f"{label} (cosmic, decay)"
    assert found.told_apart("Nothing", rows) == "Nothing"


def test_words_of_chinese_are_completed_without_spaces_and_without_function_words() -> None:
    """Black holes merge; the software of the terminal and the user."""
    pytest.importorskip("jieba")
    hole, merges = "\u9ed1\u6d1e", "\u5408\u5e76"
    found, rows = contexts(*[f"{hole}{merges}\u3002"] * 3, f"{merges}\u3002")
    assert found.phrase(merges, rows, modifier=False) == f"{hole}{merges}"
    terminal, user = "\u7ec8\u7aef", "\u7528\u6237"
    found, rows = contexts(*[f"{terminal}\u548c{user}\u7684\u8f6f\u4ef6\u3002"] * 4)
    assert "\u548c" not in found.told_apart(terminal, rows)
    assert found._bound(user, terminal) == user


def test_what_stands_in_parentheses_is_not_asked_for() -> None:
    assert bare("Strings (cosmic, theory)") == "Strings"
    assert bare("Black holes") == "Black holes"


def test_a_word_of_documents_that_have_nothing_in_common_is_loose() -> None:
    texts = [f"noise number {i}" if i % 2 else f"quasars number {i}" for i in range(40)]
    tokens, rows = tokenize([("", text) for text in texts]), np.arange(40, dtype=np.int32)
    vectors = np.random.default_rng(0).normal(size=(40, 24))
    # Documents about quasars are near each other, those with noise anywhere.
    vectors[::2, 0] += 9
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    found = Contexts(tokens, Sample(vectors.astype(np.float16), rows))
    assert found.loose(["Noise", "Quasars", "Absent"]) == {"Noise"}
