"""Write the forest of families for other programs, as GraphML or networkx's node-link JSON."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from saetui.core.families import Families
from saetui.errors import InputError
from saetui.store.atomic import atomic_write, named_if_unwritable
from saetui.store.features import FeatureRecord
from saetui.text import visible

if TYPE_CHECKING:
    import networkx as nx


def write_forest(
    path: Path, families: Families, features: Sequence[FeatureRecord]
) -> "nx.DiGraph[Any]":
    """Write the graph of `Families.to_networkx`, and return it.

    Args:
        path: Of the file, which is replaced whole: `.graphml`, or `.json` for node-link JSON.
        families: Of the SAE.
        features: Every feature of it, by number.

    Raises:
        InputError: The file has another ending, or cannot be written.
    """
    kind = path.suffix.lower()
    if kind not in (".graphml", ".json"):
        raise InputError(
            f"The name {path.name} does not say which format to write.",
            "Name it .graphml, or .json for networkx's node-link format.",
        )
    import networkx as nx

    labels = [_harmless(record.label) for record in features]
    graph = families.to_networkx(labels, np.array([record.density for record in features]))
    for _, node in graph.nodes(data=True):
        if "family_label" in node:
            node["family_label"] = _harmless(node["family_label"])
    with named_if_unwritable(path), atomic_write(path) as temporary:
        if kind == ".graphml":
            nx.write_graphml(graph, temporary)
        else:
            text = json.dumps(nx.node_link_data(graph, edges="edges"), ensure_ascii=False)
            temporary.write_bytes(f"{text}\n".encode("utf-8", "replace"))
    return graph


def _harmless(text: str) -> str:
    """A label without characters that XML cannot hold or a terminal would obey."""
    return visible(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
