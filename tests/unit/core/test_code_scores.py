"""Steering by what documents activate: what changes add is their share of the strongest."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sae_strategies import dense, sparse_codes

from saetui.core.codec import Codes, build_postings
from saetui.core.scores import AddedScores
from saetui.core.steering import rewards

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
    found = rewards(postings, changes)
    added = AddedScores.of(found.values(), documents)
    assert added.base == 0
    np.testing.assert_allclose(added.scores, relative @ changes, atol=1e-6)
    rows = np.array(data.draw(st.permutations(range(documents))), dtype=np.int64)
    assert sorted(found) == np.flatnonzero(changes).tolist()
    for feature, term in found.items():
        np.testing.assert_allclose(term.of(rows), (relative[:, feature] * changes[feature])[rows])


@given(sparse_codes(), st.data())
def test_a_family_is_rewarded_as_its_members_are(codes: Codes, data: st.DataObject) -> None:
    changes = np.array([data.draw(amounts) for _ in range(codes.n)], dtype=np.float32)
    postings, documents = build_postings(codes), len(codes.indices)
    together = AddedScores.of(rewards(postings, changes).values(), documents).scores
    one_by_one = np.zeros(documents, dtype=np.float32)
    for feature in range(codes.n):
        alone = np.zeros_like(changes)
        alone[feature] = changes[feature]
        one_by_one += AddedScores.of(rewards(postings, alone).values(), documents).scores
    np.testing.assert_allclose(together, one_by_one, atol=1e-6)
