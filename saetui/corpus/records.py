"""What every reader gives: records, and problems where a record should have been."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from saetui.corpus.report import Problem, ProblemKind

LONGEST_RECORD = 16 << 20
"""Bytes. A longer line, field or file is reported as bad, so that memory stays bounded."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a corpus as the file has it.

    Attributes:
        line: Where it is, as in `Problem.line`.
        fields: Its named values, JSON values.
        id: The id when no field holds one; empty: made from `line`.
    """

    line: int | str
    fields: Mapping[str, object]
    id: str = ""


class Reader(Protocol):
    """One format's way from bytes to records; it holds one record or one small batch at a time."""

    unit: str

    def __iter__(self) -> Iterator[Record | Problem]:
        """Give every record of the source in its order."""


class UnusableRecord(Exception):
    """A record that cannot become a document."""

    def __init__(self, kind: ProblemKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: ProblemKind = kind
        self.reason = reason


class BrokenSource(Exception):
    """The source cannot be read any further; its text completes "The file breaks off: ..."."""
