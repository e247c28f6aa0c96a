"""Build the index of a bundle, update it when vectors change, and measure what it finds.

Queries differ from documents: a text of a few words lies near some documents, but not as near as
documents do, and a steered vector lies apart from all. For measuring, both are simulated from
documents.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.scores import cosines, single, top
from saetui.errors import InputError
from saetui.store.arrays import forget_pages, map_array, save_array
from saetui.store.atomic import sha256_of
from saetui.store.index.graph import (
    ADD_BLOCK,
    GRAPH,
    PROJECTION,
    UNFINISHED,
    build_graph,
    graph_vectors,
    grow_graph,
    principal_axes,
)
from saetui.store.index.milvus import INSIDE, build_milvus
from saetui.store.index.parameters import (
    CANDIDATES,
    PARAMETERS,
    IndexParameters,
    Kind,
    Rows,
    VectorIndex,
    read_parameters,
    write_parameters,
)

_FILES: dict[str, tuple[str, ...]] = {
    "exact": (PARAMETERS,),
    "graph": (PARAMETERS, GRAPH),
    "projected": (PARAMETERS, GRAPH, PROJECTION),
    "milvus": (PARAMETERS,),
}
# Comparing this many numbers takes a millisecond or two, about as long as a graph with rescoring.
_EXACT_NUMBERS = 1 << 22
# A graph keeps its vectors in memory as float32; larger ones are projected.
_GRAPH_BYTES = 512 << 20
_LEAST_PROJECTED = 128


def choose_kind(documents: int, dimensions: int) -> Kind:
    """The kind of index that suits a corpus."""
    if documents * dimensions <= _EXACT_NUMBERS:
        return "exact"
    if 4 * documents * dimensions <= _GRAPH_BYTES or dimensions < _LEAST_PROJECTED:
        return "graph"
    return "projected"


def asked_kind(text: str, documents: int, dimensions: int) -> tuple[Kind, str]:
    """The kind of index that a user chose, and the address of its database, if it has one.

    `text` is `exact`, `graph`, `projected`, `milvus` or `milvus:URI`; empty for what suits.

    Raises:
        InputError: There is no such kind.
    """
    if not text:
        return choose_kind(documents, dimensions), ""
    name, _, address = text.partition(":")
    kind: Kind | None = next((each for each in get_args(Kind) if each == name), None)
    if kind is None or (address and kind != "milvus"):
        raise InputError(
            f"'{text}' is not a kind of index.",
            "Write exact, graph, projected or milvus, which takes an address: milvus:URI.",
        )
    return kind, address or (INSIDE if kind == "milvus" else "")


def index_files(kind: str) -> tuple[str, ...]:
    """The files in a bundle of one kind of index; for an unknown kind those that all kinds have."""
    return _FILES.get(kind, (PARAMETERS,))


def build_index(
    vectors: NDArray[np.floating],
    folder: Path,
    advance: Callable[[int], None],
    kind: Kind | None = None,
    made_from: str = "",
    *,
    address: str = "",
    home: Path | None = None,
) -> IndexParameters:
    """Index vectors, and write the index with its parameters.

    Args:
        vectors: `(N, d)`, unit-norm rows; read a block at a time.
        folder: Where the files of the index are written.
        advance: Called with the number of rows that were just added.
        kind: See `saetui.store.index`; None for the one that suits the size.
        made_from: Identifies the vectors, so that a killed build of a large graph can continue.
        address: Of the database, if the kind has one.
        home: Folder of the bundle that a database without a server is stored in; None: `folder`.
    """
    count, dimensions = vectors.shape
    kind = kind or choose_kind(count, dimensions)
    parameters = IndexParameters(count, dimensions, kind=kind)
    match kind:
        case "exact":
            parameters = replace(parameters, M=0, ef_construction=0)
            advance(count)
        case "graph":
            parameters = build_graph(vectors, folder, parameters, advance, made_from)
        case "projected":
            axes = principal_axes(vectors)
            save_array(folder / PROJECTION, axes)
            parameters = replace(
                parameters,
                projection=axes.shape[1] + 1,
                projection_sha256=sha256_of(folder / PROJECTION),
            )
            parameters = build_graph(vectors, folder, parameters, advance, made_from, axes=axes)
        case "milvus":
            parameters = replace(parameters, address=address or INSIDE)
            parameters = build_milvus(vectors, home or folder, parameters, advance, made_from)
    write_parameters(folder, parameters)
    others = {name for files in _FILES.values() for name in files} | set(UNFINISHED)
    for name in others - set(_FILES[kind]):
        # Files of an earlier index of another kind.
        (folder / name).unlink(missing_ok=True)
    return parameters


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


def measure_recall(
    index: VectorIndex, vectors: NDArray[np.floating], folder: Path, seed: int
) -> IndexParameters:
    """Find the number of candidates, write it with the recall, and return all parameters.

    `vectors` are `(N, d)`, unit-norm rows, perhaps mapped; they are read once in whole.
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
                name: recall_at(index, vectors, queries, nearest, parameters.depth(DEPTH))
                for name, (queries, nearest) in kinds.items()
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


