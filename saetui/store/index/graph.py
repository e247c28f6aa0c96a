"""Indexes of the kinds `graph` and `projected`: hnswlib, checked before it is trusted.

hnswlib follows what its file says without looking whether it leads outside, so that a damaged file
can end the process. Before hnswlib sees it, the file is therefore proved to be the one that was
written, byte for byte; and since whoever changes a file can also change what is recorded of it,
every number in it is looked at as well.

A projected index is a graph on principal components, a fraction of the size. Documents lie almost
entirely in the span of the axes along which they vary most. So the inner product of a query and a
document is nearly that of their projections onto these axes, even if the query itself lies
elsewhere. The graph returns more candidates than are wanted, and these are rescored with their
whole vectors, which stay on disk.

Projections do not have unit norm. A graph by inner products has few links to vectors of small norm,
which would hardly ever be found. So each projection gets an additional number that makes its norm 1
(Bachrach et al., "Speeding up the Xbox recommender system using a Euclidean transformation for
inner-product spaces", 2014); a query gets a zero there, which leaves its products unchanged.
"""

import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.scores import single
from saetui.errors import COMPILER_HINT, BundleDamaged, SaetuiError, lacks_memory
from saetui.store.arrays import forget_pages, map_array
from saetui.store.atomic import atomic_write, prove_once, remembered_sha256, sha256_of, write_json
from saetui.store.index.graph_file import check_graph_file
from saetui.store.index.parameters import PARAMETERS, IndexParameters, Rows
from saetui.store.json_files import read_json

GRAPH = "index.hnsw"
UNFINISHED = ("index.hnsw.partial", "index.hnsw.partial.json")

ADD_BLOCK = 2_048
# Above this many documents, building on all cores is worth an index that differs from run to run.
_REPRODUCIBLE_BELOW = 200_000
# A killed build loses no more than the time that so many rows take, about a minute.
_ROWS_BETWEEN_SAVES = 65_536
_SEED = 100
# Candidates that a search keeps in view, at least.
_LEAST_EF = 100


def build_graph(
    vectors: NDArray[np.floating],
    folder: Path,
    parameters: IndexParameters,
    advance: Callable[[int], None],
    made_from: str,
    *,
    axes: Float | None = None,
) -> IndexParameters:
    """Link vectors block by block and write the graph; a killed build goes on where it saved.

    `vectors` are `(N, d)`, unit-norm rows; for `axes` see `graph_vectors`. `made_from` says what
    they are, so that a build does not go on with the graph of others. Returns the parameters with
    the hash of the file.
    """
    unfinished = _Unfinished(folder, made_from)
    index, done = unfinished.resumed(parameters) or (_empty(parameters), 0)
    if done:
        advance(done)
    # With one thread the links do not depend on timing, and the same corpus gives the same file.
    few = parameters.documents < _REPRODUCIBLE_BELOW
    threads = 1 if few else (os.cpu_count() or 1)
    saved = done
    for start in range(done, len(vectors), ADD_BLOCK):
        block = graph_vectors(vectors[start : start + ADD_BLOCK], axes)
        forget_pages(vectors)
        index.add_items(block, np.arange(done, done + len(block)), num_threads=threads)
        done += len(block)
        advance(len(block))
        if not few and done - saved >= _ROWS_BETWEEN_SAVES and done < parameters.documents:
            unfinished.save(index, done)
            saved = done
    _save(index, folder / GRAPH)
    unfinished.remove()
    return replace(parameters, sha256=sha256_of(folder / GRAPH))


def grow_graph(
    before: Path,
    folder: Path,
    old: IndexParameters,
    documents: int,
    *,
    changed: Iterator[tuple[Rows, Float]],
    advance: Callable[[int], None],
) -> IndexParameters:
    """Write a graph in which some vectors of an earlier one are others, and some are new.

    The earlier graph lies in the bundle `before` and has the parameters `old`; the new one holds
    `documents` vectors, at least as many. `changed` yields rows and their vectors, of the width
    that the graph has. Returns the parameters with the hash of the file.
    """
    # It is proved to be the one that was written before hnswlib sees it.
    GraphIndex(before, old)
    index = _loaded(before / GRAPH, old, documents)
    threads = 1 if documents < _REPRODUCIBLE_BELOW else (os.cpu_count() or 1)
    for rows, vectors in changed:
        index.add_items(vectors, rows, num_threads=threads)
        advance(len(rows))
    _save(index, folder / GRAPH)
    return replace(old, documents=documents, sha256=sha256_of(folder / GRAPH))


