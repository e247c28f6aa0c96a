"""Which documents of a corpus are passages of the same paper."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.store.facts import Facts

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
        """The best passage of each paper.

        Args:
            rows: Documents, best first.
            limit: How many papers at most.

        Returns:
            Places in `rows`, best first, and how many further passages of each paper are in it.
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
