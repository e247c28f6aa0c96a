"""Answers to questions about a corpus: figures of features or families, for lists and files."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from saetui.core.group_tests import TwoGroups
from saetui.errors import InputError
from saetui.session.details import Example
from saetui.store.atomic import ending_of, write_text
from saetui.text import csv_text

Unit = Literal["feature", "family", "topic"]
Figure = float | int | str | None

SIGNIFICANT = 0.05
"""Corrected p values below this are called significant."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an answer.

    Attributes:
        figure: The name of the figure in `AnswerRow.figures`, in JSON and in CSV.
        title: What it is called on the screen.
        style: How it is written: `count`, `share`, `ratio`, `signed`, `number`, `date` (in years),
            `points`, `p` or `text`.
        width: In cells.
    """

    figure: str
    title: str
    style: str = "number"
    width: int = 8


@dataclass(frozen=True, slots=True)
class AnswerRow:
    """What an answer says of one feature or family.

    Attributes:
        id: Its number.
        name: Its label, or its number.
        lean: From -1 to 1: which way it leans and how far, for a bar.
        figures: Everything that is known, by name; None where it is not.
        shares: Its share in each period or group, for a sparkline.
    """

    id: int
    name: str
    lean: float
    figures: Mapping[str, Figure]
    shares: tuple[float, ...] = ()

    @property
    def significant(self) -> bool:
        """Whether chance is no explanation, after correction for all that were tested.

        Nor a burst in one period, where one is named.
        """
        q = self.figures.get("q")
        return isinstance(q, float) and q < SIGNIFICANT and not self.figures.get("burst")

    def to_json(self) -> dict[str, Any]:
        """The row as JSON."""
        shares = {"shares": list(self.shares)} if self.shares else {}
        return {"id": self.id, "label": self.name, **self.figures, **shares}


def beyond_chance(q: NDArray[np.float64], least: int, do: str) -> str:
    """How many features were tested, and of how many chance is no explanation.

    Args:
        q: Corrected p values; NaN where a feature was not tested.
        least: Features of fewer documents were not tested.
        do: What the others do, as in "differ".
    """
    sure, tested = int((q < SIGNIFICANT).sum()), int((~np.isnan(q)).sum())
    return (
        f"{sure:,} of {tested:,} with at least {least} documents {do} beyond chance "
        f"(p < {SIGNIFICANT}, corrected)."
    )


def ratio_figures(found: TwoGroups, place: int) -> dict[str, Figure]:
    """The ratio of the shares of one feature in two groups, with its 95% interval."""
    return {
        "ratio": known(found.ratio[place]),
        "low": known(found.low[place]),
        "high": known(found.high[place]),
    }


@dataclass(frozen=True)
class Answer:
    """The answer to a question about a corpus.

    Attributes:
        question: What was asked, as it can be typed again.
        title: What the rows are.
        remarks: Sentences that belong to it: sizes, what was left out.
        unit: Whether rows are features, families or topics.
        columns: The figures that are shown, the most important first.
        rows: In the order of the answer.
        facts: Everything else, for JSON.
        examples: Gives documents for a row, under titles: `(number, limit)`.
        leads: The features that a row leads to, by its number, where it is neither a feature nor a
            family.
        both_ends: Whether the last rows say as much as the first, such as what falls most.
    """

    question: str
    title: str
    remarks: tuple[str, ...]
    unit: Unit
    columns: tuple[Column, ...]
    rows: tuple[AnswerRow, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    examples: Callable[[int, int], list[tuple[str, list[Example]]]] = lambda number, limit: []
    leads: Mapping[int, tuple[int, ...]] = field(default_factory=dict)
    both_ends: bool = False

    def sorted(self, figure: str, *, descending: bool = True) -> "Answer":
        """The same rows in another order; rows in which the figure is not known come last.

        Raises:
            InputError: There is no such figure.
        """
        if self.rows and figure not in self.rows[0].figures:
            raise InputError(
                f"The answer has no figure called '{figure}'.",
                f"It has: {', '.join(self.rows[0].figures)}.",
            )
        known = [row for row in self.rows if row.figures[figure] is not None]
        known.sort(key=lambda row: row.figures[figure], reverse=descending)  # type: ignore[arg-type,return-value]
        unknown = [row for row in self.rows if row.figures[figure] is None]
        return replace(self, rows=(*known, *unknown))

    def to_json(self, limit: int = 0) -> dict[str, Any]:
        """The answer as JSON; `limit` 0 for all rows."""
        return {
            "question": self.question,
            "unit": self.unit,
            "remarks": list(self.remarks),
            **self.facts,
            "rows": [row.to_json() for row in self.rows[: limit or None]],
        }


def date_of_year(year: float) -> str:
    """A date that was given in years, to the month."""
    return f"{int(year)}-{int(year % 1 * 12) + 1:02d}"


def known(value: float) -> float | None:
    """A figure for an answer: None if it is not a number, else with seven digits."""
    return None if value != value else float(f"{value:.7g}")  # noqa: PLR0124 - only NaN differs.


def written(column: Column, value: Figure) -> str:
    """A figure as text."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    match column.style:
        case "count":
            return f"{value:,.0f}"
        case "share":
            return f"{value:.1%}" if value >= 0.0995 or not value else f"{value:.2%}"
        case "ratio":
            return f"{value:,.0f}x" if value >= 99.5 else f"{value:.2g}x"
        case "date":
            return date_of_year(value)
        case "points":
            return f"{100 * value:+.1f} percentage points"
        case "signed":
            return f"{value:+.2f}"
        case "p":
            # Smaller ones are zero to a computer.
            small = f"{value:.0e}" if value > 0 else "<1e-300"
            return small if value < 0.001 else f"{value:.3f}"
        case _:
            return f"{value:,.0f}" if abs(value) >= 9_999.5 else f"{value:.2f}"


def write_answer(path: Path, answer: Answer) -> int:
    """Write all rows of an answer as CSV; returns how many.

    Raises:
        InputError: The name does not end in `.csv`, or the file cannot be written.
    """
    ending_of(path, [".csv"])
    figures: Sequence[str] = list(answer.rows[0].figures) if answer.rows else []
    periods = answer.facts.get("periods") or answer.facts.get("categories") or []
    lines = [
        [row.id, row.name, *(row.figures[name] for name in figures), *row.shares]
        for row in answer.rows
    ]
    text = csv_text([[answer.unit, "label", *figures, *periods], *lines])
    write_text(path, text)
    return len(answer.rows)