class _Unfinished:
    """A graph that is not finished, saved beside where it will lie."""

    def __init__(self, folder: Path, made_from: str) -> None:
        self._graph, self._note = (folder / name for name in UNFINISHED)
        self._made_from = made_from

    def save(self, index: Any, done: int) -> None:  # noqa: ANN401
        _save(index, self._graph)
        note = {"made_from": self._made_from, "done": done, "sha256": sha256_of(self._graph)}
        write_json(self._note, note)

    def resumed(self, parameters: IndexParameters) -> tuple[Any, int] | None:
        """The graph that was saved and the rows in it; None without one of the same vectors."""
        try:
            note = read_json(self._note)
            if note["made_from"] != self._made_from or sha256_of(self._graph) != note["sha256"]:
                return None
            done = int(note["done"])
            check_graph_file(self._graph, done, _width(parameters), parameters.M)
            if done > parameters.documents:
                return None
        except (BundleDamaged, OSError, KeyError, TypeError, ValueError):
            return None
        return _loaded(self._graph, parameters, parameters.documents), done

    def remove(self) -> None:
        self._graph.unlink(missing_ok=True)
        self._note.unlink(missing_ok=True)


def _empty(parameters: IndexParameters) -> Any:  # noqa: ANN401
    index = _hnswlib().Index(space=parameters.space, dim=_width(parameters))
    index.init_index(
        max_elements=max(parameters.documents, 1),
        M=parameters.M,
        ef_construction=parameters.ef_construction,
        random_seed=_SEED,
    )
    return index


def _width(parameters: IndexParameters) -> int:
    return parameters.projection or parameters.dimensions


def _loaded(path: Path, parameters: IndexParameters, room: int) -> Any:  # noqa: ANN401
    """The graph in a file that was proved, with room for some number of vectors."""
    index = _hnswlib().Index(space=parameters.space, dim=_width(parameters))
    # As bytes, since the name of a folder need not be text.
    index.load_index(os.fsencode(path), max_elements=room)
    return index


def _save(index: Any, path: Path) -> None:  # noqa: ANN401
    with atomic_write(path) as temporary:
        index.save_index(os.fsencode(temporary))


class GraphIndex:
    """An index on disk, loaded and ready to search from any thread.

    Raises:
        BundleDamaged: The file is missing, is not the one that was written, or is not sound.
    """

    exact = False

    def __init__(self, folder: Path, parameters: IndexParameters) -> None:
        self.parameters = parameters
        path, documents = folder / GRAPH, parameters.documents
        shape = (documents, _width(parameters), parameters.M)
        prove(path, parameters.sha256)
        prove_once(
            path, "graph of {}, {}, {}".format(*shape), lambda: check_graph_file(path, *shape)
        )
        self._lock = threading.Lock()
        # Room is made for what is there, whatever room the file says that there was.
        self._index: Any = _loaded(path, parameters, max(documents, 1))
        self._index.set_num_threads(1)

    def search(self, vector: Float, count: int, view: int = _LEAST_EF) -> Rows:
        """See `VectorIndex.search`; keeps at least `view` candidates in view.

        None at all when the links lead to fewer: tight clusters can fall apart into islands.
        """
        count = min(count, self.parameters.documents)
        if count == 0:
            return np.empty(0, dtype=np.int64)
        # How far a search looks is a setting of the whole index, not of the call.
        with self._lock:
            self._index.set_ef(max(view, count, _LEAST_EF))
            try:
                labels, _ = self._index.knn_query(vector[None, :], k=count, num_threads=1)
            except RuntimeError:
                return np.empty(0, dtype=np.int64)
        rows: Rows = labels[0].astype(np.int64)
        return rows


