"""The answer to a question about the corpus: one feature or family a line."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saetui.tui.columns import Pieces, fit
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.session.questions.answers import Answer, AnswerRow, Column

_BAR = 8
_NUMBER = 6
# A label keeps this many cells before less important columns are shown.
_LEAST_LABEL = 22


class AnswerList(LineList["AnswerRow"]):
    """Features or families, each with a bar that says which way it leans, and its figures."""

    def __init__(self, *, id: str | None = None, empty: Sequence[str] = ()) -> None:
        super().__init__(id=id, empty=empty)
        self.answer: Answer | None = None
        # The figure that is sorted by, and whether the highest comes first.
        self.order: tuple[str, bool] = ("", True)

    def line(self, row: "AnswerRow", index: int, width: int) -> Pieces:
        """Number, bar, label, sparkline, figures; muted where chance explains it."""
        from saetui.session.questions.answers import written

        columns, spark = self._layout(width)
        room = width - _NUMBER - _BAR - 2 - sum(each.width for each in columns) - spark
        style = "" if row.significant or "q" not in row.figures else "muted"
        line = self.glyphs.sparkline(row.shares[-spark + 1 :]) if spark else ""
        return (
            (f"{row.id:>{_NUMBER - 1}} ", "muted"),
            (self.glyphs.lean(row.lean, _BAR), "toward" if row.lean >= 0 else "away"),
            (" ", ""),
            (fit(row.name, room, self.glyphs.ellipsis), style),
            (f"{line:>{spark}}" if spark else "", style or "toward"),
            *(
                (f"{_fitted(written(each, row.figures[each.figure]), each, self)}", style)
                for each in columns
            ),
            (" ", ""),
        )

    def heading(self, width: int) -> tuple[str, str]:
        """Names of the columns left and right of the label, as wide as `line` draws them."""
        columns, spark = self._layout(width)
        names = "".join(
            f" {self._named(each):<{each.width - 1}}"
            if each.style == "text"
            else f"{self._named(each):>{each.width}}"
            for each in columns
        )
        share = f"{'share':>{spark}}" if spark >= len(" share") else " " * spark
        return f"{'#':>{_NUMBER - 1}} {'':{_BAR}} ", f"{share}{names} "

    def _named(self, column: "Column") -> str:
        figure, descending = self.order
        mark = self.glyphs.falling if descending else self.glyphs.rising
        return f"{column.title}{mark}" if column.figure == figure else column.title

    def _layout(self, width: int) -> "tuple[list[Column], int]":
        """The columns that find room, and how many cells a sparkline has."""
        if self.answer is None:
            return [], 0
        room = width - _NUMBER - _BAR - 2 - _LEAST_LABEL
        columns: list[Column] = []
        for column in self.answer.columns:
            if column.width <= room or column.figure == self.order[0]:
                columns.append(column)
                room -= column.width
        longest = max((len(row.shares) for row in self.rows[:1]), default=0)
        spark = longest + 1 if 0 < longest < room else 0
        return columns, spark


def _fitted(text: str, column: "Column", lines: AnswerList) -> str:
    if column.style == "text":
        return " " + fit(text, column.width - 1, lines.glyphs.ellipsis)
    return f"{text:>{column.width}}"
