"""Steer a query: change what it asks for, feature by feature.

Let `e` be the query's embedding of unit norm, `z = encode(e)` its code, `z'` the code after the
user's changes, and `x` a document's embedding of unit norm. The document's score is

    delta     cosine(e', x),  e' = e + W_dec (z' - z)
    codes     cosine(e, x) + sum_i (z'_i - z_i) z_i(x) / max_i
    decode    cosine(e', x),  e' = W_dec z' + b_pre
    optimise  cosine(e', x),  e' close to W_dec z' + b_pre, with encode(e') close to z'

`delta` keeps the part of the query that the SAE does not explain, so without changes it is the
plain search. `codes` keeps the whole query and rewards documents for the features that they
activate: `z_i(x)` is the document's activation and `max_i` the strongest activation in the corpus;
see `saetui.core.code_scores`. `decode` and `optimise` search only by what the SAE explains, like
the paper's web application and its iterative encoding (O'Neill et al., arXiv 2408.00657); see
`saetui.core.optimise`.

A change of 1 weighs as much as the whole query. In `delta` that is because a feature's direction
and the query both have unit norm; in `codes` the document that activates the feature most gains 1,
the largest cosine that there is.
"""

from collections.abc import Collection

import numpy as np

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


def steered_vector(weights: SaeWeights, e: Float, z: Float, steered: Float, mode: Mode) -> Float:
    """`e'`, not normalised; float32 `(d,)`.

    It is `e` itself in `codes`, and in `delta` if nothing changed.
    """
    match mode:
        case "codes":
            return e
        case "decode":
            return decode(weights, steered)
        case "optimise":
            return optimise(weights, steered).vector
    changed = np.flatnonzero(steered != z)
    if not len(changed):
        return e
    difference = (steered[changed] - z[changed]).astype(np.float32)
    return (e + difference @ weights.directions[changed]).astype(np.float32)
