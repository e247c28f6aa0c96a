"""The names of one's field that labels may have."""

import hashlib
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Concept:
    """A name that labels may have, and other ways in which documents say it."""

    name: str
    alternatives: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vocabulary:
    """The names of a field, each of them once.

    Attributes:
        concepts: In the order of the file.
        left_out: How many names are too long for a label or have no letters.
    """

    concepts: tuple[Concept, ...]
    left_out: int = 0

    @property
    def fingerprint(self) -> str:
        """A hash that changes with the names, but not with comments or the form of the file."""
        text = json.dumps([[each.name, *each.alternatives] for each in self.concepts])
        return hashlib.sha256(text.encode()).hexdigest()
