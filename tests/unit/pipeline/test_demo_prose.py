"""Paragraphs that a person would read are told from what a PDF leaves besides."""

import pytest

from saetui.pipeline.demo_passages import Hyphens, as_typed, divided, reads_well

GOOD = (
    "Parsers that were trained on newspapers make many errors on other texts. We therefore ask how "
    "much they gain from a few sentences of each new domain, and which sentences these should be. "
    "Our experiments with five domains show that questions help the most."
)


def test_plain_prose_reads_well() -> None:
    assert reads_well(GOOD)
    assert reads_well(f"{GOOD} Two things matter: (i) length, and (ii) vocabulary.")
    assert reads_well(f"{GOOD} Accuracy rises by 3.5%, as Müller et al. have found, too.")


@pytest.mark.parametrize(
    "spoiled",
    [
        f"{GOOD} The loss is L = x + y.",
        f"{GOOD} Here ∑ weighs both.",
        f"{GOOD} Table 2 shows the results.",
        f"{GOOD} The results are in Table.",
        f"{GOOD} Let x and y be words w of the set S and let n be its size.",
        f"{GOOD} From (7) this follows.",
        f"{GOOD} The code is at https://example.org/code for all.",
        f"{GOOD} The rest of this paper is organized as follows.",
        f"{GOOD} This was shown by .",
        f"{GOOD} They follow. and so do we.",
        f"{GOOD} One of them is linear1 and fast.",
        f"{GOOD} It was 1 3 5 7 9 11 13 15 17 19.",
        f"{GOOD} An open bracket (is not closed.",
        f"{GOOD} And then",
        f"and {GOOD}",
        "• We say what we contribute. We say it again. We say it once more.",
        "",
    ],
)
def test_what_a_pdf_leaves_does_not(spoiled: str) -> None:
    assert not reads_well(spoiled)


def test_text_is_as_one_types_it() -> None:
    assert as_typed("It works ( Smith and Lee , 2009 ; Roe, 2010a ) , they say .") == (
        "It works, they say."
    )
    assert as_typed("Smith et al. (2009) say \u201cso\u201d [3, 4].") == 'Smith et al. say "so".'
    assert as_typed("We win. Our code is at https://example.org/x.") == "We win."
    assert as_typed("We win by far. 1") == "We win by far."
    assert as_typed("We win 7% ( of two ) .") == "We win 7% (of two)."


def test_hyphens_are_where_the_texts_mostly_have_them() -> None:
    texts = ["adversarial", "adversarial", "ad-versarial", "state-of-the-art", "phrase-based"]
    hyphens = Hyphens([*texts, "state-of-the-art", "phrase-based phrasebased", "stateof-theart"])
    mended = hyphens.mended("Ad-versarial, phrasebased: Stateof-theart and un-known")
    assert mended == "Adversarial, phrase-based: State-of-the-art and un-known"


def test_long_paragraphs_are_divided_between_sentences() -> None:
    sentences = [f"Sentence {i} has six words now." for i in range(9)]
    parts = divided(" ".join(sentences), 20)
    assert " ".join(parts) == " ".join(sentences)
    assert [len(part.split()) for part in parts] == [18, 18, 18]
    assert divided("Only one.", 20) == ["Only one."]
