"""Change what a query asks for, feature by feature.

With `e` the query's embedding, `z = encode(e)` its code and `z'` the code after the user's
changes, the steered vector `e'` is

    delta     e + W_dec (z' - z)      keeps the part of the query that the SAE does not explain
    decode    W_dec z' + b_pre        only what the SAE explains, as in the paper's web app

and documents are ranked by `cosine(e', x)`. Embeddings have unit norm, so a change of 1 along a
feature's direction weighs as much as the whole query.
"""

import numpy as np

from saetui.core.changes import Mode, Steering
from saetui.core.codec import Float, SaeWeights, decode
from saetui.errors import InputError

# A query has unit norm, and single precision keeps seven digits: beside more than this it is lost.
_STRONGEST = 1e6


def steer_code(z: Float, steering: Steering, solo: int | None = None) -> Float:
    """`z'`: the dense code `(n,)` with every change applied; `z` itself is left alone.

    Args:
        z: The query's dense code.
        steering: What to change, by feature.
        solo: The one feature to keep after the changes, all others off; None keeps all.

    Raises:
        InputError: A change, or `solo`, names a feature that the SAE does not have, or a change
            leads to what is not a number or beyond what the query can be compared with.
    """
    steered = z.copy()
    for feature in (*steering, *(() if solo is None else (solo,))):
        if not 0 <= feature < len(z):
            raise InputError(
                f"There is no feature {feature}: this SAE has {len(z):,}.",
                f"Choose one from 0 to {len(z) - 1}.",
            )
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
    return steered


def steered_vector(weights: SaeWeights, e: Float, z: Float, steered: Float, mode: Mode) -> Float:
    """`e'`, not normalised; float32 `(d,)`. In `delta`, `e` itself when nothing changed."""
    if mode == "decode":
        return decode(weights, steered)
    changed = np.flatnonzero(steered != z)
    if not len(changed):
        return e
    difference = (steered[changed] - z[changed]).astype(np.float32)
    return (e + difference @ weights.directions[changed]).astype(np.float32)
