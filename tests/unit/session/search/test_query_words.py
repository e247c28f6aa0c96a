"""Which labels a query names, and which near documents have a say about its features."""

import numpy as np
import pytest

from saetui.session.search.query_encoder import LabelWords


@pytest.mark.parametrize(
    ("label", "text", "share"),
    [
        ("Black holes", "the spin of a black hole", 1.0),
        ("Black holes", "black sheep", 0.5),
        ("Hydrogen (atomic, molecular)", "hydrogen", 1.0),
        ("Hydrogen (atomic, molecular)", "molecular clouds", 0.0),
        ("Microwaves", "a wave", 0.0),
        ("", "a wave", 0.0),
    ],
)
def test_a_text_names_a_label_by_its_words(label: str, text: str, share: float) -> None:
    words = LabelWords(["Dust", label])
    assert words.named(text).tolist() == [0.0, share]
    assert words.named("dust and dusts")[0] == 1
    assert not np.any(words.named("of the"))
