"""The nearest-neighbour index: hnswlib, checked before it is trusted.

hnswlib reads offsets from its file without looking whether they lie inside it, so a damaged file
can end the process. The file is therefore proved to be the one that was written, byte for byte,
before hnswlib sees it.
"""

import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.errors import COMPILER_HINT, BundleDamaged, SaetuiError
from saetui.store.atomic import atomic_write, write_json
from saetui.store.hashes import remembered_sha256, sha256_of
from saetui.store.json_files import read_json, record_from

_ADD_BLOCK = 2_048
# Candidates that a search keeps in view, at least.
_EF = 100
# Above this many documents, building on all cores is worth an index that differs from run to run.
_REPRODUCIBLE_BELOW = 200_000


@dataclass(frozen=True)
class IndexParameters:
    """How the index was built.

    Attributes:
        documents: Vectors in it.
        dimensions: Their width.
        space: hnswlib's name of the distance; vectors have unit norm, so `ip` is cosine.
        M: Links per vector and layer.
        ef_construction: Candidates looked at when a vector is linked.
        sha256: Of the index file.
    """

    documents: int
    dimensions: int
    space: str = "ip"
    M: int = 16
    ef_construction: int = 200
    sha256: str = ""


def build_index(
    embeddings: NDArray[np.floating],
    index_path: Path,
    parameters_path: Path,
    advance: Callable[[int], None],
) -> IndexParameters:
    """Index the rows of `embeddings` and write index and parameters.

    Args:
        embeddings: `(N, d)`, unit-norm rows.
        index_path: Where the index goes.
        parameters_path: Where its parameters go.
        advance: Called with the number of rows that were just added.
    """
    hnswlib = _hnswlib()
    count, dimensions = embeddings.shape
    parameters = IndexParameters(count, dimensions)
    index = hnswlib.Index(space=parameters.space, dim=dimensions)
    index.init_index(
        max_elements=max(count, 1),
        M=parameters.M,
        ef_construction=parameters.ef_construction,
        random_seed=100,
    )
    # With one thread the links do not depend on timing, and the same corpus gives the same file.
    threads = 1 if count < _REPRODUCIBLE_BELOW else (os.cpu_count() or 1)
    for start in range(0, count, _ADD_BLOCK):
        block = np.asarray(embeddings[start : start + _ADD_BLOCK], dtype=np.float32)
        index.add_items(block, np.arange(start, start + len(block)), num_threads=threads)
        advance(len(block))
    with atomic_write(index_path) as temporary:
        index.save_index(os.fsencode(temporary))
    parameters = IndexParameters(count, dimensions, sha256=sha256_of(index_path))
    write_json(parameters_path, asdict(parameters))
    return parameters


class VectorIndex:
    """An index on disk, loaded and ready to search from any thread.

    Raises:
        BundleDamaged: A file is missing or is not the one that was written.
    """

    def __init__(self, index_path: Path, parameters_path: Path) -> None:
        self.parameters = _read_parameters(parameters_path)
        _prove(index_path, self.parameters.sha256, parameters_path)
        hnswlib = _hnswlib()
        self._lock = threading.Lock()
        self._index: Any = hnswlib.Index(
            space=self.parameters.space, dim=self.parameters.dimensions
        )
        # As bytes, since the name of a folder need not be text.
        self._index.load_index(os.fsencode(index_path))
        self._index.set_num_threads(1)

    def search(self, vector: Float, limit: int) -> NDArray[np.int64]:
        """Rows of about the `limit` nearest vectors to `vector` `(d,)`.

        None at all when the links lead to fewer: tight clusters can fall apart into islands.
        """
        limit = min(limit, self.parameters.documents)
        if limit == 0:
            return np.empty(0, dtype=np.int64)
        # How far a search looks is a setting of the whole index, not of the call.
        with self._lock:
            self._index.set_ef(max(limit, _EF))
            try:
                labels, _ = self._index.knn_query(vector[None, :], k=limit, num_threads=1)
            except RuntimeError:
                return np.empty(0, dtype=np.int64)
        rows: NDArray[np.int64] = labels[0].astype(np.int64)
        return rows


def _prove(path: Path, sha256: str, parameters_path: Path) -> None:
    """Raise BundleDamaged unless `path` is the file of the hash in its parameters."""
    try:
        # What is remembered may itself be damaged, and can only clear the file, not condemn it.
        if remembered_sha256(path) == sha256 or sha256_of(path) == sha256:
            return
    except FileNotFoundError:
        raise BundleDamaged(f"{path.name} is missing from {path.parent}.") from None
    except OSError as error:
        raise BundleDamaged(f"{path} cannot be read ({error.strerror}).") from None
    raise BundleDamaged(
        f"{path} is not the index that {parameters_path.name} describes: one of them was changed."
    )


def _read_parameters(path: Path) -> IndexParameters:
    try:
        parameters = record_from(IndexParameters, read_json(path))
        if parameters.documents < 0 or parameters.dimensions < 1 or parameters.space != "ip":
            raise ValueError("its numbers or its distance cannot be")
    except ValueError as error:
        raise BundleDamaged(f"{path} does not describe an index ({error}).") from None
    return parameters


def _hnswlib() -> Any:  # noqa: ANN401 - the package has no types.
    """The package, or a sentence that says how to get it.

    Raises:
        SaetuiError: It is not installed, or was not compiled.
    """
    try:
        import hnswlib
    except ImportError as error:
        message = f"saetui needs the package 'hnswlib', which cannot be imported ({error})."
        raise SaetuiError(message, COMPILER_HINT) from None
    return hnswlib
