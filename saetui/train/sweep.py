"""The error of several sizes, and a power law in n for each k."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from saetui.train.size import SaeSize, SizeChoice

_SHARES = (1 / 4, 1 / 2, 1, 2, 4)
_STEP = 8


@dataclass(frozen=True)
class SweepPoint:
    """One trained size.

    Attributes:
        n: Latents.
        k: Active latents per document.
        train_nmse: On training rows.
        held_out_nmse: On held-out rows; None where nothing was held out.
        dead_share: Latents that no training row activates.
        epochs: Until training stopped.
    """

    n: int
    k: int
    train_nmse: float
    held_out_nmse: float | None
    dead_share: float
    epochs: int

    @classmethod
    def of(cls, size: SaeSize, metrics: dict[str, Any]) -> "SweepPoint":
        """The point of a training's metrics."""
        held_out = metrics["held_out"]
        return cls(
            size.n,
            size.k,
            metrics["train"]["nmse"],
            held_out["nmse"] if held_out else None,
            metrics["train"]["dead_share"],
            metrics["epochs"],
        )


@dataclass(frozen=True)
class PowerLaw:
    """`nMSE = scale * n ** -exponent`, fitted by least squares of logarithms.

    Attributes:
        k: Of the points that it was fitted to; the paper finds a power law for each k.
        scale: nMSE at n = 1.
        exponent: How steeply the error falls.
        r2: Share of the variance of log nMSE that it explains.
    """

    k: int
    scale: float
    exponent: float
    r2: float

    def at(self, n: float) -> float:
        """NMSE for `n` latents."""
        return float(self.scale * n**-self.exponent)


@dataclass(frozen=True)
class Sweep:
    """Several sizes trained on the same vectors.

    Attributes:
        points: By k, then n.
        laws: Of the training error, for each k with at least three sizes.
    """

    points: tuple[SweepPoint, ...]
    laws: tuple[PowerLaw, ...]

    @classmethod
    def of(cls, points: Sequence[SweepPoint]) -> "Sweep":
        """A sweep of points in any order."""
        ordered = tuple(sorted(points, key=lambda point: (point.k, point.n)))
        laws = []
        for k in sorted({point.k for point in ordered}):
            same = [point for point in ordered if point.k == k]
            if len(same) >= 3 and all(point.train_nmse > 0 for point in same):
                laws.append(
                    fit_power_law(
                        k, [point.n for point in same], [point.train_nmse for point in same]
                    )
                )
        return cls(ordered, tuple(laws))

    @property
    def best(self) -> SweepPoint | None:
        """The point with the lowest held-out error."""
        measured = [point for point in self.points if point.held_out_nmse is not None]
        return min(measured, key=lambda point: point.held_out_nmse or 0, default=None)

    def to_json(self) -> dict[str, object]:
        """Points and laws as JSON values."""
        return {
            "points": [asdict(point) for point in self.points],
            "laws": [asdict(law) for law in self.laws],
        }

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Sweep":
        """Reverse `to_json`."""
        return cls(
            tuple(SweepPoint(**point) for point in values["points"]),
            tuple(PowerLaw(**law) for law in values["laws"]),
        )


def fit_power_law(k: int, sizes: Sequence[int], errors: Sequence[float]) -> PowerLaw:
    """Fit a power law to at least two different sizes with errors above zero."""
    x, y = [math.log(n) for n in sizes], [math.log(error) for error in errors]
    mean_x, mean_y = sum(x) / len(x), sum(y) / len(y)
    spread_x = sum((a - mean_x) ** 2 for a in x)
    spread_y = sum((b - mean_y) ** 2 for b in y)
    together = sum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True))
    slope = together / spread_x
    r2 = together**2 / (spread_x * spread_y) if spread_y else 1.0
    return PowerLaw(k, math.exp(mean_y - slope * mean_x), -slope, r2)


def sweep_sizes(choice: SizeChoice) -> list[SaeSize]:
    """A grid around the chosen size: 1/4 to 4 times its n, and half, once and twice its k."""
    sizes = []
    for k in sorted({max(1, choice.k // 2), choice.k, choice.k * 2}):
        for share in _SHARES:
            n = max(_STEP, round(choice.n * share / _STEP) * _STEP)
            if n >= 2 * k:
                sizes.append(SaeSize(n, k))
    return list(dict.fromkeys(sizes))
