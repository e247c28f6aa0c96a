"""Build the index of a bundle, of a kind that suits its size or that the user chose."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from saetui.errors import InputError
from saetui.store.hashes import sha256_of
from saetui.store.index.graph import GRAPH, UNFINISHED, build_graph, whole_vectors
from saetui.store.index.milvus import INSIDE, build_milvus
from saetui.store.index.parameters import PARAMETERS, IndexParameters, Kind, write_parameters
from saetui.store.index.projected import (
    PROJECTION,
    principal_axes,
    projected_vectors,
    write_projection,
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

    Args:
        text: `exact`, `graph`, `projected`, `milvus` or `milvus:URI`; empty for what suits.
        documents: Of the corpus.
        dimensions: Of its vectors.

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
            blocks = whole_vectors(vectors)
            parameters = build_graph(blocks, folder, parameters, advance, made_from)
        case "projected":
            axes = principal_axes(vectors)
            write_projection(folder, axes)
            parameters = replace(
                parameters,
                projection=axes.shape[1] + 1,
                projection_sha256=sha256_of(folder / PROJECTION),
            )
            blocks = projected_vectors(vectors, axes)
            parameters = build_graph(blocks, folder, parameters, advance, made_from)
        case "milvus":
            parameters = replace(parameters, address=address or INSIDE)
            parameters = build_milvus(vectors, home or folder, parameters, advance, made_from)
    write_parameters(folder, parameters)
    others = {name for files in _FILES.values() for name in files} | set(UNFINISHED)
    for name in others - set(_FILES[kind]):
        # Files of an earlier index of another kind.
        (folder / name).unlink(missing_ok=True)
    return parameters
