"""An index of kind `milvus`: the vectors in a Milvus database, used through its own client.

A file's name in place of an address means Milvus Lite, which runs inside this process. A token is
never kept in a bundle and is sent only to the address in `MILVUS_URI`: the address in a bundle was
written by whoever built it.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.scores import single
from saetui.errors import MissingDependency, SaetuiError
from saetui.paths import user_path
from saetui.store.arrays import forget_pages
from saetui.store.index.parameters import IndexParameters, Rows

INSIDE = "index.db"
"""Files of Milvus Lite in the bundle, unless another address is given."""

_ROW, _VECTOR = "row", "vector"
_ADD_BLOCK = 4_096
# Milvus returns at most this many rows.
_MOST_NAMED = 16_384
_LEAST_EF = 100


def build_milvus(
    vectors: NDArray[np.floating],
    folder: Path,
    parameters: IndexParameters,
    advance: Callable[[int], None],
    made_from: str,
) -> IndexParameters:
    """Insert vectors into a new collection; after a killed build, insert the missing ones.

    `vectors` are `(N, d)`, unit-norm rows, read a block at a time. `made_from` identifies them, and
    names the collection. Returns the parameters with the collection.

    Raises:
        SaetuiError: The database cannot be used.
    """
    parameters = replace(parameters, collection=f"saetui_{made_from[:32] or 'vectors'}")
    database = MilvusIndex(folder, parameters)
    done = database.prepared()
    advance(done)
    for start in range(done, len(vectors), _ADD_BLOCK):
        block = single(vectors[start : start + _ADD_BLOCK])
        forget_pages(vectors)
        database.add(start, block)
        advance(len(block))
    database.finish()
    return parameters


class MilvusIndex:
    """A collection in a Milvus database, used from any thread; it connects when first needed.

    Raises:
        SaetuiError: From any method: the database cannot be reached, or lacks the vectors.
    """

    exact = False

    def __init__(self, folder: Path, parameters: IndexParameters) -> None:
        self.parameters = parameters
        self._folder = folder
        self._lock = threading.Lock()
        self._loaded = False
        self._own = os.environ.get("MILVUS_URI", "")
        self.address = self._own or parameters.address

    @cached_property
    def _client(self) -> Any:  # noqa: ANN401 - the package has no types.
        address = self.address
        if "://" not in address:
            address = str(self._folder / user_path(address))
            Path(address).parent.mkdir(parents=True, exist_ok=True)
        token = os.environ.get("MILVUS_TOKEN", "") if self._own else ""
        with self._asking():
            from pymilvus import MilvusClient

            return MilvusClient(address, token=token)

    def prepared(self) -> int:
        """Make sure that the collection exists; return how many rows it has, in whole blocks."""
        client, name = self._client, self.parameters.collection
        with self._lock, self._asking():
            from pymilvus import DataType

            if client.has_collection(name):
                counted = client.query(name, filter="", output_fields=["count(*)"])
                return int(counted[0]["count(*)"]) // _ADD_BLOCK * _ADD_BLOCK
            schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
            schema.add_field(_ROW, DataType.INT64, is_primary=True)
            schema.add_field(_VECTOR, DataType.FLOAT_VECTOR, dim=self.parameters.dimensions)
            index = client.prepare_index_params()
            index.add_index(
                _VECTOR,
                index_type="HNSW",
                metric_type="IP",
                params={
                    "M": self.parameters.M,
                    "efConstruction": self.parameters.ef_construction,
                },
            )
            client.create_collection(
                name, schema=schema, index_params=index, consistency_level="Strong"
            )
        return 0

    def add(self, start: int, block: Float) -> None:
        """Insert rows from `start` on; existing ones are replaced."""
        rows = [{_ROW: start + place, _VECTOR: vector} for place, vector in enumerate(block)]
        with self._lock, self._asking():
            self._client.upsert(self.parameters.collection, rows)

    def finish(self) -> None:
        """Make the database write its rows and prepare them for searches."""
        with self._lock, self._asking():
            self._client.flush(self.parameters.collection)
            self._client.load_collection(self.parameters.collection)

    def search(self, vector: Float, count: int) -> Rows:
        """See `VectorIndex.search`."""
        count = min(count, self.parameters.documents)
        if not 0 < count <= _MOST_NAMED:
            return np.empty(0, dtype=np.int64)
        client, name = self._client, self.parameters.collection
        with self._lock, self._asking():
            if not self._loaded:
                if not client.has_collection(name):
                    raise SaetuiError(
                        f"Milvus at {self.address} does not have the vectors of this bundle "
                        f"({name}).",
                        "Build the bundle again, or name the right database in MILVUS_URI.",
                    )
                client.load_collection(name)
                self._loaded = True
            found = client.search(
                name,
                data=[vector],
                anns_field=_VECTOR,
                limit=count,
                search_params={"metric_type": "IP", "params": {"ef": max(count, _LEAST_EF)}},
                output_fields=[_ROW],
            )
        return np.array([hit[_ROW] for hit in found[0]], dtype=np.int64)

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Raise SaetuiError where the database cannot be reached, or refuses."""
        try:
            from pymilvus.exceptions import MilvusException
        except ImportError:
            raise MissingDependency("pymilvus", "An index in Milvus", "milvus") from None
        try:
            yield
        except (MilvusException, OSError, ValueError) as error:
            reason = str(getattr(error, "message", "") or error).partition("\n")[0].rstrip(".")
            raise SaetuiError(
                f"Milvus at {self.address} cannot be used: {reason}.",
                "See that it runs and is not in use elsewhere; MILVUS_URI names another address.",
            ) from None
