"""Write a bundle as a dataset of latent-scope: https://github.com/enjalot/latent-scope.

The folder goes into latent-scope's folder of data. It holds the documents (`input.parquet`), their
embeddings, an SAE's codes, a projection on the two principal components, topics as clusters, and
one scope that joins them.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes
from saetui.core.documents import Document
from saetui.core.scores import single
from saetui.errors import MissingDependency
from saetui.interop.atlas import principal_axes
from saetui.store.atomic import atomic_write, write_json
from saetui.store.features import FeatureRecord

_VERSION = "1.0.0"
_EMBEDDING, _SAE, _UMAP, _CLUSTER, _SCOPE = (
    f"{kind}-001" for kind in ("embedding", "sae", "umap", "cluster", "scopes")
)
_LABELS = f"{_CLUSTER}-labels-default"
_OWN_COLUMNS = ("id", "title", "text", "url", "published")
# Up to so many different values, latent-scope offers the values of a column to choose from.
_CATEGORIES = 100
_TILES = (64, 128)
_BLOCK = 4_096
# For embeddings of these models latent-scope shows the names of its own SAE's features, whatever
# SAE a scope has. Its scope then has none, since those names would be wrong.
_WITH_NAMES_OF_ITS_OWN = (
    "sentence-transformers___all-MiniLM-L6-v2",
    "nomic-ai___nomic-embed-text-v1.5",
)


@dataclass(frozen=True)
class LatentScopeDataset:
    """What is written: the documents in order of rows, with their vectors, codes and topics.

    `model` is the embedder as latent-scope names it, or anything else if it has no name there.
    Features and names of topics are by number; `topics` are int `(N,)`.
    """

    name: str
    model: str
    documents: Iterator[Document]
    vectors: NDArray[np.floating]
    codes: Codes
    features: Sequence[FeatureRecord]
    sae: str
    topics: NDArray[np.int64]
    topic_names: Sequence[str]


def model_name(spec: str) -> str:
    """What latent-scope calls an embedder; the embedder's own name if it does not know it."""
    kind, _, model = spec.partition(":")
    if kind == "minilm":
        return f"🤗-{_WITH_NAMES_OF_ITS_OWN[0]}"
    if kind == "sentence-transformers":
        return f"🤗-{model.replace('/', '___')}"
    return f"openai-{model}" if kind == "openai" else spec


