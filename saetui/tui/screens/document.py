"""Read one document: its text, its features, its neighbours."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.screen import Screen
from textual.widgets import Footer

from saetui.text import visible_line
from saetui.tui.columns import wrap
from saetui.tui.commands import bindings
from saetui.tui.messages import OpenDocument, OpenFeature, SteerFeatures
from saetui.tui.widgets.details import DetailList, DetailRow, document_rows
from saetui.tui.widgets.heading import Heading

if TYPE_CHECKING:
    from saetui.session.requests import DocumentDetail

# Nobody reads further in a terminal, and a line costs memory.
_MAX_CHARACTERS = 200_000


class DocumentScreen(Screen[None]):
    """One document; enter on a feature or neighbour goes there."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Document")

    def __init__(self, detail: "DocumentDetail") -> None:
        super().__init__()
        self.detail = detail

    def compose(self) -> ComposeResult:
        """Text, then features and neighbours."""
        document = self.detail.document
        facts = "  ".join(filter(None, (document.id, document.published, document.url)))
        with Container(id="document-panes"):
            with Vertical(id="document-pane"):
                heading = f"Document  {visible_line(facts)}"
                yield Heading(heading, classes="pane-heading")
                yield DetailList(id="document-text")
            with Vertical(id="related-pane"):
                yield Heading("What is in it", classes="pane-heading")
                yield DetailList(id="related", empty=" No feature is active on it.")
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Fill both lists."""
        related = self.query_one("#related", DetailList)
        related.replace(document_rows(self.detail), cursor=0)
        related.focus()

    def on_resize(self) -> None:
        """The text is broken into lines for a width."""
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        document = self.detail.document
        lines = self.query_one("#document-text", DetailList)
        width = max(lines.line_width, 20)
        rows = [DetailRow(line, kind="heading") for line in wrap(document.title, width)]
        rows.append(DetailRow(""))
        text = document.text[:_MAX_CHARACTERS]
        rows += [DetailRow(line) for line in wrap(text, width)]
        if len(document.text) > _MAX_CHARACTERS:
            cut = f"Cut here: the document has {len(document.text):,} characters."
            rows.append(DetailRow(cut, kind="muted"))
        rows += [
            DetailRow(line, kind="muted")
            for name, value in document.metadata.items()
            for line in wrap(visible_line(f"{name}: {value}"), width)
        ]
        lines.replace(rows)

    def on_line_list_chosen(self, event: DetailList.Chosen) -> None:
        """Go to a feature or another document."""
        event.stop()
        row = event.row
        if isinstance(row, DetailRow) and row.target is not None:
            message = OpenDocument if row.kind == "document" else OpenFeature
            self._leave(message(row.target))

    def action_steer(self) -> None:
        """Add the feature under the cursor to the query."""
        row = self.query_one("#related", DetailList).row
        if row is not None and row.kind == "feature" and row.target is not None:
            self._leave(SteerFeatures((row.target,)))

    def action_back(self) -> None:
        """Go back."""
        self.dismiss(None)

    def _leave(self, message: OpenDocument | OpenFeature | SteerFeatures) -> None:
        below = self.app.screen_stack[-2]
        self.dismiss(None)
        below.post_message(message)
