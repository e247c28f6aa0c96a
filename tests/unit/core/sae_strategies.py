"""Small sparse autoencoders and codes for property tests."""

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from saetui.core.codec import Codes, SaeWeights

Vectors = NDArray[np.float32]


def integers(draw: st.DrawFn, *shape: int, limit: int = 4) -> Vectors:
    """Whole numbers, with which single precision is exact; small ones, so that many are equal."""
    values = draw(
        st.lists(
            st.integers(-limit, limit), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))
        )
    )
    return np.array(values, dtype=np.float32).reshape(shape)


@st.composite
def integer_saes(draw: st.DrawFn) -> SaeWeights:
    """SAEs of whole numbers: what they compute does not depend on the order of summing."""
    n, d = draw(st.integers(1, 10)), draw(st.integers(1, 4))
    encoder = integers(draw, n, d)
    return SaeWeights(
        encoder,
        integers(draw, n),
        integers(draw, n, d),
        integers(draw, d, limit=2),
        draw(st.integers(1, n + 2)),
    )


@st.composite
def integer_inputs(draw: st.DrawFn) -> tuple[SaeWeights, Vectors]:
    """An SAE of whole numbers, and some embeddings of whole numbers; perhaps none."""
    weights = draw(integer_saes())
    return weights, integers(draw, draw(st.integers(0, 5)), weights.d)


@st.composite
def real_saes(draw: st.DrawFn) -> SaeWeights:
    """SAEs as they come out of training: real numbers, directions of unit norm."""
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d = draw(st.integers(1, 40)), draw(st.integers(1, 24))
    directions = unit_rows(random, n, d)
    return SaeWeights(
        random.standard_normal((n, d)).astype(np.float32),
        (0.1 * random.standard_normal(n)).astype(np.float32),
        directions,
        (0.3 * random.standard_normal(d)).astype(np.float32),
        draw(st.integers(1, n)),
    )


@st.composite
def sparse_codes(draw: st.DrawFn) -> Codes:
    """Codes with empty slots, unused features and many equal activations."""
    n, k = draw(st.integers(1, 8)), draw(st.integers(1, 4))
    documents = draw(st.integers(0, 12))
    indices = np.full((documents, k), -1, dtype=np.int32)
    values = np.zeros((documents, k), dtype=np.float32)
    for row in range(documents):
        features = draw(st.lists(st.integers(0, n - 1), unique=True, max_size=min(k, n)))
        activations = draw(
            st.lists(
                st.sampled_from([0.25, 0.5, 1.0, 3.0]),
                min_size=len(features),
                max_size=len(features),
            )
        )
        slots = sorted(zip(features, activations, strict=True), key=lambda s: (-s[1], s[0]))
        for slot, (feature, activation) in enumerate(slots):
            indices[row, slot], values[row, slot] = feature, activation
    return Codes(indices, values, n)


def unit_rows(random: np.random.Generator, rows: int, d: int) -> Vectors:
    """Random vectors of unit norm, `(rows, d)`."""
    vectors = random.standard_normal((rows, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def dense(codes: Codes) -> NDArray[np.float32]:
    """Codes as a matrix `(N, n)`."""
    z = np.zeros((len(codes.indices), codes.n), dtype=np.float32)
    rows, slots = np.nonzero(codes.indices >= 0)
    z[rows, codes.indices[rows, slots]] = codes.values[rows, slots]
    return z
