"""Find an embedding whose code is the one that the user asked for.

Decoding a changed code and encoding the result gives another code. So, starting from the decoded
code `x_0 = W_dec z' + b_pre`, a few gradient steps reduce

    L(x) = |encode(x) - z'|^2

With `A(x)` the features that are active in `encode(x)` or wanted by `z'`, a step goes along

    g = W_A^T (a_A(x) - z'_A),   a(x) = W_enc x + offset

For active features this is half the gradient of `L`. A feature that is wanted but not active has no
gradient and would never return, so its pre-activation takes part instead. The length of each step
is the best one as long as `A` does not change, `|g|^2 / |W_A g|^2`. The point with the smallest `L`
is the result. This is the paper's iterative encoding (O'Neill et al., arXiv 2408.00657), with a
step length that is computed instead of set.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, SaeWeights, decode, encode_dense, preactivations
from saetui.core.search import distinct

STEPS = 10

# Steps compute activations of the wanted features and of this many times k of the strongest.
_WATCHED = 4


@dataclass(frozen=True)
class Optimised:
    """An embedding, and how well its code agrees with the wanted code.

    Attributes:
        vector: `e'`, not normalised; float32 `(d,)`.
        before: `|encode(x_0) - z'|^2 / |z'|^2` of the decoded code; not divided if `z'` is zero.
        after: The same of `vector`; never more than `before`.
        steps: How many steps were made.
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
    """Move from the decoded code towards an embedding whose code is `target`.

    Activations of all features are computed twice, at the start and at the end. The steps between
    compute only those of the wanted and the strongest features, so each reads few rows of the
    encoder.

    Args:
        weights: Of the SAE.
        target: `z'`, dense float32 `(n,)`.
        steps: The most steps to make.
        interrupted: Called before each step; once it returns true, no further step is made.
    """
    start = decode(weights, target)
    activations = preactivations(weights, start)
    at_start = (
        encode_dense(weights, start)
        if weights.added
        else _kept(weights, activations, weights.threshold)
    )
    before = _error(at_start, target)
    watched = _watched(weights, activations, target)
    best, made = _descend(weights, watched, target, start, steps=steps, interrupted=interrupted)
    after = _error(encode_dense(weights, best), target) if made else before
    # A feature whose activation no step computed may have become active.
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
    """The best point on the way, and the number of steps made."""
    encoder, offset, target = weights.encoder[watched], weights.offset[watched], target[watched]
    threshold = weights.threshold_of(watched)
    x, best, least, made = start, start, np.inf, 0
    while True:
        activations = encoder @ x + offset
        codes = _kept(weights, activations, threshold)
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


def _kept(weights: SaeWeights, activations: Float, threshold: float | Float) -> Float:
    """`TopK(ReLU(a), k)` of pre-activations, dense; all that tie at the k-th place stay."""
    activations = np.where(activations > threshold, activations, np.float32(0))
    k = min(weights.k, len(activations))
    least = max(float(np.partition(activations, -k)[-k]), 0.0)
    return np.where(activations >= least, activations, np.float32(0))


def _error(codes: Float, target: Float) -> float:
    difference = codes - target
    return float(difference @ difference)