def write_latent_scope(folder: Path, data: LatentScopeDataset) -> None:
    """Write the files of a dataset, each of which is replaced whole.

    The name of the folder is the id of the dataset.

    Raises:
        MissingDependency: The package `h5py` or `pyarrow` is not installed.
    """
    try:
        import h5py  # noqa: F401
        import pyarrow  # noqa: F401
    except ImportError as error:
        missing = (error.name or "h5py").partition(".")[0]
        raise MissingDependency(missing, "Writing for latent-scope", "latent-scope") from None
    ids = {"dataset_id": folder.name}
    columns = _columns(data)
    about = _about_columns(folder.name, columns)
    _write_table(folder / "input.parquet", columns)
    write_json(folder / "meta.json", about)

    embedding = _embedding(data) | ids
    _write_arrays(folder / "embeddings" / f"{_EMBEDDING}.h5", embeddings=data.vectors)
    write_json(folder / "embeddings" / f"{_EMBEDDING}.json", embedding)

    sae = _sae(data) | ids
    used = data.codes.indices >= 0
    _write_arrays(
        folder / "saes" / f"{_SAE}.h5",
        top_acts=np.where(used, data.codes.values, 0).astype(np.float32),
        top_indices=np.where(used, data.codes.indices, 0).astype(np.int64),
    )
    _write_table(folder / "saes" / f"{_SAE}_features.parquet", _feature_columns(data.features))
    write_json(folder / "saes" / f"{_SAE}.json", sae)

    places, umap = _places(data.vectors)
    _write_table(folder / "umaps" / f"{_UMAP}.parquet", places)
    write_json(folder / "umaps" / f"{_UMAP}.json", umap)

    cluster = _cluster(data)
    _write_table(
        folder / "clusters" / f"{_CLUSTER}.parquet",
        {"cluster": data.topics, "raw_cluster": data.topics},
    )
    topics = _topic_columns(data)
    _write_table(folder / "clusters" / f"{_LABELS}.parquet", topics)
    write_json(folder / "clusters" / f"{_CLUSTER}.json", cluster)

    rows = {**places, **_tiles(places), **_of_rows(data)}
    _write_table(folder / "scopes" / f"{_SCOPE}.parquet", rows)
    joined = {
        "index": rows["ls_index"],
        **columns,
        **{n: c for n, c in rows.items() if n != "ls_index"},
    }
    _write_table(folder / "scopes" / f"{_SCOPE}-input.parquet", joined)
    own_names = any(name in data.model for name in _WITH_NAMES_OF_ITS_OWN)
    write_json(folder / "scopes" / f"{_SCOPE}-transactions.json", [])
    write_json(
        folder / "scopes" / f"{_SCOPE}.json",
        {
            "ls_version": _VERSION,
            "id": _SCOPE,
            "label": data.name,
            "description": f"{data.name}, clustered by the features of {data.sae}",
            "embedding_id": _EMBEDDING,
            "umap_id": _UMAP,
            "cluster_id": _CLUSTER,
            "cluster_labels_id": _LABELS,
            "dataset": about,
            "embedding": {
                k: v for k, v in embedding.items() if k not in ("min_values", "max_values")
            },
            **({} if own_names else {"sae_id": _SAE, "sae": sae}),
            "umap": umap,
            "cluster": cluster,
            "cluster_labels": {"id": _LABELS, "cluster_id": _CLUSTER},
            "cluster_labels_lookup": [
                {"label": label, "description": description, "hull": [], "cluster": number}
                for number, (label, description) in enumerate(
                    zip(topics["label"], topics["description"], strict=True)
                )
            ],
            "granularity": "rows",
            "dimensions": 2,
            "rows": len(data.topics),
            "columns": list(rows),
            "size": (folder / "scopes" / f"{_SCOPE}.parquet").stat().st_size,
        },
    )
    (folder / "tags").mkdir(exist_ok=True)


def _columns(data: LatentScopeDataset) -> dict[str, Any]:
    """Documents by column: what every document has, then the fields of their metadata."""
    documents = list(data.documents)
    columns: dict[str, Any] = {
        name: [getattr(document, name) for document in documents] for name in _OWN_COLUMNS
    }
    fields = dict.fromkeys(name for document in documents for name in document.metadata)
    for name in fields:
        if name not in columns:
            columns[name] = _values([document.metadata.get(name) for document in documents])
    names = [record.name for record in data.features]
    columns["features"] = [
        ", ".join(names[feature] for feature in row if feature >= 0)
        for row in data.codes.indices.tolist()
    ]
    return columns


def _values(values: list[object]) -> list[Any]:
    """Numbers if all are, else texts; latent-scope takes no other kinds beside text."""
    if all(v is None or (isinstance(v, (int, float)) and not isinstance(v, bool)) for v in values):
        return [None if v is None else float(v) for v in values]  # type: ignore[arg-type]
    return [
        None if v is None else v if isinstance(v, str) else json.dumps(v, ensure_ascii=False)
        for v in values
    ]


def _about_columns(dataset: str, columns: Mapping[str, list[Any]]) -> dict[str, Any]:
    about: dict[str, Any] = {}
    for name, values in columns.items():
        known = [value for value in values if value is not None]
        numbers = bool(known) and isinstance(known[0], float)
        counts = Counter(known)
        about[name] = {
            "type": "number" if numbers else "string",
            "unique_values_count": len(counts),
        }
        if numbers:
            about[name]["extent"] = [min(known), max(known)]
        elif len(counts) <= _CATEGORIES:
            about[name]["categories"] = [value for value, _ in counts.most_common()]
            about[name]["counts"] = dict(counts.most_common())
    return {
        "id": dataset,
        "length": len(columns["text"]),
        "columns": list(columns),
        "text_column": "text",
        "column_metadata": about,
        "potential_embeddings": [],
        "ls_version": _VERSION,
    }


