"""Arrays that a step fills shard by shard, so that a killed one loses a shard and no more."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from saetui.store.arrays import forget_pages
from saetui.store.atomic import write_json

Array = np.memmap[Any, np.dtype[Any]]
Layout = tuple[Path, tuple[int, ...], type[np.generic]]


class UnfinishedArrays:
    """Mapped arrays beside a note of how many of their rows are filled.

    Args:
        note: Where the note lies.
        made_from: Fingerprint of what the rows are made from; those of another are not gone on
            with.
        layouts: File, shape and type of each array.

    Attributes:
        arrays: To be filled, in the order of `layouts`.
        done: Rows that an earlier run filled.
    """

    def __init__(self, note: Path, made_from: str, layouts: Sequence[Layout]) -> None:
        self._note = note
        self._made_from = made_from
        note.parent.mkdir(parents=True, exist_ok=True)
        self.done = self._noted()
        mapped = [_mapped(layout) for layout in layouts] if self.done else []
        self.arrays = [array for array in mapped if array is not None]
        if len(self.arrays) < len(layouts):
            self.done = 0
            note.unlink(missing_ok=True)
            self.arrays = [
                np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)
                for path, shape, dtype in layouts
            ]

    def note(self, done: int) -> None:
        """Say that the first `done` rows are filled; their pages are let go of."""
        for array in self.arrays:
            array.flush()
            forget_pages(array)
        write_json(self._note, {"made_from": self._made_from, "done": done})

    def finish(self) -> None:
        """Say that the arrays are whole, and whoever made them moves them where they belong."""
        self._note.unlink(missing_ok=True)

    def _noted(self) -> int:
        try:
            note = json.loads(self._note.read_text(encoding="utf-8"))
            return int(note["done"]) if note["made_from"] == self._made_from else 0
        except (OSError, ValueError, KeyError, TypeError):
            return 0


def _mapped(layout: Layout) -> Array | None:
    path, shape, dtype = layout
    try:
        array: Array = np.lib.format.open_memmap(path, mode="r+")
    except (OSError, ValueError):
        return None
    return array if array.shape == shape and array.dtype == np.dtype(dtype) else None
