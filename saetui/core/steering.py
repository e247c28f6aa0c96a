"""Change what a query asks for, feature by feature.

With `e` the query's embedding of unit norm, `z = encode(e)` its code, `z'` the code after the
user's changes and `x` a document's embedding of unit norm, a document scores

    delta     cosine(e', x),  e' = e + W_dec (z' - z)
    codes     cosine(e, x) + sum_i (z'_i - z_i) z_i(x) / max_i
    decode    cosine(e', x),  e' = W_dec z' + b_pre
    optimise  cosine(e', x),  e' near W_dec z' + b_pre with encode(e') as near to z' as it gets

`delta` keeps the part of the query that the SAE does not explain, so that no change is the plain
search. `codes` leaves the query alone, too, and rewards documents for what they activate:
`z_i(x)` is the document's own activation and `max_i` the feature's strongest one in the corpus,
see `saetui.core.code_scores`. `decode` and `optimise` search by what the SAE explains only, as the
paper's web application and its iterative encoding do (O'Neill et al., arXiv 2408.00657); the
latter is described in `saetui.core.optimise`.

A change of 1 along a feature's direction weighs as much as the whole query, since both have unit
norm; a change of 1 in `codes` is worth as much as a cosine of 1 to a document that activates the
feature as strongly as any.
"""

from collections.abc import Collection

import numpy as np

from saetui.core.changes import Mode, Steering
from saetui.core.codec import Float, SaeWeights, decode
from saetui.core.features import check_feature
from saetui.core.optimise import optimise
from saetui.errors import InputError

# A query has unit norm, and single precision keeps seven digits: beside more than this it is lost.
_STRONGEST = 1e6


def steer_code(
    z: Float, steering: Steering, solo: int | None = None, muted: Collection[int] = ()
) -> Float:
    """`z'`: the dense code `(n,)` with every change applied; `z` itself is left alone.

    Args:
        z: The query's dense code.
        steering: What to change, by feature.
        solo: The one feature to keep after the changes, all others off; None keeps all.
        muted: Features that are off for now, whatever their changes.

    Raises:
        InputError: A change, `solo` or `muted` names a feature that the SAE does not have, or a
            change leads to what is not a number or beyond what the query can be compared with.
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

    `e` itself in `delta` when nothing changed, and always in `codes`.
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
