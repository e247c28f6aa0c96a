"""Passages of long documents, and documents that are passages of one paper."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.scores import cosines
from saetui.errors import BundleDamaged
from saetui.store.arrays import forget_pages, map_array
from saetui.store.document_tables import Facts

VECTORS = "passages.npy"
SPANS = "passage_spans.npy"
FILES = (VECTORS, SPANS)

# Passages that are compared at a time.
_SPAN = 32_768


@dataclass(frozen=True)
class Passages:
    """The passages of all documents, in the order of documents and within each of its text.

    Attributes:
        vectors: Of unit norm, float16 `(P, d)`, mapped.
        spans: int32 `(P, 3)`: row of the document, and where the passage begins and ends in its
            text.
        documents: Number of documents N; each has a passage at least.
    """

    vectors: NDArray[np.float16]
    spans: NDArray[np.int32]
    documents: int

    @classmethod
    def of(cls, folder: Path, documents: int, dimensions: int) -> "Passages":
        """Those in a folder.

        Raises:
            BundleDamaged: They do not fit the documents.
        """
        spans = np.asarray(map_array(folder / SPANS, (None, 3), np.int32))
        vectors = map_array(folder / VECTORS, (len(spans), dimensions), np.float16)
        rows = spans[:, 0]
        steps = np.diff(rows)
        each = len(rows) and rows[0] == 0 and rows[-1] == documents - 1
        in_order = each and not ((steps < 0) | (steps > 1)).any()
        if not in_order or (spans < 0).any() or (spans[:, 1] > spans[:, 2]).any():
            raise BundleDamaged(f"{folder / SPANS} does not hold the passages of the documents.")
        return cls(vectors, spans, documents)

    def __len__(self) -> int:
        return len(self.spans)

    @cached_property
    def starts(self) -> NDArray[np.int64]:
        """First passage of each document, and behind the last one P; `(N + 1,)`."""
        return np.searchsorted(self.spans[:, 0], np.arange(self.documents + 1)).astype(np.int64)

    def cosines(self, vector: Float) -> Float:
        """For each document the highest cosine of its passages to a vector, float32 `(N,)`."""
        parts = []
        for start in range(0, len(self), _SPAN):
            parts.append(cosines(vector, self.vectors[start : start + _SPAN]))
            if len(self) > _SPAN:
                forget_pages(self.vectors)
        return np.maximum.reduceat(np.concatenate(parts), self.starts[:-1])

    def best(self, vector: Float, rows: NDArray[np.integer]) -> tuple[NDArray[np.int64], Float]:
        """The passage of each of some documents that is nearest to a vector, and its cosine."""
        if not len(rows):
            return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        starts, stops = self.starts[rows], self.starts[np.asarray(rows) + 1]
        sizes = stops - starts
        # Where the passages of each document begin among those of all of them.
        firsts = np.cumsum(sizes) - sizes
        chosen = np.arange(sizes.sum()) + np.repeat(starts - firsts, sizes)
        found = cosines(vector, self.vectors[chosen])
        highest = np.maximum.reduceat(found, firsts)
        places = np.flatnonzero(found == np.repeat(highest, sizes))
        # The first of equal ones.
        owners = np.repeat(np.arange(len(sizes)), sizes)[places]
        best = places[np.searchsorted(owners, np.arange(len(sizes)))]
        return chosen[best], found[best]


Rows = NDArray[np.int64]

FIELDS = ("paper", "paper_title", "parent_title")
"""A document with one of these fields in its metadata is a passage of the paper of that title."""


@dataclass(frozen=True, eq=False)
class Papers:
    """The papers of a corpus of passages.

    Attributes:
        field: The field of the metadata that has a paper's title.
        first: For each document the first document of its paper, itself if it has none; int64
            `(N,)`.
    """

    field: str
    first: Rows

    @classmethod
    def of(cls, facts: Facts, documents: int) -> "Papers | None":
        """The papers of a corpus; None where no two documents are of the same."""
        fields = facts.fields()
        for field in (each for each in FIELDS if each in fields):
            first = np.arange(documents, dtype=np.int64)
            for _, rows in facts.by_value(field):
                first[rows] = rows[:1]
            if (first != np.arange(documents)).any():
                return cls(field, first)
        return None

    def best(self, rows: Rows, limit: int) -> tuple[NDArray[np.intp], list[int]]:
        """The best passage of each of at most `limit` papers among `rows`, which are best first.

        Returns places in `rows`, best first, and how many further passages of each paper are in it.
        """
        _, places, counts = np.unique(self.first[rows], return_index=True, return_counts=True)
        order = np.argsort(places)[:limit]
        return places[order], (counts[order] - 1).tolist()

    def others(self, row: int) -> list[int]:
        """The other passages of a document's paper, ascending."""
        return [
            each for each in np.flatnonzero(self.first == self.first[row]).tolist() if each != row
        ]

    def keys(self, rows: Iterable[int]) -> list[int]:
        """For each document what all documents of its paper share."""
        return [int(self.first[row]) for row in rows]