def _queries(vectors: NDArray[np.floating], seed: int) -> dict[str, tuple[Float, Rows]]:
    """Vectors like those of queries and of steered queries, `(m, d)`, with their nearest rows."""
    random = np.random.default_rng(seed)
    plain = query_vectors(vectors, _QUERIES, random)
    count = len(plain)
    one, other = (
        single(vectors[random.choice(len(vectors), count, replace=False)]) for _ in range(2)
    )
    strength = random.uniform(*_STEERING, (count, 1)).astype(np.float32)
    steered = _unit(plain + strength * _unit(one - other))
    both = nearest_rows(np.concatenate([plain, steered]), vectors, min(DEPTH, len(vectors)))
    return {"plain": (plain, both[:count]), "steered": (steered, both[count:])}


def _unit(rows: Float) -> Float:
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(rows / np.where(norms > 0, norms, 1), dtype=np.float32)


# If more than this share of the vectors have changed, the graph is built again: linking them one by
# one takes longer, and the links of removed vectors make the graph worse.
_MOST_CHANGED = 0.3


def grow_index(
    old_vectors: NDArray[np.floating],
    before: Path,
    vectors: NDArray[np.floating],
    folder: Path,
    advance: Callable[[int], None],
) -> IndexParameters | None:
    """Write the index of new vectors from that of earlier ones; only changed vectors are linked.

    Args:
        old_vectors: `(M, d)`, of the index that there is.
        before: Folder of the bundle with that index.
        vectors: `(N, d)`, unit-norm rows.
        folder: Where the index is to be written.
        advance: Called with the number of rows that were just updated.

    Returns:
        The parameters; None if the index cannot be updated and must be built.
    """
    old = read_parameters(before)
    if old.kind not in ("graph", "projected") or old.dimensions != vectors.shape[1]:
        return None
    if len(vectors) < len(old_vectors):
        # A row cannot be removed from a graph.
        return None
    changed = _changed(old_vectors, vectors)
    if len(changed) > _MOST_CHANGED * len(vectors):
        return None
    advance(len(vectors) - len(changed))
    axes: Float | None = None
    if old.kind == "projected":
        axes = np.array(map_array(before / PROJECTION, (old.dimensions, None), np.float32))
        save_array(folder / PROJECTION, axes)

    def blocks() -> Iterator[tuple[Rows, Float]]:
        for start in range(0, len(changed), ADD_BLOCK):
            rows = changed[start : start + ADD_BLOCK]
            block = graph_vectors(vectors[rows], axes)
            forget_pages(vectors)
            yield rows, block

    grown = grow_graph(before, folder, old, len(vectors), changed=blocks(), advance=advance)
    # The number of candidates is measured again later.
    parameters = replace(grown, candidates=CANDIDATES, recall={})
    write_parameters(folder, parameters)
    return parameters


def _changed(old: NDArray[np.floating], new: NDArray[np.floating]) -> Rows:
    differs = [np.arange(len(old), len(new))]
    for start in range(0, len(old), _BLOCK):
        block = slice(start, start + _BLOCK)
        same = (old[block] == new[: len(old)][block]).all(axis=1)
        differs.append(start + np.flatnonzero(~same))
        for array in (old, new):
            forget_pages(array)
    return np.sort(np.concatenate(differs)).astype(np.int64)
