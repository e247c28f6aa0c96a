import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.errors import BuildError
from saetui.train.options import SaeConfig
from saetui.train.size import choose_size


@pytest.mark.parametrize(
    ("documents", "d", "n", "k"),
    [
        (1, 384, 8, 2),
        (10, 384, 8, 2),
        (100, 384, 24, 2),
        (1_000, 384, 192, 8),
        (9_229, 384, 704, 8),
        (11_438, 384, 768, 8),
        (270_000, 1536, 3648, 16),
        (100_000_000, 1536, 12_288, 32),
    ],
)
def test_known_corpora(documents, d, n, k):
    choice = choose_size(documents, d)
    assert (choice.n, choice.k) == (n, k)
    assert f"n = {n}, k = {k}" in choice.reason


def test_the_reason_names_what_decided():
    assert choose_size(11_438, 384).reason == (
        "11,438 documents: n = 768, k = 8; larger n mostly memorises single documents."
    )
    assert "8 times the width" in choose_size(10**8, 384).reason
    assert choose_size(1, 384).reason.startswith("1 document: ")


@given(st.integers(1, 10**9), st.integers(1, 4096))
def test_every_choice_can_be_built(documents, d):
    choice = choose_size(documents, d)
    SaeConfig(d, choice.n, choice.k)
    assert choice.n % 8 == 0
    assert choice.n <= max(8, 8 * d)
    assert choice.n <= max(8, documents / 4)


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_more_documents_never_mean_fewer_features(first, second):
    few, many = sorted((first, second))
    assert choose_size(few, 384).n <= choose_size(many, 384).n


@pytest.mark.parametrize(("documents", "d"), [(0, 384), (-1, 384), (10, 0)])
def test_nothing_to_train_on_is_refused(documents, d):
    with pytest.raises(BuildError):
        choose_size(documents, d)