def prove(path: Path, sha256: str) -> None:
    """Raise BundleDamaged unless `path` is the file of the hash that `index.json` names."""
    try:
        # What is remembered may itself be damaged, and can only clear the file, not condemn it.
        if remembered_sha256(path) == sha256 or sha256_of(path) == sha256:
            return
    except FileNotFoundError:
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.") from None
    except OSError as error:
        raise BundleDamaged(f"{path} cannot be read ({error.strerror}).") from None
    raise BundleDamaged(
        f"{path} is not the index that {PARAMETERS} describes: one of them was changed."
    )


def _hnswlib() -> Any:  # noqa: ANN401 - the package has no types.
    """The package, or a sentence that says how to get it."""
    try:
        import hnswlib
    except ImportError as error:
        if lacks_memory(error):
            raise MemoryError from error
        message = f"saetui needs the package 'hnswlib', which cannot be imported ({error})."
        raise SaetuiError(message, COMPILER_HINT) from None
    return hnswlib


PROJECTION = "index.projection.npy"

# Widths of projected vectors. The first one is used whose axes hold most of the variance, or else
# the last one that memory has room for. A narrower one needs so many more candidates that searching
# takes longer.
WIDTHS = (256, 384, 512)
_MOST = 0.75
_BYTES = 768 << 20

# hnswlib's ef: its minimum, and its multiple of the candidates. Comparing a projection takes less
# time than rescoring a whole vector.
_LEAST_VIEW = 1_500
_REACH = 2

# Rows from which the axes are computed.
_SAMPLE = 32_768


def principal_axes(vectors: NDArray[np.floating]) -> Float:
    """Axes that hold most of the vectors' squared length, at most half as many as dimensions.

    The axes are not those of the variance, because for inner products the mean is a direction like
    any other. But their number depends on how documents differ, and so on the variance.

    `vectors` are `(N, d)`, perhaps mapped; a sample of their rows is read. The axes are float32
    `(d, width - 1)`, orthonormal columns, the most important first.
    """
    random = np.random.default_rng(_SEED)
    rows = np.sort(random.choice(len(vectors), min(_SAMPLE, len(vectors)), replace=False))
    moments, total = np.zeros((vectors.shape[1],) * 2), np.zeros(vectors.shape[1])
    for start in range(0, len(rows), ADD_BLOCK):
        block = single(vectors[rows[start : start + ADD_BLOCK]])
        moments += block.T @ block
        total += block.sum(axis=0)
        forget_pages(vectors)
    axes = np.linalg.eigh(moments).eigenvectors[:, ::-1]
    covariance = moments - np.outer(total, total) / max(len(rows), 1)
    variance = np.einsum("ij,ij->j", axes, covariance @ axes)
    enough = _MOST * variance.sum()
    most = max(vectors.shape[1] // 2, 1)
    affordable = [w for w in WIDTHS if 4 * w * len(vectors) <= _BYTES] or WIDTHS[:1]
    width = next((w for w in affordable if variance[: w - 1].sum() >= enough), affordable[-1])
    return np.ascontiguousarray(axes[:, : min(width - 1, most)], dtype=np.float32)


def graph_vectors(vectors: NDArray[np.floating], axes: Float | None) -> Float:
    """Vectors as a graph holds them, float32: projected onto `axes`, or whole where these are None.

    A projection has a further number that makes its norm 1.
    """
    block = single(vectors)
    if axes is None:
        return block
    along = block @ axes
    rest = 1 - np.einsum("ij,ij->i", along, along)
    return np.column_stack([along, np.sqrt(np.maximum(rest, 0))])


class ProjectedIndex:
    """A graph on principal components, loaded and ready to search from any thread.

    Raises:
        BundleDamaged: A file is missing, or is not the one that was written.
    """

    exact = False

    def __init__(self, folder: Path, parameters: IndexParameters) -> None:
        self.parameters = parameters
        prove(folder / PROJECTION, parameters.projection_sha256)
        shape = (parameters.dimensions, parameters.projection - 1)
        self._axes = np.array(map_array(folder / PROJECTION, shape, np.float32))
        self._graph = GraphIndex(folder, parameters)

    def search(self, vector: Float, count: int) -> Rows:
        """See `VectorIndex.search`."""
        projected = np.append(vector @ self._axes, np.float32(0))
        return self._graph.search(projected, count, max(_REACH * count, _LEAST_VIEW))
