"""The answer to a question about the corpus: its list, and everything about one of its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saetui.glyphs import Glyphs
from saetui.text import visible_line
from saetui.tui.widgets.details import DetailRow, example_documents, section, text_rows
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Pieces, fit

if TYPE_CHECKING:
    from saetui.session.details import Example
    from saetui.session.questions.answers import Answer, AnswerRow, Column

_LONGEST = 200
_NAMES = {
    "a": "documents of A with it",
    "b": "documents of B with it",
    "share_a": "share of A",
    "share_b": "share of B",
    "documents": "documents with it",
    "difference": "difference",
    "ratio": "ratio",
    "low": "from",
    "high": "to",
    "keyness": "how surely they differ (root of G2)",
    "z": "how surely it changes (z)",
    "rho": "rank correlation",
    "mean": "mean with it",
    "other_mean": "mean without it",
    "first": "share in the first third",
    "last": "share in the last third",
    "burst": "grey, since the change is due to one period",
    "follows": "the change follows from the mixture of",
    "most": "most in",
    "highest_third": "share among the highest third",
    "lowest_third": "share among the lowest third",
    "share": "share there",
    "elsewhere": "share elsewhere",
    "p": "p of this one alone",
    "q": "p, corrected for all tested",
}
_STYLES = {
    "a": "count",
    "b": "count",
    "documents": "count",
    "share_a": "share",
    "share_b": "share",
    "first": "share",
    "last": "share",
    "highest_third": "share",
    "lowest_third": "share",
    "share": "share",
    "elsewhere": "share",
    "ratio": "ratio",
    "p": "p",
    "q": "p",
}
_BAR = 24


@dataclass(frozen=True)
class AnswerDetail:
    """A row of an answer with its documents.

    Attributes:
        answer: The answer.
        row: The row.
        examples: Documents that show it, under titles.
    """

    answer: "Answer"
    row: "AnswerRow"
    examples: "Sequence[tuple[str, Sequence[Example]]]"


def answer_rows(detail: AnswerDetail, glyphs: Glyphs, width: int) -> list[DetailRow]:
    """Name and figures, the share in each period or category, then documents."""
    row, answer = detail.row, detail.answer
    link = DetailRow(row.name, str(row.id), answer.unit, row.id)
    examples = [
        each
        for title, documents in detail.examples
        for each in section(visible_line(title, _LONGEST), example_documents(documents))
    ]
    return [
        link,
        *_figures(row, answer, width),
        *_shares(detail, glyphs, width),
        *examples,
    ]


def _one_is_zero(row: "AnswerRow") -> bool:
    """Whether one of the two shares that a ratio compares is 0."""
    shares = [row.figures.get(name) for name in ("share_a", "share_b", "first", "last")]
    return 0 in shares


def _figures(row: "AnswerRow", answer: "Answer", width: int) -> list[DetailRow]:
    from saetui.session.questions.answers import Column, written

    styles = {**_STYLES, **{column.figure: column.style for column in answer.columns}}
    if "share_a" in row.figures:
        styles["difference"] = "points"
    said = []
    for figure, value in row.figures.items():
        if figure in ("low", "high") or value is None:
            continue
        text = written(Column(figure, "", styles.get(figure, "number")), value)
        if figure in ("ratio", "difference") and row.figures.get("low") is not None:
            of = "ratio" if "ratio" in row.figures else "difference"
            if figure == of:
                style = styles.get(figure, "number")
                low, high = (
                    written(Column(end, "", style), row.figures[end]) for end in ("low", "high")
                )
                text += f" (95%: {low} to {high})"
                if _one_is_zero(row):
                    text += "; half a document added"
        if figure == "difference" and styles.get("mean") == "date":
            text += " in years"
        said.append(f"{_NAMES.get(figure, figure)}: {text}")
    if row.figures.get("p", 0) is None:
        said.append("Too few documents have it to say anything.")
    return [DetailRow(""), *(each for text in said for each in text_rows(text, width))]


def _shares(detail: AnswerDetail, glyphs: Glyphs, width: int) -> list[DetailRow]:
    names = detail.answer.facts.get("periods") or detail.answer.facts.get("categories") or ()
    shares = detail.row.shares
    if not shares:
        return []
    highest = max(shares) or 1.0
    longest = min(max((len(name) for name in names), default=0), 20)
    bar = max(4, min(_BAR, width - longest - 10))
    rows = [
        DetailRow(
            f"{visible_line(name, 20)[:longest]:>{longest}} "
            f"{glyphs.bar(share / highest, bar)} {share:.2%}",
            kind="text",
        )
        for name, share in zip(names, shares, strict=True)
    ]
    return section("Share of the documents", rows)


_LEAN = 8
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
        room = width - _NUMBER - _LEAN - 2 - sum(each.width for each in columns) - spark
        style = "" if row.significant or "q" not in row.figures else "muted"
        line = self.glyphs.sparkline(row.shares[-spark + 1 :]) if spark else ""
        return (
            (f"{row.id:>{_NUMBER - 1}} ", "muted"),
            (self.glyphs.lean(row.lean, _LEAN), "toward" if row.lean >= 0 else "away"),
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
        return f"{'#':>{_NUMBER - 1}} {'':{_LEAN}} ", f"{share}{names} "

    def _named(self, column: "Column") -> str:
        figure, descending = self.order
        mark = self.glyphs.falling if descending else self.glyphs.rising
        return f"{column.title}{mark}" if column.figure == figure else column.title

    def _layout(self, width: int) -> "tuple[list[Column], int]":
        """The columns that find room, and how many cells a sparkline has."""
        if self.answer is None:
            return [], 0
        room = width - _NUMBER - _LEAN - 2 - _LEAST_LABEL
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
