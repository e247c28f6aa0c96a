"""Which documents labellers and judges are shown."""

import numpy as np
import pytest

from saetui.core.codec import Codes, build_postings
from saetui.core.features import decile_positions
from saetui.interpret.judging.evidence import HARD_NEGATIVES, Sample, gather_evidence
from saetui.interpret.judging.split import restricted
from saetui.interpret.judging.trials import PER_DECILE, STRONGEST, ExampleSource

N, D, FEATURES = 900, 16, 6


@pytest.fixture(scope="module")
def corpus():
    rng = np.random.default_rng(0)
    embeddings = rng.normal(size=(N, D)).astype(np.float32)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    indices = rng.integers(0, FEATURES - 2, (N, 1)).astype(np.int32)
    indices[:3] = FEATURES - 2  # A rare feature; the last one is dead.
    values = rng.uniform(0.1, 1, (N, 1)).astype(np.float32)
    postings = build_postings(Codes(indices, values, FEATURES))
    rows = np.arange(N, dtype=np.int32)
    return embeddings, postings, rows[rows % 5 < 3], rows[rows % 5 >= 3]


def drawn(corpus, part, seed=0):
    embeddings, postings, labelling, _ = corpus
    seen = restricted(postings, labelling)
    evidence = gather_evidence(seen, embeddings, Sample(embeddings, labelling))
    return list(ExampleSource(postings, embeddings, part, seed=seed).draw(evidence))


def rows_of(each):
    return np.concatenate([each.strongest, each.deciles, each.near_misses, each.random])


def test_parts_share_no_document_and_no_kind_has_one_twice(corpus):
    _, _, labelling, held_out = corpus
    for part in (labelling, held_out):
        for each in drawn(corpus, part):
            assert set(rows_of(each)) <= set(part)
            for kind in (each.strongest, each.deciles, each.near_misses, each.random):
                assert len(set(kind)) == len(kind)


def test_active_documents_are_active_and_the_others_are_not(corpus):
    _, postings, _, held_out = corpus
    for each in drawn(corpus, held_out):
        active = set(postings.documents(each.feature)[0])
        assert set(each.strongest) | set(each.deciles) <= active
        assert not (set(each.near_misses) | set(each.random)) & active


def test_deciles_are_those_of_all_documents_and_strongest_come_first(corpus):
    _, postings, _, held_out = corpus
    each = drawn(corpus, held_out)[0]
    order = postings.documents(each.feature)[0].tolist()
    bounds = [span[0] for span in decile_positions(len(order), len(order))]
    tenths = np.searchsorted(bounds, [order.index(row) for row in each.deciles], side="right")
    assert tenths.tolist() == np.repeat(np.arange(1, 11), PER_DECILE).tolist()
    assert each.strongest.tolist() == [row for row in order[:STRONGEST] if row in held_out]


def test_near_misses_are_nearer_than_chance(corpus):
    embeddings, postings, _, held_out = corpus
    seen = restricted(postings, corpus[2])
    evidence = gather_evidence(seen, embeddings, Sample(embeddings, corpus[2]))
    limit = round(HARD_NEGATIVES * len(held_out) / N)
    for each, about in zip(drawn(corpus, held_out), evidence, strict=True):
        inactive = np.setdiff1d(held_out, postings.documents(each.feature)[0])
        nearest = inactive[np.argsort(-embeddings[inactive] @ about.centroid)][:limit]
        assert set(each.near_misses) <= set(nearest)


def test_the_seed_decides_and_nothing_else(corpus):
    held_out = corpus[3]
    one, same, other = (drawn(corpus, held_out, seed) for seed in (1, 1, 2))
    assert all((rows_of(a) == rows_of(b)).all() for a, b in zip(one, same, strict=True))
    assert any(set(a.random) != set(b.random) for a, b in zip(one, other, strict=True))


def test_rare_features_have_what_there_is(corpus):
    rare = drawn(corpus, corpus[2])[-1]
    assert rare.feature == FEATURES - 2
    assert sorted(rare.deciles) == sorted(rare.strongest) == [0, 1, 2]
    assert len(rare.random) == STRONGEST


def test_a_feature_that_is_always_on_has_no_inactive_documents():
    embeddings = np.eye(8, dtype=np.float32)
    postings = build_postings(Codes(np.zeros((8, 1), np.int32), np.ones((8, 1), np.float32), 1))
    part = np.arange(8, dtype=np.int32)
    (each,) = drawn((embeddings, postings, part, part), part)
    assert len(each.near_misses) == len(each.random) == 0
    assert sorted(each.deciles) == part.tolist()


def test_nothing_can_be_drawn_from_no_documents(corpus):
    assert drawn(corpus, np.empty(0, np.int32)) == []