def _embedding(data: LatentScopeDataset) -> dict[str, Any]:
    width = data.vectors.shape[1]
    least, most = np.full(width, np.inf, np.float32), np.full(width, -np.inf, np.float32)
    for start in range(0, len(data.vectors), _BLOCK):
        x = single(data.vectors[start : start + _BLOCK])
        least, most = np.minimum(least, x.min(axis=0)), np.maximum(most, x.max(axis=0))
    return {
        "id": _EMBEDDING,
        "model_id": data.model,
        "text_column": "text",
        "dimensions": width,
        "prefix": "",
        "late_interaction": False,
        "min_values": least.tolist(),
        "max_values": most.tolist(),
    }


def _sae(data: LatentScopeDataset) -> dict[str, Any]:
    dead = sum(not record.active for record in data.features)
    return {
        "id": _SAE,
        "model_id": data.sae,
        "k_expansion": data.sae,
        "embedding_id": _EMBEDDING,
        "granularity": "rows",
        "rows": len(data.codes.indices),
        "num_features": len(data.features),
        "dead_features": dead,
        "alive_features": len(data.features) - dead,
    }


def _feature_columns(features: Sequence[FeatureRecord]) -> dict[str, Any]:
    return {
        "feature_id": [record.id for record in features],
        "label": [record.name for record in features],
        "max_activation": np.array([r.max_activation for r in features], dtype=np.float32),
        "count": [record.active for record in features],
        "avg_activation": np.array([r.mean_activation for r in features], dtype=np.float32),
    }


def _places(vectors: NDArray[np.floating]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Coordinates from -1 to 1, and what is known of the projection."""
    axes, mean = principal_axes(vectors)
    places = np.concatenate(
        [
            (single(vectors[start : start + _BLOCK]) - mean) @ axes.T
            for start in range(0, len(vectors), _BLOCK)
        ]
    )
    least, most = places.min(axis=0), places.max(axis=0)
    scaled = 2 * (places - least) / np.maximum(most - least, 1e-12) - 1
    umap = {
        "id": _UMAP,
        "embedding_id": _EMBEDDING,
        "name": "principal components",
        "neighbors": None,
        "min_dist": None,
        "dimensions": 2,
        "min_values": least.tolist(),
        "max_values": most.tolist(),
    }
    return {"x": scaled[:, 0], "y": scaled[:, 1]}, umap


def _tiles(places: Mapping[str, NDArray[np.floating]]) -> dict[str, Any]:
    """The cell of each document in grids over the projection, row by row."""
    tiles = {}
    for count in _TILES:
        column, row = (
            np.clip(np.floor((places[axis] + 1) / 2 * count), 0, count - 1).astype(np.int64)
            for axis in ("x", "y")
        )
        tiles[f"tile_index_{count}"] = row * count + column
    return tiles


def _cluster(data: LatentScopeDataset) -> dict[str, Any]:
    return {
        "id": _CLUSTER,
        "umap_id": _UMAP,
        "method": f"topics of {data.sae}",
        "granularity": "rows",
        "cluster_on": "sae",
        "n_clusters": len(data.topic_names),
        "n_noise": 0,
    }


def _topic_columns(data: LatentScopeDataset) -> dict[str, Any]:
    import pyarrow

    members = [np.flatnonzero(data.topics == topic) for topic in range(len(data.topic_names))]
    return {
        "label": list(data.topic_names),
        "description": [f"{len(rows):,} documents" for rows in members],
        "indices": pyarrow.array(
            [rows.tolist() for rows in members], pyarrow.list_(pyarrow.int64())
        ),
        "hull": pyarrow.array([[] for _ in members], pyarrow.list_(pyarrow.int64())),
    }


def _of_rows(data: LatentScopeDataset) -> dict[str, Any]:
    return {
        "cluster": data.topics,
        "raw_cluster": data.topics,
        "label": [data.topic_names[topic] for topic in data.topics.tolist()],
        "deleted": np.zeros(len(data.topics), dtype=np.bool_),
        "ls_index": np.arange(len(data.topics)),
    }


def _write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    import h5py

    with atomic_write(path) as temporary, h5py.File(temporary, "w") as file:
        for name, array in arrays.items():
            kind = np.float32 if array.dtype.kind == "f" else array.dtype
            written = file.create_dataset(name, array.shape, kind)
            for start in range(0, len(array), _BLOCK):
                written[start : start + _BLOCK] = array[start : start + _BLOCK]


def _write_table(path: Path, columns: Mapping[str, Any]) -> None:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.table(dict(columns))
    with atomic_write(path) as temporary:
        parquet.write_table(table, temporary)
