"""Steer a query: change what it asks for, feature by feature.

Let `e` be the query's embedding of unit norm, `z = encode(e)` its code, `z'` the code after the
user's changes, and `x` a document's embedding of unit norm. The document's score is

    both      cosine(e, x) + RATE sum_i ln f_i(x)
    codes     cosine(e, x) + sum_i (z'_i - z_i) z_i(x) / max_i
    delta     cosine(e', x),  e' = e + W_dec (z' - z)
    decode    cosine(e', x),  e' = W_dec z' + b_pre
    optimise  cosine(e', x),  e' close to W_dec z' + b_pre, with encode(e') close to z'

A change of 1 weighs as much as the whole query. In `delta` that is because a feature's direction
and the query both have unit norm; in `codes` the document that activates the feature most gains 1,
the largest cosine that there is. In `both` and `codes` a feature that is turned off (`z'_i = 0`) is
taken out of `e`, so that it adds nothing to any score.

`codes` rewards documents for the features that they activate, so that more of one thing makes up
for less of another: `z_i(x)` is the document's activation and `max_i` the strongest in the corpus.

`both` asks for documents about the query and what was raised, but not what was lowered:

    raised by s    f_i(x) = 1 - s + s F_i(x)       from "prefer" (a small s) to "require" (1)
    lowered by s   f_i(x) = 1 - s F_i(x)           "but not"

A sum of logarithms is the logarithm of a product, so a document must be good in every respect: what
it lacks of one cannot be made up for by more of another. `F_i(x)`, from 0 to 1, is how far the
document shows the feature. It is read from its activation and from the words of the feature,

    p(x) = logistic(-4.3 + 5 L(x) + 2.8 T(x) + 1.4 sqrt(a(x)))
    F(x) = (p(x) - p0) / (1 - p0),    p0 = logistic(-4.3)

with `a` the activation as a share of the strongest in the corpus, `L` the BM25 of the label's words
and `T` that of the feature's terms, each as a share of the highest. `p` estimates how likely the
label is true of the document: a logistic regression on 1,491 pairs of label and abstract in
astrophysics, of which a language model said so that read them blind. `F` is 0 for documents that
show nothing of it. Where no document has any of the words, `F` is the root of the activation.

`delta` keeps the part of the query that the SAE does not explain, so without changes it is the
plain search. `decode` and `optimise` search only by what the SAE explains, like the paper's web
application and its iterative encoding (O'Neill et al., arXiv 2408.00657). Decoding a changed code
and encoding the result gives another code. So, starting from the decoded code
`x_0 = W_dec z' + b_pre`, `optimise` makes a few gradient steps that reduce

    L(x) = |encode(x) - z'|^2

With `A(x)` the features that are active in `encode(x)` or wanted by `z'`, a step goes along

    g = W_A^T (a_A(x) - z'_A),   a(x) = W_enc x + offset

For active features this is half the gradient of `L`. A feature that is wanted but not active has no
gradient and would never return, so its pre-activation takes part instead. The length of each step
is the best one as long as `A` does not change, `|g|^2 / |W_A g|^2`, where the paper sets it. The
point with the smallest `L` is the result.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import Mode, Steering
from saetui.core.codec import Float, Postings, SaeWeights, decode, encode_dense, preactivations
from saetui.core.features import check_feature
from saetui.core.scores import Rows, Term, distinct
from saetui.errors import InputError

# A query has unit norm, and single precision has seven digits: next to more than this it vanishes.
_STRONGEST = 1e6


def steer_code(
    z: Float, steering: Steering, solo: int | None = None, muted: Collection[int] = ()
) -> Float:
    """`z'`: a copy of the dense code `z` `(n,)` with every change applied.

    Args:
        z: The query's dense code.
        steering: Changes by feature.
        solo: The only feature to keep after the changes; None keeps all.
        muted: Features to turn off after the changes.

    Raises:
        InputError: A change, `solo` or `muted` names a feature that the SAE does not have, or an
            activation becomes larger than 1,000,000 or not a number.
    """
    steered = z.copy()
    for feature in (*steering, *(() if solo is None else (solo,)), *muted):
        check_feature(feature, len(z))
    for feature, change in steering.items():
        value = change.apply(float(z[feature]))
        if not abs(value) <= _STRONGEST:
            raise InputError(
                f"Feature {feature} cannot be steered to {value:g}.",
                "An activation of 1 weighs as much as the whole query.",
            )
        steered[feature] = value
    if solo is not None:
        kept = steered[solo]
        steered[:] = 0
        steered[solo] = kept
    steered[list(muted)] = 0
    return steered


def turned_off(z: Float, steered: Float) -> NDArray[np.bool_]:
    """Which features the query has and the steered code has not, bool `(n,)`."""
    off: NDArray[np.bool_] = (z != 0) & (steered == 0)
    return off


def steered_vector(weights: SaeWeights, e: Float, z: Float, steered: Float, mode: Mode) -> Float:
    """`e'`, not normalised; float32 `(d,)`.

    It is `e` itself in `delta` if nothing changed, and in `both` and `codes` if nothing is off.
    """
    match mode:
        case "both" | "codes":
            steered = np.where(turned_off(z, steered), 0, z)
        case "decode":
            return decode(weights, steered)
        case "optimise":
            return optimise(weights, steered).vector
    changed = np.flatnonzero(steered != z)
    if not len(changed):
        return e
    difference = (steered[changed] - z[changed]).astype(np.float32)
    return (e + difference @ weights.directions[changed]).astype(np.float32)


def reward(postings: Postings, feature: int, change: float) -> Term:
    """What a change of one feature adds to the documents that activate it."""
    rows, values = postings.documents(feature)
    # The strongest document comes first.
    factor = np.float32(change / float(values[0]) if len(values) else 0)
    return Term(rows.astype(np.int64), factor * values)


def rewards(postings: Postings, changes: Float) -> dict[int, Term]:
    """Terms of all changed features; `changes` is `z' - z`, dense `(n,)`."""
    changed = np.flatnonzero(changes).tolist()
    return {feature: reward(postings, feature, float(changes[feature])) for feature in changed}


RATE: Final = 0.15
"""What a factor of 1/e costs, as a cosine. At 0.3 fewer of the first ten results are about the
query and not more about both: .35 instead of .49, .26 instead of .27, on 46 queries of a few words
(a language model that read 836 abstracts blind). Neither there nor on 80 further queries was any
other rate from 0.1 to 0.3 better."""


_NOTHING, _LABEL, _TERMS, _ROOT = -4.3, 5.0, 2.8, 1.4


NO_WORDS: Final = Term(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
"""What words that no document has are in."""


@dataclass(frozen=True)
class Shown:
    """How far documents show a feature.

    Attributes:
        rows: Documents that show it at all, int64 `(m,)`, ascending.
        degrees: `F`, float32 `(m,)`, above 0 and at most 1.
    """

    rows: Rows
    degrees: Float

    def changed(self, change: float) -> Term:
        """The term of the feature after a change by `z' - z`; beyond 1 a change does no more."""
        # In single precision the difference of two activations may fall short of a whole 1.
        s = min(round(abs(change), 6), 1.0)
        if change < 0:
            return Term(self.rows, _log(1 - s * self.degrees))
        return Term(self.rows, _log(1 - s + s * self.degrees), float(_log(np.float32(1 - s))))


def shown(
    postings: Postings, feature: int, label: Term = NO_WORDS, terms: Term = NO_WORDS
) -> Shown:
    """How far each document shows a feature.

    Args:
        postings: Of the SAE.
        feature: Its number.
        label: Documents with words of its label, and their BM25 on any scale.
        terms: The same for the terms that the label was chosen from.
    """
    active, activations = postings.documents(feature)
    if not len(label.rows) and not len(terms.rows):
        order = np.argsort(active)
        degrees = np.sqrt(activations / activations[0]) if len(active) else activations
        return Shown(active[order].astype(np.int64), degrees[order].astype(np.float32))
    rows = distinct(active, label.rows, terms.rows)
    evidence = np.full(len(rows), _NOTHING, dtype=np.float32)
    if len(active):
        evidence[np.searchsorted(rows, active)] += _ROOT * np.sqrt(activations / activations[0])
    for words, weight in ((label, _LABEL), (terms, _TERMS)):
        if len(words.rows) and words.values.max() > 0:
            share = np.float32(weight / words.values.max()) * words.values
            evidence[np.searchsorted(rows, words.rows)] += share
    nothing = _logistic(np.float32(_NOTHING))
    degrees = np.clip((_logistic(evidence) - nothing) / (1 - nothing), 0, 1).astype(np.float32)
    some = degrees > 0
    return Shown(rows[some], degrees[some])


def _logistic(x: NDArray[np.floating] | np.float32) -> Float:
    return np.asarray(1 / (1 + np.exp(-x)), dtype=np.float32)


def _log(factors: NDArray[np.floating] | np.float32) -> Float:
    with np.errstate(divide="ignore"):
        return np.asarray(RATE * np.log(factors), dtype=np.float32)


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
