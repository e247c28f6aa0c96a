"""Two features side by side, over the list of features."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message

from saetui.text import visible_line
from saetui.tui.messages import OpenDocument, OpenFeature
from saetui.tui.screens.dialogs import Dialog, frame
from saetui.tui.widgets.details import (
    DetailList,
    DetailRow,
    example_documents,
    section,
    text_rows,
)
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.session.questions.compare import PairDetail

_LONGEST = 100


class PairScreen(Dialog[Message | None]):
    """Everything about two features; enter opens a feature or a document.

    Args:
        detail: What is known of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "cancel", "Close", priority=True)]

    def __init__(self, detail: "PairDetail") -> None:
        super().__init__()
        self._detail = detail
        self._list = DetailList()

    def compose(self) -> ComposeResult:
        """The list."""
        with frame("pair", "Two features", "enter opens, escape closes"):
            yield self._list

    def on_mount(self) -> None:
        """Lay out the list when its width is known."""
        self._list.focus()
        self.call_after_refresh(self._lay_out)

    def on_resize(self) -> None:
        """Sentences are broken for a width."""
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        self._list.lay_out(pair_rows(self._detail, self._list.text_width))

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Close, and go to a feature or document."""
        event.stop()
        row = self._list.row
        if not self.is_current or row is None or row.target is None:
            return
        opens: Message = (
            OpenFeature(row.target) if row.kind == "feature" else OpenDocument(row.target)
        )
        self.dismiss(opens)


def pair_rows(detail: "PairDetail", width: int) -> list[DetailRow]:
    """Both features, what is known of them together, then documents."""
    from saetui.session.questions.compare import pair_figures

    features = [
        DetailRow(each.name, str(each.id), "feature", each.id, f"{each.documents:,} docs")
        for each in (detail.a.record, detail.b.record)
    ]
    sentences = [row for said in pair_figures(detail) for row in text_rows(said, width)]
    return [
        *features,
        DetailRow(""),
        *sentences,
        *section("Documents of both", example_documents(detail.examples)),
        *(
            row
            for side in (detail.a, detail.b)
            for row in section(
                f"{visible_line(side.record.name, _LONGEST)}, alone",
                example_documents(side.examples),
            )
        ),
    ]
