"""Measure how many of the true nearest documents an index finds, and with how many candidates.

Queries differ from documents: a text of a few words lies near some documents, but not as near as
documents do, and a steered vector lies apart from all. Both are simulated from documents.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.search import cosines, single, top
from saetui.store.arrays import forget_pages
from saetui.store.index.parameters import (
    IndexParameters,
    Rows,
    VectorIndex,
    write_parameters,
)

DEPTH = 10
"""Recall is the share of this many true nearest documents."""

TARGET = 0.98
"""The recall for which the number of candidates is raised, up to a limit."""

_QUERIES = 200
_BLOCK = 8_192
# Distances of a query from a document, and of a steered query from a query, in norms.
_QUERY_DISTANCE = 0.5
_STEERING = (0.25, 1.0)
# Numbers of candidates to try.
_LADDER = (300, 450, 700, 1_000, 1_500, 2_000)


@dataclass(frozen=True)
class _Queries:
    """Vectors to search with, and their true nearest rows.

    Attributes:
        vectors: Float32 `(m, d)`, of unit norm.
        nearest: int64 `(m, depth)`, in any order.
    """

    vectors: Float
    nearest: Rows


def measure_recall(
    index: VectorIndex, vectors: NDArray[np.floating], folder: Path, seed: int
) -> IndexParameters:
    """Find the number of candidates, write it with the recall, and return all parameters.

    Args:
        index: Of these vectors.
        vectors: `(N, d)`, unit-norm rows, perhaps mapped; read once in whole.
        folder: Of the bundle.
        seed: Of the queries.
    """
    parameters = index.parameters
    if index.exact or not len(vectors):
        recall = {"plain": 1.0, "steered": 1.0} if len(vectors) else {}
        parameters = replace(parameters, recall=recall)
    else:
        kinds = _queries(vectors, seed)
        for candidates in _LADDER:
            parameters = replace(parameters, candidates=candidates)
            recall = {
                name: recall_at(index, vectors, each.vectors, each.nearest, parameters.depth(DEPTH))
                for name, each in kinds.items()
            }
            parameters = replace(parameters, recall=recall)
            if min(recall.values()) >= TARGET:
                break
        forget_pages(vectors)
    write_parameters(folder, parameters)
    return parameters


def recall_at(
    index: VectorIndex, vectors: NDArray[np.floating], queries: Float, nearest: Rows, depth: int
) -> float:
    """Share of the true nearest rows `(m, k)` that are found among `depth` rescored candidates."""
    found = 0
    for query, true in zip(queries, nearest, strict=True):
        rows = index.search(query, depth)
        best = rows[top(cosines(query, vectors[rows]), len(true))]
        forget_pages(vectors)
        found += len(np.intersect1d(true, best))
    return found / nearest.size


def nearest_rows(queries: Float, vectors: NDArray[np.floating], depth: int) -> Rows:
    """The nearest rows of every query, in any order, `(m, depth)`; the vectors are read once."""
    scores = np.full((len(queries), depth), -np.inf, dtype=np.float32)
    rows = np.zeros((len(queries), depth), dtype=np.int64)
    for start in range(0, len(vectors), _BLOCK):
        block = single(vectors[start : start + _BLOCK])
        forget_pages(vectors)
        numbers = np.broadcast_to(start + np.arange(len(block)), (len(queries), len(block)))
        scores = np.hstack([scores, queries @ block.T])
        rows = np.hstack([rows, numbers])
        best = np.argpartition(-scores, depth - 1, axis=1)[:, :depth]
        scores = np.take_along_axis(scores, best, axis=1)
        rows = np.take_along_axis(rows, best, axis=1)
    return rows


def query_vectors(vectors: NDArray[np.floating], most: int, random: np.random.Generator) -> Float:
    """Vectors that lie as near to documents as queries do, float32 `(m, d)` of unit norm."""
    count = min(most, len(vectors))

    def some() -> Float:
        return single(vectors[random.choice(len(vectors), count, replace=False)])

    return _unit(some() + _QUERY_DISTANCE * _unit(some() - some()))


def _queries(vectors: NDArray[np.floating], seed: int) -> dict[str, _Queries]:
    """Vectors like those of queries, and like those of steered queries."""
    random = np.random.default_rng(seed)
    plain = query_vectors(vectors, _QUERIES, random)
    count = len(plain)
    one, other = (
        single(vectors[random.choice(len(vectors), count, replace=False)]) for _ in range(2)
    )
    strength = random.uniform(*_STEERING, (count, 1)).astype(np.float32)
    steered = _unit(plain + strength * _unit(one - other))
    both = nearest_rows(np.concatenate([plain, steered]), vectors, min(DEPTH, len(vectors)))
    return {"plain": _Queries(plain, both[:count]), "steered": _Queries(steered, both[count:])}


def _unit(rows: Float) -> Float:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1), dtype=np.float32)
