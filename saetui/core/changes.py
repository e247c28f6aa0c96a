"""What a user may do to a query's features; plain values, cheap to import."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

Mode = Literal["both", "codes", "delta", "decode", "optimise"]
MODES: tuple[Mode, ...] = get_args(Mode)

DEFAULT_MODE: Mode = "both"
"""Of 80 queries of a few words with a feature raised, on astro-ph and cs.LG, this mode finds 1.07
times (1.01 to 1.13) as many documents about query and feature among the first ten as typing the
label into the query does; of 46 others, 1.7 times as many as `codes`. So says a language model that
read 1,372 beginnings of abstracts blind."""

UNNAMED_MODE: Mode = "codes"
"""The mode of saved searches that name none: the default of the versions that wrote them."""

FEEDBACK_MODE: Mode = "codes"
"""What is like a document has some of its features, not all. With 120 beginnings of titles and a
document near the title's own, rewards brought that one up by .21 and .09 on a scale from 0 to 1
(astro-ph, cs.LG), conditions by .13 and .06.

Rewarding only what the document adds to the query, and its 20 most telling words, was chosen on
3,000 texts of astro-ph of which 800 were the halves of 400 abstracts: one half was given, the other
one looked for. nDCG@10 for the first five words of titles and for the abstracts' last sentences:
.45 and .50 without feedback, .68 and .69 with rewards for all of the document's features, .76 and
.74 with both; .63 and .63 with the document's own vector added to the query's."""

Operation = Literal["add", "set", "scale"]


@dataclass(frozen=True, slots=True)
class Change:
    """What to do to one feature's activation.

    Attributes:
        operation: `add` to it, `set` it, or `scale` it; a scale of -1 negates it.
        amount: The summand, the new activation, or the factor.
    """

    operation: Operation
    amount: float

    def apply(self, activation: float) -> float:
        """The activation after the change."""
        match self.operation:
            case "add":
                return activation + self.amount
            case "set":
                return self.amount
            case "scale":
                return activation * self.amount


BY_DOCUMENTS: tuple[Mode, ...] = ("both", "codes")
"""Modes that leave the query's vector alone, and steer by what documents show of a feature."""

Steering = Mapping[int, Change]


@dataclass(frozen=True, slots=True)
class Knob:
    """How much one key press changes a feature.

    Measured on abstracts of astro-ph, in every mode: one `step` of a feature that the query has
    replaces 1.5 of ten results and moves four others, one `leap` replaces five. A feature that was
    added with `added` is then active on a quarter to a third of the results, and these keep 0.93 of
    their cosine to the query.

    Attributes:
        step: The small change.
        leap: The large change.
        added: The first change to a feature that the query lacks.
        feedback: The change to the strongest feature of a document that the results shall be like.
        most: A change larger than this does no more, so that keys stop here.
    """

    step: float
    leap: float
    added: float
    feedback: float
    most: float = math.inf

    def moved(self, amount: float, step: float) -> float:
        """A change after one step more, at most `most`.

        Where there is a most, the change is a condition, and what it costs a document that shows
        nothing of the feature is -ln(1 - amount). A step then adds the same cost wherever it
        begins; else nothing would happen before the last step, and everything in it.
        """
        if math.isinf(self.most):
            return amount + step
        cost = math.copysign(_cost(abs(amount)), amount) + math.copysign(_cost(abs(step)), step)
        if amount * cost < 0:
            # Keys stop at no change at all, on the way to the opposite.
            return 0.0
        moved = self.most if abs(cost) >= _MOST_COST else 1 - math.exp(-abs(cost))
        return math.copysign(moved, cost)


# A change that costs this much is taken for a whole 1; as a cosine it is .75 in `both`.
_MOST_COST = 5.0


def _cost(amount: float) -> float:
    """What a change of a condition costs; of a whole 1 as much as is taken for it."""
    return _MOST_COST if amount >= 1 else min(-math.log(1 - amount), _MOST_COST)


# In `both` a change runs from 0, as if there were none, to 1: all documents must show the feature.
_BY_CONDITIONS = Knob(0.4, 0.75, 0.95, 0.6, most=1.0)
_BY_CODES = Knob(0.05, 0.25, 0.3, 0.2)
# A change in `codes` has the effect of one 1.5 to 2 times as large in the other modes.
_BY_VECTORS = Knob(0.1, 0.4, 0.5, 0.25)


def knob_of(mode: Mode) -> Knob:
    """The step sizes of a mode."""
    knobs = {"both": _BY_CONDITIONS, "codes": _BY_CODES}
    return knobs.get(mode, _BY_VECTORS)


def feedback_changes(
    activations: Mapping[int, float],
    mode: Mode,
    sign: int = 1,
    strength: float | None = None,
    query: Mapping[int, float] | None = None,
) -> dict[int, Change]:
    """Changes toward a document's features, or away from them.

    As in Rocchio's relevance feedback, the query moves toward a relevant document. Here it moves
    along the document's strongest features only, so the reader can see and undo every part. Each
    is changed in proportion to its activation; in `both` to the root of it, since there a weak
    feature is only asked for less, and does not pull less. In `codes` what the query has already
    is subtracted: what the document adds to the query is what sets the results right.

    Args:
        activations: Of the document's strongest features.
        mode: Steering mode.
        sign: 1 for toward, -1 for away.
        strength: The change of the document's strongest feature; None for the mode's own.
        query: Activations of the query's own features; None for a query that has none.
    """
    strength = knob_of(mode).feedback if strength is None else strength
    wanted = _shares(activations)
    if mode == "both":
        wanted = {feature: share**0.5 for feature, share in wanted.items()}
    if mode == "codes":
        own = _shares(query or {})
        added = {feature: share - own.get(feature, 0.0) for feature, share in wanted.items()}
        wanted = {feature: share for feature, share in added.items() if share > 0}
    return {
        feature: Change("add", round(sign * strength * share, 6))
        for feature, share in wanted.items()
    }


def _shares(activations: Mapping[int, float]) -> dict[int, float]:
    """Activations as shares of the largest."""
    most = max(activations.values(), default=0.0)
    return {feature: value / most for feature, value in activations.items() if most}
