"""Steering by what documents activate: scores are exact, and few documents need to be looked at."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sae_strategies import dense, real_saes, sparse_codes, unit_rows

from saetui.core.code_scores import added_scores, best_by_codes, rewards
from saetui.core.codec import Codes, encode, encode_dense
from saetui.core.explain import explain_codes
from saetui.core.postings import build_postings
from saetui.core.search import cosines, top

amounts = st.sampled_from([-2.0, -0.5, -0.25, 0.0, 0.25, 0.5, 2.0])


@given(sparse_codes(), st.data())
def test_rewards_are_the_changes_times_relative_activations(
    codes: Codes, data: st.DataObject
) -> None:
    changes = np.array([data.draw(amounts) for _ in range(codes.n)], dtype=np.float32)
    postings, documents = build_postings(codes), len(codes.indices)
    z = dense(codes)
    strongest = z.max(axis=0, initial=0)
    relative = z / np.where(strongest > 0, strongest, 1)
    np.testing.assert_allclose(
        added_scores(postings, changes, documents), relative @ changes, atol=1e-6
    )
    rows = np.array(data.draw(st.permutations(range(documents))), dtype=np.int64)
    found = rewards(postings, changes, rows)
    assert sorted(found) == np.flatnonzero(changes).tolist()
    for feature, reward in found.items():
        np.testing.assert_allclose(reward, (relative[:, feature] * changes[feature])[rows])


@given(sparse_codes(), st.data())
def test_a_family_is_rewarded_as_its_members_are(codes: Codes, data: st.DataObject) -> None:
    changes = np.array([data.draw(amounts) for _ in range(codes.n)], dtype=np.float32)
    postings, documents = build_postings(codes), len(codes.indices)
    together = added_scores(postings, changes, documents)
    one_by_one = np.zeros(documents, dtype=np.float32)
    for feature in range(codes.n):
        alone = np.zeros_like(changes)
        alone[feature] = changes[feature]
        one_by_one += added_scores(postings, alone, documents)
    np.testing.assert_allclose(together, one_by_one, atol=1e-6)


@pytest.mark.parametrize("first_look", [1, 3, 50])
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.lists(st.floats(-2, 2, width=32), min_size=1, max_size=4),
    st.booleans(),
)
def test_looking_at_few_documents_finds_what_looking_at_all_finds(
    first_look: int, seed: int, limit: int, sizes: list[float], filtered: bool
) -> None:
    random = np.random.default_rng(seed)
    documents = 60
    embeddings = unit_rows(random, documents, 6)
    e = unit_rows(random, 1, 6)[0]
    added = np.zeros(documents, dtype=np.float32)
    for size in sizes:
        rows = random.choice(documents, 20, replace=False)
        added[rows] += np.float32(size) * random.random(20).astype(np.float32)
    wanted = random.random(documents) < 0.5 if filtered else np.ones(documents, dtype=bool)
    added[~wanted] = -np.inf
    plain = cosines(e, embeddings)
    order = [row for row in top(plain, documents).tolist() if wanted[row]]
    deepest = 0

    def nearest(depth: int) -> tuple[np.ndarray, np.ndarray]:
        nonlocal deepest
        deepest = depth
        rows = np.array(order[:depth], dtype=np.int64)
        return rows, plain[rows]

    rows, scores = best_by_codes(
        added,
        limit,
        nearest,
        lambda rows: plain[rows],
        first_nearest=first_look,
        first_strongest=first_look,
    )
    everything = plain + added
    best = top(everything, min(limit, int(wanted.sum())))
    assert rows[: len(best)].tolist() == best.tolist()
    assert scores[: len(best)].tolist() == everything[best].tolist()
    assert deepest >= limit


def test_raised_features_need_no_deeper_look() -> None:
    random = np.random.default_rng(0)
    embeddings, e = unit_rows(random, 5_000, 8), unit_rows(random, 1, 8)[0]
    added = np.zeros(5_000, dtype=np.float32)
    added[random.choice(5_000, 400, replace=False)] = random.random(400)
    plain = cosines(e, embeddings)
    asked = []

    def nearest(depth: int) -> tuple[np.ndarray, np.ndarray]:
        asked.append(depth)
        rows = top(plain, depth)
        return rows, plain[rows]

    rows, _ = best_by_codes(added, 10, nearest, lambda rows: plain[rows])
    assert asked == [300]
    assert rows.tolist() == top(plain + added, 10).tolist()


@given(real_saes(), st.integers(0, 2**32 - 1), st.booleans())
def test_terms_add_up_to_the_score_in_codes(weights, seed: int, with_query: bool) -> None:
    random = np.random.default_rng(seed)
    embeddings = unit_rows(random, 20, weights.d)
    postings = build_postings(encode(weights, embeddings))
    e = unit_rows(random, 1, weights.d)[0] * np.float32(with_query)
    z = encode_dense(weights, e) if with_query else np.zeros(weights.n, dtype=np.float32)
    changes = np.zeros(weights.n, dtype=np.float32)
    changes[random.integers(weights.n, size=3)] = random.uniform(-1, 1, 3)
    rows = random.permutation(20)[:7]
    scores = cosines(e, embeddings[rows]) + added_scores(postings, changes, 20)[rows]
    found = explain_codes(weights, z, e, embeddings[rows], rewards(postings, changes, rows))
    np.testing.assert_allclose([each.total for each in found], scores, atol=1e-5)
    for each in found:
        named = [feature for feature, _ in each.features]
        assert sorted(named) == np.flatnonzero((z != 0) | (changes != 0)).tolist()
