"""Steer a query: change what it asks for, feature by feature.

Let `e` be the query's embedding of unit norm, `z = encode(e)` its code, `z'` the code after the
user's changes, and `x` a document's embedding of unit norm. The document's score is

    both      cosine(e, x) + 0.15 sum_i ln f_i(x)
    codes     cosine(e, x) + sum_i (z'_i - z_i) z_i(x) / max_i
    delta     cosine(e', x),  e' = e + W_dec (z' - z)
    decode    cosine(e', x),  e' = W_dec z' + b_pre
    optimise  cosine(e', x),  e' close to W_dec z' + b_pre, with encode(e') close to z'

`both` asks for documents about the query and what was raised, but not what was lowered: `f_i(x)`
is near 1 for documents that show the feature as wanted, see `saetui.core.conditions`. `codes`
rewards documents for the features that they activate, so that more of one thing makes up for less
of another: `z_i(x)` is the document's activation and `max_i` the strongest in the corpus, see
`saetui.core.code_scores`. In both of them a feature that is turned off (`z'_i = 0`) is taken out of
`e`, so that it adds nothing to any score.

`delta` keeps the part of the query that the SAE does not explain, so without changes it is the
plain search. `decode` and `optimise` search only by what the SAE explains, like
the paper's web application and its iterative encoding (O'Neill et al., arXiv 2408.00657); see
`saetui.core.optimise`.

A change of 1 weighs as much as the whole query. In `delta` that is because a feature's direction
and the query both have unit norm; in `codes` the document that activates the feature most gains 1,
the largest cosine that there is.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

from saetui.core.changes import Mode, Steering
from saetui.core.codec import Float, SaeWeights, decode
from saetui.core.features import check_feature
from saetui.core.optimise import optimise
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
