"""Write documents as Embedding Atlas opens them: a Parquet file with a row for each.

Its columns `text`, `vector`, `projection_x`, `projection_y` and `neighbors` are what its options
`--text`, `--vector`, `--x`, `--y` and `--neighbors` name; `labels` are for `--features`. The
projection is on the two principal components, which are quick to find and the same every time.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Float
from saetui.core.documents import Document
from saetui.core.scores import single
from saetui.errors import MissingDependency
from saetui.store.atomic import atomic_write
from saetui.store.index.building import nearest_rows

COMMAND = (
    "--text text --vector vector --x projection_x --y projection_y --neighbors neighbors "
    "--features labels"
)
_NEIGHBOURS = 10
_BLOCK = 4_096
_SAMPLED = 20_000


def write_atlas(
    path: Path,
    documents: Iterator[Document],
    vectors: NDArray[np.floating],
    codes: Codes,
    labels: Sequence[str],
) -> None:
    """Write a Parquet file, which is replaced whole.

    `documents` are in order of rows, `vectors` `(N, d)`; `labels` are of the features, by number.

    Raises:
        MissingDependency: The package `pyarrow` is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise MissingDependency("pyarrow", "Writing Parquet", "parquet") from None
    axes, mean = principal_axes(vectors)
    with atomic_write(path) as temporary:
        writer = None
        for start in range(0, len(vectors), _BLOCK):
            rows = np.arange(start, min(start + _BLOCK, len(vectors)))
            columns = _columns(rows, documents, vectors, codes, labels)
            place = (single(vectors[rows]) - mean) @ axes.T
            table = pyarrow.table(
                {
                    **columns,
                    "projection_x": place[:, 0].astype(np.float64),
                    "projection_y": place[:, 1].astype(np.float64),
                }
            )
            writer = writer or parquet.ParquetWriter(temporary, table.schema)
            writer.write_table(table)
        if writer is not None:
            writer.close()


def _columns(
    rows: NDArray[np.int64],
    documents: Iterator[Document],
    vectors: NDArray[np.floating],
    codes: Codes,
    labels: Sequence[str],
) -> dict[str, Any]:
    import pyarrow

    found = [next(documents) for _ in rows]
    x = single(vectors[rows])
    # The nearest row is the document itself.
    nearest, distances = _neighbours(x, vectors, rows)
    active = [
        (row_indices[row_indices >= 0].tolist(), row_values[row_indices >= 0].tolist())
        for row_indices, row_values in zip(codes.indices[rows], codes.values[rows], strict=True)
    ]
    flat = pyarrow.array(x.reshape(-1))
    return {
        "id": [document.id for document in found],
        "title": [document.title for document in found],
        "text": [document.text for document in found],
        "url": [document.url for document in found],
        "published": [document.published for document in found],
        "vector": pyarrow.FixedSizeListArray.from_arrays(flat, x.shape[1]),
        "neighbors": [
            {"ids": ids, "distances": apart} for ids, apart in zip(nearest, distances, strict=True)
        ],
        "features": [features for features, _ in active],
        "activations": [values for _, values in active],
        "labels": [[labels[f] for f in features if labels[f]] for features, _ in active],
        "strongest": [labels[features[0]] if features else "" for features, _ in active],
    }


def _neighbours(
    x: Float, vectors: NDArray[np.floating], rows: NDArray[np.int64]
) -> tuple[list[list[int]], list[list[float]]]:
    found = nearest_rows(x, vectors, min(_NEIGHBOURS + 1, len(vectors)))
    ids, apart = [], []
    for own, vector, near in zip(rows.tolist(), x, found, strict=True):
        others = near[near != own]
        cosines = single(vectors[others]) @ vector
        order = np.lexsort((others, -cosines))[:_NEIGHBOURS]
        ids.append(others[order].tolist())
        apart.append((1 - cosines[order]).astype(np.float64).tolist())
    return ids, apart


def principal_axes(vectors: NDArray[np.floating]) -> tuple[Float, Float]:
    """The first two principal components `(2, d)` of a sample, and its mean `(d,)`."""
    rows = np.unique(np.linspace(0, len(vectors) - 1, min(len(vectors), _SAMPLED)).astype(np.int64))
    sample = single(vectors[rows]).astype(np.float64)
    mean = sample.mean(axis=0)
    _, axes = np.linalg.eigh((sample - mean).T @ (sample - mean))
    first = axes[:, ::-1][:, :2].T
    # Of the two directions of an axis the one in which its largest part is positive.
    signs = np.sign(first[np.arange(len(first)), np.abs(first).argmax(axis=1)])
    return (first * signs[:, None]).astype(np.float32), mean.astype(np.float32)
