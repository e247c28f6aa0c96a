"""How far the meaning of a term sets documents apart."""

import numpy as np
import pytest

from saetui.errors import EmbedderError
from saetui.interpret.judging.evidence import Evidence
from saetui.interpret.terms import separation
from saetui.interpret.terms.separation import separations
from saetui.progress import Silent

VECTORS = {"along": [2.0, 0.0], "across": [0.0, 2.0], "between": [1.0, 1.0], "nowhere": [0.0, 0.0]}
COVARIANCE = np.diag([0.04, 0.01]).astype(np.float32)


def evidence(shift, weights=(1.0, 1.0, 1.0, 1.0)):
    none, origin = np.empty(0, dtype=np.int32), np.zeros(2, dtype=np.float32)
    rows = np.arange(len(weights), dtype=np.int32)
    return Evidence(0, rows, np.array(weights), none, np.array(shift, np.float32), origin)


def embed(terms):
    return np.array([VECTORS[term] for term in terms], dtype=np.float32)


def found(terms, each, embed=embed, covariance=COVARIANCE):
    return separations({0: terms}, {0: each}, covariance, embed, Silent())


def test_shifts_are_measured_in_standard_errors():
    scores = found(list(VECTORS), evidence([0.1, 0.1]))
    # Shift over spread times the root of four documents.
    assert scores[0, "along"] == pytest.approx(0.1 / 0.2 * 2)
    assert scores[0, "across"] == pytest.approx(0.1 / 0.1 * 2)
    assert scores[0, "between"] == pytest.approx(0.2 / np.sqrt(0.05) * 2)
    assert scores[0, "nowhere"] == 0


def test_unequal_weights_are_worth_fewer_documents():
    scores = found(["along"], evidence([0.1, 0.0], weights=(1.0, 0.5)))
    assert scores[0, "along"] == pytest.approx(0.5 * 1.5 / np.sqrt(1.25))


def test_where_documents_do_not_differ_rounding_is_not_blown_up():
    noise = evidence([1e-7, -1e-7])
    scores = found(["along", "across"], noise, covariance=np.zeros((2, 2), np.float32))
    assert all(abs(score) < 0.01 for score in scores.values())


def test_each_term_is_embedded_once_in_batches_by_alphabet(monkeypatch):
    monkeypatch.setattr(separation, "_BATCH", 2)
    batches = []

    def noted(terms):
        batches.append(list(terms))
        return embed(terms)

    each = evidence([0.1, 0.1])
    terms = {0: ["between", "across"], 1: ["nowhere", "across"], 2: []}
    scores = separations(terms, dict.fromkeys(range(3), each), COVARIANCE, noted, Silent())
    assert batches == [["across", "between"], ["nowhere"]]
    assert set(scores) == {(0, "between"), (0, "across"), (1, "nowhere"), (1, "across")}


@pytest.mark.parametrize(
    "returned",
    [np.zeros((1, 3)), np.zeros((2, 2)), np.zeros(2), np.full((1, 2), np.nan), np.empty((0, 2))],
)
def test_an_embedder_that_returns_something_else_is_refused(returned):
    with pytest.raises(EmbedderError, match="width 2"):
        found(["along"], evidence([0.1, 0.1]), embed=lambda terms: returned)


def test_no_terms_need_no_embedder():
    assert found([], evidence([0.1, 0.1]), embed=None) == {}
