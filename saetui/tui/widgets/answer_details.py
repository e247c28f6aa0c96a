"""Everything that an answer says of one feature or family, and documents that show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saetui.glyphs import Glyphs
from saetui.text import visible_line
from saetui.tui.widgets.details import DetailRow, example_documents, section, text_rows

if TYPE_CHECKING:
    from saetui.session.details import Example
    from saetui.session.questions.answers import Answer, AnswerRow

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
