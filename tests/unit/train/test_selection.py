import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from saetui.train.pairs import Encoder, largest, select

CPU = torch.device("cpu")


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 5),
    n=st.sampled_from([1, 7, 8, 64, 100, 256]),
    share=st.floats(0, 1),
    distinct=st.booleans(),
    seed=st.integers(0, 1_000),
)
def test_largest_finds_the_largest_numbers_and_where_they_are(rows, n, share, distinct, seed):
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(rows, n, generator=generator)
    if not distinct:
        a = a.round()
    k = max(1, round(share * n / 4))
    values, columns = largest(a, k)
    assert torch.equal(values.sort(dim=1).values, a.topk(k, dim=1).values.sort(dim=1).values)
    assert torch.equal(a.gather(1, columns), values)
    assert all(len(set(row)) == k for row in columns.tolist())


@pytest.fixture
def product():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 48, generator=generator)
    weight = torch.randn(512, 48, generator=generator)
    bias = torch.randn(512, generator=generator)
    return x, weight, bias


def test_screening_selects_what_float32_selects_with_its_values(product):
    x, weight, bias = product
    exact = Encoder(len(x), *weight.shape, False, CPU)(x, weight, bias)
    screened = Encoder(len(x), *weight.shape, True, CPU)(x, weight, bias)
    assert screened.dtype == torch.bfloat16
    assert not torch.equal(screened.float(), exact)
    for a in (exact, screened):
        values, latents = select(a, 16, x, weight, bias)
        places = latents.argsort(dim=1)
        expected = exact.topk(16, dim=1)
        by_number = expected.indices.argsort(dim=1)
        assert torch.equal(latents.gather(1, places), expected.indices.gather(1, by_number))
        torch.testing.assert_close(values.gather(1, places), expected.values.gather(1, by_number))


@pytest.mark.parametrize("screening", [False, True])
def test_selection_among_some_latents_gives_their_own_numbers(product, screening):
    x, weight, bias = product
    among = torch.tensor([3, 70, 71, 400, 511])
    a = Encoder(len(x), *weight.shape, screening, CPU)(x, weight, bias)
    values, latents = select(a[:, among], 2, x, weight, bias, among=among)
    assert set(latents.unique().tolist()) <= set(among.tolist())
    exact = x @ weight.T + bias
    torch.testing.assert_close(values, exact.gather(1, latents))
    torch.testing.assert_close(
        values.sort(dim=1, descending=True).values, exact[:, among].topk(2, dim=1).values
    )


def test_smaller_batches_fit_the_same_memory(product):
    x, weight, bias = product
    encoder = Encoder(len(x), *weight.shape, False, CPU)
    torch.testing.assert_close(encoder(x[:3], weight, bias), x[:3] @ weight.T + bias)
