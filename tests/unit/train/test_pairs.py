import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.train.pairs import LatentOrder, Pairs, decode, products, sums


@st.composite
def coded_batches(draw):
    """A dense code matrix with `k` slots a row, some of them zero, and vectors to combine."""
    rows, n, d = draw(st.integers(1, 6)), draw(st.integers(1, 9)), draw(st.integers(1, 5))
    k = draw(st.integers(1, n))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 1_000)))
    latents = torch.rand(rows, n, generator=generator).topk(k, dim=1).indices
    values = torch.rand(rows, k, generator=generator) - 0.3
    return (
        latents,
        values.relu(),
        torch.randn(n, d, generator=generator),
        torch.randn(rows, d, generator=generator),
    )


@settings(max_examples=60, deadline=None)
@given(coded_batches())
def test_the_three_operations_equal_dense_products(batch):
    latents, values, directions, of_rows = batch
    n, rows = len(directions), len(of_rows)
    codes = torch.zeros(rows, n).scatter(1, latents, values)
    pairs = Pairs.from_matrix(latents, values)
    ordered = LatentOrder.of(pairs.rows, pairs.latents, n)

    torch.testing.assert_close(decode(pairs, directions), codes @ directions)
    dense = of_rows @ directions.T
    torch.testing.assert_close(
        products(ordered, directions, of_rows), dense[ordered.rows, ordered.latents]
    )
    weights = pairs.values[ordered.order]
    blocks = [total for _, total in sums(ordered, weights, of_rows)]
    torch.testing.assert_close(torch.cat(blocks), codes.T @ of_rows)


def test_sums_come_in_blocks_that_cover_all_latents():
    ordered = LatentOrder.of(torch.tensor([0, 0, 1]), torch.tensor([4, 0, 4]), 5)
    weights = torch.tensor([1.0, 2.0, 3.0])
    seen = list(sums(ordered, weights, torch.eye(2, 3), block_bytes=2 * 4 * 3))
    assert [(block.start, block.stop) for block, _ in seen] == [(0, 2), (2, 4), (4, 5)]
    expected = torch.zeros(5, 3)
    expected[0, 0], expected[4, 0], expected[4, 1] = 1, 2, 3
    torch.testing.assert_close(torch.cat([total for _, total in seen]), expected)


def test_pairs_of_one_latent_stay_in_the_order_of_rows():
    ordered = LatentOrder.of(torch.tensor([0, 1, 2, 3]), torch.tensor([1, 0, 1, 1]), 3)
    assert ordered.latents.tolist() == [0, 1, 1, 1]
    assert ordered.rows.tolist() == [1, 0, 2, 3]
    assert ordered.starts.tolist() == [0, 1, 4, 4]


def test_joined_pairs_decode_like_their_parts():
    first = Pairs.from_matrix(torch.tensor([[0, 2]]), torch.tensor([[1.0, 0.5]]))
    second = Pairs.from_matrix(torch.tensor([[1], [2]]), torch.tensor([[2.0], [3.0]]))
    directions = torch.eye(3)
    both = decode(first.followed_by(second), directions)
    assert both.tolist() == [[1.0, 0.0, 0.5], [0.0, 2.0, 0.0], [0.0, 0.0, 3.0]]


@pytest.mark.parametrize("rows", [1, 3])
def test_one_latent_of_one_slot(rows):
    pairs = Pairs.from_matrix(torch.zeros(rows, 1, dtype=torch.int64), torch.ones(rows, 1))
    assert decode(pairs, torch.tensor([[2.0, 3.0]])).tolist() == [[2.0, 3.0]] * rows
