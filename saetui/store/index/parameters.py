"""The parameters of an index, and the protocol of every kind of index."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.errors import BundleDamaged
from saetui.store.atomic import write_json
from saetui.store.json_files import read_json, record_from

PARAMETERS = "index.json"

Kind = Literal["exact", "graph", "projected", "milvus"]
"""See `saetui.store.index`."""

CANDIDATES = 300
"""The fewest candidates that an index is asked for; measuring recall may raise it."""

# A projected index is asked for this many times the wanted rows, since its order is approximate.
_PROJECTION_SLACK = 2

# Builds never use more links or candidates than these.
_MOST_LINKS = 1_024
_MOST_CANDIDATES = 1_000_000

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class IndexParameters:
    """How an index was built.

    Attributes:
        documents: Number of vectors.
        dimensions: Their width.
        space: hnswlib's name of the distance; vectors have unit norm, so `ip` is cosine.
        M: A graph's links per vector and layer.
        ef_construction: A graph's candidates when a vector is linked.
        sha256: Of the file with the graph; empty without one.
        kind: See `saetui.store.index`.
        projection: Width of the projected vectors in a graph; 0: they are not projected.
        candidates: The fewest candidates to ask for, so that the nearest rows are among them.
        recall: Share of the true first ten that are then found, by the kind of query.
        projection_sha256: Of the file with the projection; empty without one.
        address: Of a database; one without `://` is a file, relative to the bundle.
        collection: Name of the vectors' collection in that database.
    """

    documents: int
    dimensions: int
    space: str = "ip"
    M: int = 16
    ef_construction: int = 200
    sha256: str = ""
    kind: str = "graph"
    projection: int = 0
    candidates: int = CANDIDATES
    recall: dict[str, float] = field(default_factory=dict)
    projection_sha256: str = ""
    address: str = ""
    collection: str = ""

    def depth(self, limit: int) -> int:
        """How many candidates to ask for, so that the nearest `limit` rows are among them."""
        slack = _PROJECTION_SLACK if self.projection else 1
        return max(slack * limit, self.candidates)


class VectorIndex(Protocol):
    """An open index; may be used from any thread."""

    @property
    def parameters(self) -> IndexParameters:
        """Its parameters."""

    @property
    def exact(self) -> bool:
        """Whether it compares every vector, and so misses none."""

    def search(self, vector: Float, count: int) -> Rows:
        """Rows of about the `count` nearest vectors to a unit vector `(d,)`, in any order.

        None at all where it cannot name as many.
        """


def write_parameters(folder: Path, parameters: IndexParameters) -> None:
    """Write the parameters of the index of the bundle in `folder`."""
    write_json(folder / PARAMETERS, asdict(parameters))


def read_parameters(folder: Path) -> IndexParameters:
    """Read the parameters of the index of the bundle in `folder`.

    Raises:
        BundleDamaged: The file does not describe an index.
    """
    path = folder / PARAMETERS
    try:
        parameters = record_from(IndexParameters, read_json(path))
        _check(parameters)
    except ValueError as error:
        raise BundleDamaged(f"{path} does not describe an index ({error}).") from None
    return parameters


def _check(parameters: IndexParameters) -> None:
    """Raise ValueError if the numbers cannot be those of an index."""
    lowest_links = 0 if parameters.kind == "exact" else 2
    bounds = {
        "documents": (parameters.documents, 0, 1 << 40),
        "dimensions": (parameters.dimensions, 1, 1 << 24),
        "projection": (parameters.projection, 0, parameters.dimensions + 1),
        "candidates": (parameters.candidates, 0, _MOST_CANDIDATES),
        "M": (parameters.M, lowest_links, _MOST_LINKS),
    }
    for name, (value, low, high) in bounds.items():
        if not low <= value <= high:
            raise ValueError(f"{name} = {value}")
    if parameters.space != "ip":
        raise ValueError(f"its distance is '{parameters.space}'")
    if not all(isinstance(share, float | int) for share in parameters.recall.values()):
        raise ValueError("its recall is no number")
