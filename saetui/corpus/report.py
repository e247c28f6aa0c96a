"""What a reading of a corpus found, and what it left out."""

from dataclasses import dataclass, field
from typing import Literal

ProblemKind = Literal["bad", "empty", "duplicate", "skipped"]

MOST_PROBLEMS = 20
"""How many problems are kept one by one; the counts go on."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One record that did not become a document.

    Attributes:
        line: Where it is, counted from 1: the line (JSON Lines, CSV, TSV, arXiv; a record over
            several lines is known by its first), the row (Parquet) or the item (JSON); for a
            folder the file's path in it.
        kind: "bad" (cannot be read), "empty" (has no text), "duplicate" (its id occurred before)
            or "skipped" (a folder's file that is not a text).
        reason: Completes the sentence "Line 12 ...".
    """

    line: int | str
    kind: ProblemKind
    reason: str


@dataclass(slots=True)
class CorpusReport:
    """Counts of one reading, with its first problems; filled while the corpus is iterated.

    Attributes:
        unit: What `Problem.line` counts: "line", "row", "item" or "file".
        documents: Documents given out.
        duplicates: Records whose id occurred before; the first one was kept.
        empty: Records without text.
        bad: Records that cannot be read.
        filtered: Records outside the categories asked for.
        skipped: Files of a folder that are not texts.
        limited: Whether the reading stopped at the limit asked for.
        problems: The first `MOST_PROBLEMS` bad, empty or duplicate records.
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

    def add(self, problem: Problem) -> None:
        """Count a problem, and keep it if it is one of the first."""
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
        """Say where a problem is: "line 12", "file notes/a.txt"."""
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
                (self.skipped, "file that is not a text", "files that are not texts"),
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
        return sentence

    def as_dict(self) -> dict[str, object]:
        """Give the report as JSON values."""
        return {
            "documents": self.documents,
            "duplicates": self.duplicates,
            "empty": self.empty,
            "bad": self.bad,
            "filtered": self.filtered,
            "skipped": self.skipped,
            "limited": self.limited,
            "unit": self.unit,
            "problems": [
                {"line": problem.line, "kind": problem.kind, "reason": problem.reason}
                for problem in self.problems
            ],
        }


def counted(number: int, noun: str, plural: str) -> str:
    """Write "1 line" or "1,200 lines"."""
    return f"{number:,} {noun if number == 1 else plural}"
