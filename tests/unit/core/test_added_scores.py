"""Sums of cosines and terms: the best are found by looking at few documents, and terms add up."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sae_strategies import real_saes, unit_rows

from saetui.core.codec import build_postings, encode, encode_dense
from saetui.core.scores import AddedScores, Term, best_by_sum, cosines, explain_sum, top
from saetui.core.steering import rewards, shown, steered_vector, turned_off

_elsewhere = st.sampled_from([0.0, 0.0, -0.25, -np.inf])


@pytest.mark.parametrize("first_look", [1, 3, 50])
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.lists(st.tuples(st.floats(-2, 2, width=32), _elsewhere), min_size=1, max_size=4),
    st.booleans(),
)
def test_looking_at_few_documents_finds_what_looking_at_all_finds(
    first_look: int, seed: int, limit: int, sizes: list[tuple[float, float]], filtered: bool
) -> None:
    random = np.random.default_rng(seed)
    documents = 60
    embeddings = unit_rows(random, documents, 6)
    e = unit_rows(random, 1, 6)[0]
    terms = []
    for size, elsewhere in sizes:
        rows = random.choice(documents, 20, replace=False)
        values = np.float32(size) * random.random(20).astype(np.float32)
        terms.append(Term(rows, values, elsewhere))
    added = AddedScores.of(terms, documents)
    alone = [term.of(np.arange(documents)) for term in terms]
    np.testing.assert_allclose(added.scores, np.sum(alone, axis=0), atol=1e-6)
    wanted = random.random(documents) < 0.5 if filtered else np.ones(documents, dtype=bool)
    added.scores[~wanted] = -np.inf
    plain = cosines(e, embeddings)
    order = [row for row in top(plain, documents).tolist() if wanted[row]]

    def nearest(depth: int) -> tuple[np.ndarray, np.ndarray]:
        rows = np.array(order[:depth], dtype=np.int64)
        return rows, plain[rows]

    rows, scores = best_by_sum(
        added, limit, nearest, lambda rows: plain[rows], (first_look, first_look)
    )
    everything = plain + added.scores
    best = top(everything, limit)
    best = best[np.isfinite(everything[best])]
    assert rows.tolist() == best.tolist()
    assert scores.tolist() == everything[best].tolist()


@pytest.mark.parametrize("elsewhere", [0.0, -0.5, -np.inf])
def test_what_is_raised_needs_no_deeper_look(elsewhere: float) -> None:
    random = np.random.default_rng(0)
    embeddings, e = unit_rows(random, 5_000, 8), unit_rows(random, 1, 8)[0]
    rows = random.choice(5_000, 400, replace=False)
    added = AddedScores.of([Term(rows, random.random(400).astype(np.float32), elsewhere)], 5_000)
    plain = cosines(e, embeddings)
    asked = []

    def nearest(depth: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(depth)
        rows = top(plain, depth)
        return rows, plain[rows]

    found, _ = best_by_sum(added, 10, nearest, lambda rows: plain[rows])
    assert asked == [300]
    assert found.tolist() == top(plain + added.scores, 10).tolist()


@given(real_saes(), st.integers(0, 2**32 - 1), st.booleans(), st.booleans())
def test_terms_add_up_to_the_score(weights, seed: int, with_query: bool, both: bool) -> None:
    random = np.random.default_rng(seed)
    embeddings = unit_rows(random, 20, weights.d)
    postings = build_postings(encode(weights, embeddings))
    e = unit_rows(random, 1, weights.d)[0] * np.float32(with_query)
    z = encode_dense(weights, e) if with_query else np.zeros(weights.n, dtype=np.float32)
    code = z.copy()
    code[random.integers(weights.n, size=3)] += random.uniform(-1, 1, 3).astype(np.float32)
    code[random.integers(weights.n, size=2)] = 0
    off = turned_off(z, code)
    vector = steered_vector(weights, e, z, code, "both" if both else "codes")
    changes = np.where(off, 0, code - z).astype(np.float32)
    terms = rewards(postings, changes)
    if both:
        words = Term(np.array([1, 4]), np.array([2.0, 3.0], dtype=np.float32))
        terms = {i: shown(postings, i, words).changed(float(changes[i])) for i in terms}
    rows = random.permutation(20)[:7]
    scores = AddedScores.of(terms.values(), 20).scores[rows]
    if vector.any():
        scores = scores + cosines(vector, embeddings[rows])
    of_rows = {i: term.of(rows) for i, term in terms.items()}
    kept = np.where(off, 0, z).astype(np.float32)
    found = explain_sum(weights, kept, vector, embeddings[rows], of_rows)
    totals = np.array([each.total for each in found])
    np.testing.assert_allclose(totals, scores, atol=1e-5)
    for each in found:
        named = [feature for feature, _ in each.features]
        assert sorted(named) == np.flatnonzero((kept != 0) | (changes != 0)).tolist()
        assert not set(named) & set(np.flatnonzero(off).tolist())
