"""Everything about a feature or a document, as one list.

Sections stand below one another: figures, histogram, documents, features. The cursor rests on
documents and features, and enter opens them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Pieces, cut, fit, wrap

if TYPE_CHECKING:
    from saetui.session.details import DocumentDetail, Example, Neighbour

VALUE = 10

Trust = Callable[[int], str]
"""How far to trust the label of a feature, in a few characters."""


@dataclass(frozen=True, slots=True)
class DetailRow:
    """One line of details.

    Attributes:
        text: What it says. In rows that open nothing it is harmless and as wide as it should be.
        value: A number before it, as text.
        kind: `title`, `text`, `muted`, `document`, `feature`, `family` or `label`.
        target: Row of the document, number of the feature or family, or version of the label; None
            if the row opens nothing.
        note: A few characters after the text, such as how far to trust a label, or what the
            reader said.
        pieces: The text in parts of different styles, in place of `text`.
    """

    text: str
    value: str = ""
    kind: str = "text"
    target: int | None = None
    note: str = ""
    pieces: Pieces = ()


class DetailList(LineList[DetailRow]):
    """Details of one feature or document."""

    _any_target = False

    def replace(self, rows: Sequence[DetailRow], cursor: int | None = None) -> None:
        """Show other rows; the cursor stays on its line unless told where to go."""
        self._any_target = any(row.target is not None for row in rows)
        super().replace(rows, cursor)

    def lay_out(self, rows: Sequence[DetailRow]) -> None:
        """Show the same rows laid out again; the cursor stays on its document or feature."""
        here, place = self.row, self.cursor
        same = [
            i
            for i, row in enumerate(rows)
            if here is not None and (row.kind, row.target) == (here.kind, here.target)
        ]
        # The same feature may be in two sections; the number of rows before it tells them apart.
        number = len(_targets(self.rows[:place]))
        places = _targets(rows)
        by_number = places[number] if number < len(places) else None
        closest = min(same, key=lambda i: abs(i - (by_number or 0)), default=by_number)
        self.replace(rows, closest)

    def line(self, detail: DetailRow, index: int, width: int) -> Pieces:
        """The value, then the text."""
        if detail.pieces:
            return ((" ", ""), *detail.pieces)
        if detail.target is None:
            style = detail.kind if detail.kind in ("title", "muted") else ""
            return ((cut(f" {detail.text}", width, self.glyphs.ellipsis), style),)
        note = f" {detail.note}" if detail.note else ""
        room = width - VALUE - 4 - len(note)
        return (
            (f" {detail.value:>{VALUE}}  ", "muted"),
            (fit(detail.text, room, self.glyphs.ellipsis), ""),
            (f"{note} ", "muted"),
        )

    def selectable(self, detail: DetailRow) -> bool:
        """The cursor rests on rows that can be opened; if there are none, on any."""
        return detail.target is not None or not self._any_target

    @property
    def text_width(self) -> int:
        """Cells that a row's text may take."""
        return max(self.line_width - 2, 20)


def _targets(rows: Sequence[DetailRow]) -> list[int]:
    """Positions of the rows that can be opened."""
    return [i for i, row in enumerate(rows) if row.target is not None]


def text_rows(text: str, width: int, kind: str = "text") -> list[DetailRow]:
    """Foreign text as rows of one kind."""
    return [DetailRow(line, kind=kind) for line in wrap(text, width)]


def document_rows(detail: "DocumentDetail", trust: Trust) -> list[DetailRow]:
    """A document: its features, then its neighbours."""
    return [
        *section("Features, with activation", related_features(detail.features, trust))[1:],
        *section("Weakly active: probably not about these", related_features(detail.weak, trust)),
        *section(
            "Other passages of the paper, with cosine",
            example_documents(detail.passages),
        ),
        *section("Nearest documents, with cosine", example_documents(detail.neighbours)),
    ]


def section(title: str, rows: Sequence[DetailRow]) -> list[DetailRow]:
    """Rows below a title; nothing where there are none."""
    return [DetailRow(""), DetailRow(title, kind="title"), *rows] if rows else []


def example_documents(
    examples: "Sequence[Example]", judged: Mapping[str, bool] | None = None
) -> list[DetailRow]:
    """Documents, each with its activation or cosine.

    Args:
        examples: The documents.
        judged: Whether the reader finds the feature's label true of documents, by their ids.
    """
    said = {True: "yes", False: "no", None: ""}
    return [
        DetailRow(
            example.title or example.id,
            f"{example.activation:.2f}",
            "document",
            example.row,
            said[(judged or {}).get(example.id)],
        )
        for example in examples
    ]


def features_together(neighbours: "Sequence[Neighbour]", trust: Trust) -> list[DetailRow]:
    """Features of the same documents: how many times more often than by chance, and how many."""
    return [
        DetailRow(
            other.name,
            f"{other.lift.times:,.1f}x" if other.lift is not None else "",
            "feature",
            other.id,
            f"{other.value:,.0f} docs {trust(other.id)}".rstrip(),
        )
        for other in neighbours
    ]


def related_features(
    neighbours: "Sequence[Neighbour]", trust: Trust, decimals: int = 2
) -> list[DetailRow]:
    """Features, each between its figure and how far to trust its label."""
    return [
        DetailRow(
            other.name,
            f"{round(other.value, decimals) + 0.0:,.{decimals}f}",
            "feature",
            other.id,
            trust(other.id),
        )
        for other in neighbours
    ]


class TextPane(DetailList):
    """Lines without a cursor; the keys that move it scroll instead."""

    has_cursor: ClassVar[bool] = False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool:
        """Nothing here can be opened."""
        return action != "choose"

    def action_move(self, step: int) -> None:
        """Scroll by lines."""
        self.scroll_relative(y=step, animate=False)

    def action_move_to(self, index: int) -> None:
        """Scroll to a line; -1 is the last."""
        self.scroll_to(y=self.max_scroll_y if index < 0 else index, animate=False)

    def action_page(self, direction: int) -> None:
        """Scroll by half of what is visible."""
        self.action_move(direction * max(1, self.size.height // 2))
