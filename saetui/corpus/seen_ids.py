"""Which ids occurred before, in little memory."""

from bisect import bisect_left
from hashlib import blake2b

_FEWEST_RECENT = 1 << 16


class SeenIds:
    """A set of ids that keeps 8 bytes of hash for each instead of its text.

    The newest hashes are in a Python set; when that grows past an eighth of the rest it is merged
    into one sorted array. Memory is about 20 bytes an id, where a set of strings takes over 100.
    Two different ids of a million share a hash with a chance of 3 in 100 million; the later one
    would be taken for a duplicate.
    """

    def __init__(self) -> None:
        self._recent: set[int] = set()
        self._sorted = memoryview(b"").cast("Q")

    def add(self, identifier: str) -> bool:
        """Add an id; False when it was there already."""
        digest = blake2b(identifier.encode(), digest_size=8).digest()
        key = int.from_bytes(digest, "little")
        if key in self._recent:
            return False
        place = bisect_left(self._sorted, key)
        if place < len(self._sorted) and self._sorted[place] == key:
            return False
        self._recent.add(key)
        if len(self._recent) > max(_FEWEST_RECENT, len(self._sorted) // 8):
            self._merge()
        return True

    def _merge(self) -> None:
        import numpy as np

        recent = np.fromiter(self._recent, dtype=np.uint64, count=len(self._recent))
        merged = np.concatenate([np.asarray(self._sorted, dtype=np.uint64), recent])
        merged.sort()
        self._sorted = memoryview(merged.data)
        self._recent = set()
