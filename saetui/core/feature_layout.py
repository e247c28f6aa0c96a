"""Lay out features on a plane, so that those beside each other have similar directions.

The usual methods (t-SNE, UMAP, PaCMAP) pull together what is similar. Directions of an SAE are
nearly at right angles to each other, so that few are similar, and most of what these methods put
beside each other has little in common. Here each place is rated by the features around it: by the
ranks that they have among all features by cosine. That is what trustworthiness measures, and the
same idea as the one end of the neighbour retrieval visualizer's scale (Venna and others, 2010),
which counts the false neighbours on the map rather than those that were missed.

`tests/benchmarks/map_trust.py` compares it with the usual methods.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float

Places = NDArray[np.float32]

LEAST = 8
"""Fewer features make no map."""
VERSION = 1
"""Of the method; another one makes other maps."""

# How many of the features around a place should be similar to it.
_NEIGHBOURS = 15
# The share of all features that a place is rated by at first; at last it is by _NEIGHBOURS.
_FIRST_SHARE = 0.15
# The share of the steps after which it is by _NEIGHBOURS alone.
_NARROWED = 0.8
# Features further away than this many times those by which a place is rated weigh nothing.
_SEEN = 3
# The cost of a feature rises with the root of its rank; for the last steps with the rank. With
# the rank all along, a few features that fit nowhere would decide.
_ROOT = 0.7
# Of more features than _MANY, the first _FIRST are laid out in _STEPS steps. Then all are, in
# _STEPS_OF_ALL steps.
_MANY, _FIRST, _STEPS, _STEPS_OF_ALL = 2_048, 1_024, 1_200, 120
# How many features a place is rated by at first in these: most are near their places already.
_FIRST_OF_ALL = 45
# Ranks of all features for all take two bytes each; more features are only put beside others.
_MOST = 16_384
# Of Adam.
_RATE, _LAST_RATE = 0.15, 0.001
_MOMENTUM, _SQUARES = 0.9, 0.99
# Steps after which the features around each place are looked up again, and places are exchanged
# for better ones.
_AGAIN, _JUMP = 5, 10
# This share of the features, those of the highest cost, looks for a better place: beside one of
# those nearest by cosine, if the cost there is lower by a tenth.
_JUMPING, _BETTER = 0.125, 0.9
# Then places stay where they are.
_SETTLED = 0.85
# Steps between two reports.
_REPORT = 20


@dataclass(frozen=True)
class Layout:
    """How far the work is.

    Attributes:
        done: Steps that were made.
        total: Steps that there are.
        places: Places of all features so far, float32 `(n, 2)`, from 0 to 1 in both directions.
    """

    done: int
    total: int
    places: Places


def laid_out(directions: Float) -> Iterator[Layout]:
    """Lay out features by their directions `(n, d)`, the same on every run.

    The last value that comes is the result.
    """
    unit = directions / np.maximum(np.linalg.norm(directions, axis=1, keepdims=True), 1e-9)
    unit = np.asarray(unit, dtype=np.float32)
    n = len(unit)
    # Any order will do that has nothing to do with the features.
    order = np.random.default_rng(0).permutation(n)
    sizes = [n] if n <= _MANY else [_FIRST, min(n, _MOST)]
    first = max(_NEIGHBOURS, _FIRST_SHARE * sizes[0])
    # A few features find their places soon.
    first_steps = min(_STEPS, 6 * n // _REPORT * _REPORT + _REPORT)
    total = first_steps + (len(sizes) - 1) * _STEPS_OF_ALL
    done, placed = 0, _principal(unit[order[: sizes[0]]])
    for size in sizes:
        known = len(placed)
        chosen = unit[order[:size]]
        placed = np.concatenate([placed, _beside(chosen[known:], chosen[:known], placed)])
        steps, by = (_STEPS_OF_ALL, _FIRST_OF_ALL) if done else (first_steps, first)
        for step, places in _refined(placed, _ranks(chosen), by, steps):
            placed = places
            yield Layout(done + step, total, _on_the_map(unit, order, placed))
        done += steps


def _on_the_map(unit: Float, order: NDArray[np.int64], placed: Float) -> Places:
    """Places of all features, from 0 to 1; those that have none yet are beside others."""
    known = len(placed)
    found = np.empty((len(unit), 2), dtype=np.float32)
    found[order[:known]] = placed
    found[order[known:]] = _beside(unit[order[known:]], unit[order[:known]], placed)
    low, high = found.min(axis=0), found.max(axis=0)
    return np.asarray((found - low) / np.maximum(high - low, 1e-9), dtype=np.float32)


def _beside(unit: Float, known: Float, places: Float) -> Float:
    """Places near those of the most similar known features."""
    if not len(unit):
        return np.empty((0, 2), dtype=np.float32)
    nearest = np.concatenate(
        [(unit[start : start + 512] @ known.T).argmax(axis=1) for start in range(0, len(unit), 512)]
    )
    # Not on the very place, where nothing would ever drive two features apart.
    away = np.random.default_rng(1).normal(scale=0.01, size=(len(unit), 2))
    return np.asarray(places[nearest] + away * places.std(axis=0), dtype=np.float32)


def _ranks(unit: Float) -> NDArray[np.uint16]:
    """The rank of each feature by cosine for each, 0 for itself; `(n, n)`."""
    n = len(unit)
    ranks = np.empty((n, n), dtype=np.uint16)
    places = np.arange(n, dtype=np.uint16)[None, :]
    for start in range(0, n, 512):
        block = slice(start, start + 512)
        cosines = unit[block] @ unit.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = np.inf
        np.put_along_axis(ranks[block], np.argsort(-cosines, axis=1, kind="stable"), places, axis=1)
    return ranks


def _principal(unit: Float) -> Float:
    """The two directions in which features differ most, scaled to a spread of one."""
    centred = unit - unit.mean(axis=0)
    values, vectors = np.linalg.eigh(centred.T @ centred)
    axes = vectors[:, np.argsort(-values, kind="stable")[:2]]
    # The sign of an eigenvector is arbitrary.
    axes = axes * np.where(axes[np.abs(axes).argmax(axis=0), [0, 1]] < 0, -1.0, 1.0)
    found = centred @ axes
    return np.asarray(found / max(float(found.std(axis=0).mean()), 1e-9), dtype=np.float32)


def _refined(
    places: Float, ranks: NDArray[np.uint16], first: float, steps: int
) -> Iterator[tuple[int, Float]]:
    """Places moved so that what is around each costs less; the number of steps made, and places.

    Args:
        places: Where to begin, `(n, 2)`.
        ranks: See `_ranks`.
        first: How many features around a place it is rated by at first.
        steps: How many steps are made.
    """
    n = len(places)
    chance = np.random.default_rng(2)
    nearest = np.argsort(ranks, axis=1, kind="stable")[:, 1 : _NEIGHBOURS + 1]
    mean, squares = np.zeros_like(places), np.zeros_like(places)
    around: _Around | None = None
    for step in range(steps):
        part = step / steps
        by = first * (_NEIGHBOURS / first) ** min(1.0, part / _NARROWED)
        if around is None or step % _AGAIN == 0:
            around = _Around(places, ranks, int(by), 0.5 if part < _ROOT else 1.0)
        slope, costs = around.slope(places)
        mean = _MOMENTUM * mean + (1 - _MOMENTUM) * slope
        squares = _SQUARES * squares + (1 - _SQUARES) * slope**2
        rate = _RATE * (1 - part) + _LAST_RATE
        grown = np.sqrt(squares / (1 - _SQUARES ** (step + 1))) + 1e-12
        places = places - rate * mean / (1 - _MOMENTUM ** (step + 1)) / grown
        if step % _JUMP == _JUMP - 1 and part < _SETTLED:
            worst = np.argsort(-costs, kind="stable")[: max(1, int(_JUMPING * n))]
            moved, where = around.better(places, worst, places[nearest[worst]])
            scale = np.sqrt(around.reach[moved])[:, None]
            places[moved] = where + 0.1 * scale * chance.normal(size=where.shape)
            mean[moved] = 0
        if (step + 1) % _REPORT == 0:
            yield step + 1, places


class _Around:
    """The features around each place, and what they cost.

    Args:
        places: Of the features, `(n, 2)`.
        ranks: See `_ranks`.
        by: How many features a place is rated by.
        power: The cost of a feature is its share of the ranks to this power.

    Attributes:
        reach: The squared distance from each place to the last feature that it is rated by.
    """

    def __init__(self, places: Float, ranks: NDArray[np.uint16], by: int, power: float) -> None:
        from scipy.spatial import cKDTree

        n = len(places)
        by = min(by, n - 1)
        self._seen = min(_SEEN * by, n - 1)
        self._tree = cKDTree(places)
        self._ranks, self._power = ranks, power
        distances, found = self._tree.query(places, self._seen + 1)
        # Each is the nearest of itself, unless several are at one place.
        own = found == np.arange(n)[:, None]
        own[~own.any(axis=1), -1] = True
        self._others = found[~own].reshape(n, self._seen)
        self.reach = np.asarray(distances[:, by] ** 2 + 1e-9, dtype=np.float32)
        self._costs = self._cost(np.arange(n)[:, None], self._others)

    def _cost(self, one: NDArray[np.int64], other: NDArray[np.int64]) -> Float:
        over = np.maximum(self._ranks[one, other].astype(np.float32) - _NEIGHBOURS, 0)
        return np.asarray((over / len(self._ranks)) ** self._power, dtype=np.float32)

    def slope(self, places: Float) -> tuple[Float, Float]:
        """How the mean cost grows as places move, `(n, 2)`, and the cost of each, `(n,)`."""
        n, others = len(places), self._others
        apart: Float = places[:, None, :] - places[others]
        squared = np.einsum("ijk,ijk->ij", apart, apart) / self.reach[:, None]
        weights = np.exp(-squared * squared)
        weights /= weights.sum(axis=1, keepdims=True) + 1e-12
        mean = (weights * self._costs).sum(axis=1)
        # Of the cost by each squared distance.
        weights *= (mean[:, None] - self._costs) * squared * (2 / self.reach[:, None])
        apart *= weights[:, :, None]
        pulled = [
            np.bincount(others.ravel(), apart[:, :, axis].ravel(), minlength=n) for axis in (0, 1)
        ]
        slope = apart.sum(axis=1) - np.stack(pulled, axis=1)
        return np.asarray(2 / n * slope, dtype=np.float32), mean

    def better(
        self, places: Float, features: NDArray[np.int64], candidates: Float
    ) -> tuple[NDArray[np.int64], Float]:
        """Features that would cost less elsewhere, and where.

        Args:
            places: Of all features.
            features: Some of them, `(m,)`.
            candidates: Places to try for each, `(m, c, 2)`.
        """
        tried = np.concatenate([places[features][:, None, :], candidates], axis=1)
        distances, found = self._tree.query(tried, min(_SEEN * _NEIGHBOURS, len(places)))
        squared = distances**2 / self.reach[features][:, None, None]
        weights = np.exp(-squared * squared) * (found != features[:, None, None])
        one = features[:, None, None]
        # What it would cost the feature, and what it would cost those that are there already.
        costs = self._cost(one, found) + self._cost(found, one)
        costs = (weights * costs).sum(axis=2) / (weights.sum(axis=2) + 1e-12)
        best = costs[:, 1:].argmin(axis=1) + 1
        rows = np.arange(len(features))
        moves = costs[rows, best] < _BETTER * costs[:, 0]
        return features[moves], tried[rows, best][moves]
