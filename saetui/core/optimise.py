"""Find an embedding whose code is the one that the user asked for.

Decoding a changed code and encoding it again does not give that code back. From
`x_0 = W_dec z' + b_pre` a few steps descend

    L(x) = |encode(x) - z'|^2

With `A(x)` the features that are active in `encode(x)` or wanted by `z'`, a step goes along

    g = W_A^T (a_A(x) - z'_A),   a(x) = W_enc x + offset

which is half the gradient of `L` over the active features; those that are wanted but not active
are pulled by their pre-activation, since their own gradient is zero and they could never return.
The length of each step is that which is best while `A` stays as it is, `|g|^2 / |W_A g|^2`. The
point of the smallest `L` met is kept. This is the paper's iterative encoding (O'Neill et al., arXiv
2408.00657), with the step length found rather than set.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, SaeWeights, decode, encode_dense, preactivations
from saetui.core.search import distinct

STEPS = 10

# Beside the wanted features, this many times k of the strongest are watched while stepping.
_WATCHED = 4


@dataclass(frozen=True)
class Optimised:
    """An embedding and how well its code agrees with the wanted one.

    Attributes:
        vector: `e'`, not normalised; float32 `(d,)`.
        before: `|encode(x_0) - z'|^2 / |z'|^2` of the decoded code; not divided where `z'` is 0.
        after: The same of `vector`; never more than `before`.
        steps: How many were made.
    """

    vector: Float
    before: float
    after: float
    steps: int


def optimise(
    weights: SaeWeights,
    target: Float,
    steps: int = STEPS,
    interrupted: Callable[[], bool] = lambda: False,
) -> Optimised:
    """Descend from the decoded code towards an embedding whose code is `target`.

    All features are looked at twice, before and after; in between only the wanted ones and those
    that are near to being active, so that a step reads few rows of the encoder.

    Args:
        weights: Of the SAE.
        target: `z'`, dense float32 `(n,)`.
        steps: How many at most.
        interrupted: Asked before each step; when it is true, what was reached is returned.
    """
    start = decode(weights, target)
    activations = preactivations(weights, start)
    before = _error(_kept(weights, activations), target)
    watched = _watched(weights, activations, target)
    best, made = _descend(weights, watched, target, start, steps=steps, interrupted=interrupted)
    after = _error(encode_dense(weights, best), target) if made else before
    # A feature that was not watched may have become active.
    if after > before:
        best, after = start, before
    scale = float(target @ target) or 1.0
    return Optimised(best, before / scale, after / scale, made)


def _watched(weights: SaeWeights, activations: Float, target: Float) -> NDArray[np.intp]:
    count = min(_WATCHED * weights.k, weights.n)
    strongest = np.argpartition(-activations, count - 1)[:count]
    return distinct(strongest, np.flatnonzero(target))


def _descend(
    weights: SaeWeights,
    watched: NDArray[np.intp],
    target: Float,
    start: Float,
    *,
    steps: int,
    interrupted: Callable[[], bool],
) -> tuple[Float, int]:
    """The best point met, and the number of steps made."""
    encoder, offset, target = weights.encoder[watched], weights.offset[watched], target[watched]
    x, best, least, made = start, start, np.inf, 0
    while True:
        activations = encoder @ x + offset
        codes = _kept(weights, activations)
        error = _error(codes, target)
        if error < least:
            best, least = x, error
        if made == steps or interrupted():
            return best, made
        attended = (codes > 0) | (target != 0)
        rows = encoder[attended]
        gradient = (activations - target)[attended] @ rows
        along = rows @ gradient
        curvature = float(along @ along)
        if not curvature > 0:
            return best, made
        x = x - np.float32(float(gradient @ gradient) / curvature) * gradient
        made += 1


def _kept(weights: SaeWeights, activations: Float) -> Float:
    """`TopK(ReLU(a), k)` of pre-activations, dense; all that tie at the k-th place are kept."""
    k = min(weights.k, len(activations))
    least = max(float(np.partition(activations, -k)[-k]), 0.0)
    chosen = (activations >= least) & (activations > weights.threshold)
    return np.where(chosen, activations, np.float32(0))


def _error(codes: Float, target: Float) -> float:
    difference = codes - target
    return float(difference @ difference)
