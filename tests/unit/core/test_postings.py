"""Postings hold exactly what the codes hold."""

import numpy as np
from hypothesis import given
from sae_strategies import dense, sparse_codes

from saetui.core.codec import Codes, build_postings


@given(sparse_codes())
def test_postings_hold_every_activation_once(codes: Codes) -> None:
    postings = build_postings(codes)
    z = np.zeros((len(codes.indices), codes.n), dtype=np.float32)
    for feature in range(codes.n):
        rows, values = postings.documents(feature)
        assert len(set(rows.tolist())) == len(rows)
        z[rows, feature] = values
    assert np.array_equal(z, dense(codes))
    assert len(postings.rows) == (codes.indices >= 0).sum()


@given(sparse_codes())
def test_documents_come_strongest_first_and_equal_ones_in_order(codes: Codes) -> None:
    postings = build_postings(codes)
    for feature in range(codes.n):
        rows, values = postings.documents(feature)
        order = list(zip((-values).tolist(), rows.tolist(), strict=True))
        assert order == sorted(order)


@given(sparse_codes())
def test_every_feature_owns_one_span(codes: Codes) -> None:
    postings = build_postings(codes)
    assert postings.n == codes.n
    assert postings.indptr[0] == 0
    assert postings.indptr[-1] == len(postings.rows) == len(postings.values)
    assert np.array_equal(postings.counts(), np.count_nonzero(dense(codes), axis=0))
    types = (postings.indptr.dtype, postings.rows.dtype, postings.values.dtype)
    assert types == (np.int64, np.int32, np.float32)
