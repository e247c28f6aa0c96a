"""How members of a family occur together, against the dense products that this stands for."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from test_co_occurrence import dense, random_codes

from saetui.core.codec import Codes, build_postings
from saetui.interpret.families.co_occurrence import Activations, co_occurrence_block


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 2**32), pair=st.sampled_from([0, 1, 1_000_000]))
def test_a_block_is_the_dense_matrix_of_its_features(seed, pair):
    codes = random_codes(seed)
    features = np.array([7, 0, 3, 11])
    activations = Activations.of(build_postings(codes), [*features, 5]).of_first(4)
    # Pairs are listed, or a matrix is multiplied.
    block = co_occurrence_block(activations, pair_cost=pair)
    matrix = dense(codes)[:, features]
    np.testing.assert_array_equal(block.counts, (matrix > 0).T.astype(int) @ (matrix > 0))
    norms = np.linalg.norm(matrix, axis=0)
    norms[norms == 0] = 1
    cosines = (matrix / norms).T @ (matrix / norms)
    np.testing.assert_allclose(block.similarities, cosines, rtol=1e-6)


def test_many_activations_are_counted_in_parts():
    activations = Activations.of(build_postings(random_codes(3)), np.arange(12))
    block = co_occurrence_block(activations)
    assert len(list(activations.blocks(3))) > 3
    again = co_occurrence_block(activations, block_length=3)
    np.testing.assert_array_equal(again.counts, block.counts)
    np.testing.assert_allclose(again.similarities, block.similarities, rtol=1e-12)


def test_features_that_are_never_active_have_an_empty_block():
    codes = Codes(np.full((3, 2), -1, np.int32), np.zeros((3, 2), np.float32), 4)
    block = co_occurrence_block(Activations.of(build_postings(codes), np.arange(4)))
    assert not block.counts.any()
    assert not block.similarities.any()
