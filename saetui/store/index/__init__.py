"""The nearest-neighbour index of a bundle: which kinds there are, and what all of them can do.

| kind | where | what it costs |
| --- | --- | --- |
| `exact` | small corpora | nothing: every vector is compared |
| `graph` | in the middle | hnswlib on the whole vectors, which it keeps in memory |
| `projected` | large corpora | hnswlib on the vectors' principal components, a fraction of that |
| `milvus` | corpora beyond one machine, if asked for | a Milvus database elsewhere |

No index ranks by itself. It names rows that hold the nearest, and whoever asks scores these again
from the vectors in the bundle, so that scores are exact whatever the kind.
"""

from saetui.store.index.building import asked_kind, build_index, choose_kind, index_files
from saetui.store.index.opening import open_index
from saetui.store.index.parameters import IndexParameters, Rows, VectorIndex
from saetui.store.index.recall import measure_recall

__all__ = [
    "IndexParameters",
    "Rows",
    "VectorIndex",
    "asked_kind",
    "build_index",
    "choose_kind",
    "index_files",
    "measure_recall",
    "open_index",
]
