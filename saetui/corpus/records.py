"""What readers yield: records, and problems in place of records; and the report of a reading."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal, Protocol

ProblemKind = Literal["bad", "empty", "duplicate", "skipped"]

MOST_PROBLEMS = 20
"""How many problems are kept one by one; the counts go on."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One record that did not become a document.

    Attributes:
        line: Where it is, counted from 1: the line (JSON Lines, CSV, TSV, arXiv; the first one of
            a record that spans several), the row (Parquet) or the item (JSON); for a folder the
            file's path in it.
        kind: "bad" (cannot be read), "empty" (has no text), "duplicate" (its id occurred before)
            or "skipped" (a folder's file that is not text).
        reason: Completes the sentence "Line 12 ...".
    """

    line: int | str
    kind: ProblemKind
    reason: str


LONGEST_RECORD = 16 << 20
"""Bytes. A longer line, field or file is reported as bad, so that memory stays bounded."""


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a corpus as the file has it.

    Attributes:
        line: Where it is, as in `Problem.line`.
        fields: Its JSON values by name.
        id: The id to use when no field holds one; empty: one is made from `line`.
    """

    line: int | str
    fields: Mapping[str, object]
    id: str = ""


class Reader(Protocol):
    """Reads one format; it holds one record or one small batch in memory at a time."""

    unit: str

    def __iter__(self) -> Iterator[Record | Problem]:
        """Yield every record of the source, in order."""


class UnusableRecord(Exception):
    """A record that cannot become a document."""

    def __init__(self, kind: ProblemKind, reason: str) -> None:
        super().__init__(reason)
        self.kind: ProblemKind = kind
        self.reason = reason


class BrokenSource(Exception):
    """The source cannot be read any further; its text says why, without a full stop."""


@dataclass(slots=True)
class CorpusReport:
    """Counts of one reading, with its first problems; filled while the corpus is iterated.

    Attributes:
        unit: What `Problem.line` counts: "line", "row", "item" or "file".
        documents: Documents yielded.
        duplicates: Records whose id occurred before; the first one was kept.
        empty: Records without text.
        bad: Records that cannot be read.
        filtered: Records outside the requested categories.
        skipped: Files of a folder that are not text.
        limited: Whether the reading stopped at the requested limit.
        problems: The first `MOST_PROBLEMS` bad, empty or duplicate records.
        remarks: What else the reader should know, a sentence each.
    """

    unit: str = "line"
    documents: int = 0
    duplicates: int = 0
    empty: int = 0
    bad: int = 0
    filtered: int = 0
    skipped: int = 0
    limited: bool = False
    problems: list[Problem] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def add(self, problem: Problem) -> None:
        """Count a problem; keep it if it is one of the first."""
        match problem.kind:
            case "bad":
                self.bad += 1
            case "empty":
                self.empty += 1
            case "duplicate":
                self.duplicates += 1
            case "skipped":
                self.skipped += 1
                return
        if len(self.problems) < MOST_PROBLEMS:
            self.problems.append(problem)

    def place(self, problem: Problem) -> str:
        """Name a problem's place: "line 12", "file notes/a.txt"."""
        return f"{self.unit} {problem.line}"

    def summary(self) -> str:
        """Say in a sentence or two what was read and what was left out."""
        left_out = [
            counted(number, noun, plural)
            for number, noun, plural in (
                (self.bad, f"unreadable {self.unit}", f"unreadable {self.unit}s"),
                (self.empty, "record without text", "records without text"),
                (self.duplicates, "duplicate", "duplicates"),
                (self.filtered, "outside the categories", "outside the categories"),
                (self.skipped, "file that is not text", "files that are not text"),
            )
            if number
        ]
        sentence = f"{counted(self.documents, 'document', 'documents')} read"
        if self.limited:
            sentence += ", the limit asked for"
        if left_out:
            sentence += f"; left out: {', '.join(left_out)}"
        sentence += "."
        if self.problems:
            first = self.problems[0]
            sentence += f" The first problem: {self.place(first)} {first.reason}."
        return " ".join([sentence, *self.remarks])

    def as_dict(self) -> dict[str, object]:
        """Return the report as JSON values."""
        return asdict(self)


def counted(number: int, noun: str, plural: str) -> str:
    """Write "1 line" or "1,200 lines"."""
    return f"{number:,} {noun if number == 1 else plural}"
