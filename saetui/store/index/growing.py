"""Update an index when some of its vectors have changed."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.search import single
from saetui.store.arrays import forget_pages, map_array
from saetui.store.index.graph import ADD_BLOCK, grow_graph
from saetui.store.index.parameters import (
    CANDIDATES,
    IndexParameters,
    Rows,
    read_parameters,
    write_parameters,
)
from saetui.store.index.projected import PROJECTION, projected, write_projection

_BLOCK = 8_192
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
        write_projection(folder, axes)

    def blocks() -> Iterator[tuple[Rows, Float]]:
        for start in range(0, len(changed), ADD_BLOCK):
            rows = changed[start : start + ADD_BLOCK]
            block = single(vectors[rows])
            forget_pages(vectors)
            yield rows, block if axes is None else projected(block, axes)

    grown = grow_graph(before, folder, old, len(vectors), changed=blocks(), advance=advance)
    # The number of candidates is measured again later.
    parameters = replace(grown, candidates=CANDIDATES, recall={})
    write_parameters(folder, parameters)
    return parameters


def _changed(old: NDArray[np.floating], new: NDArray[np.floating]) -> Rows:
    """Rows whose vectors have changed or are new, ascending."""
    differs = [np.arange(len(old), len(new))]
    for start in range(0, len(old), _BLOCK):
        block = slice(start, start + _BLOCK)
        same = (old[block] == new[: len(old)][block]).all(axis=1)
        differs.append(start + np.flatnonzero(~same))
        for array in (old, new):
            forget_pages(array)
    return np.sort(np.concatenate(differs)).astype(np.int64)
