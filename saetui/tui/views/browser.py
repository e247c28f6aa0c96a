"""What the views for browsing share: a filter, a list, and details of the row under the cursor."""

from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.message import Message
from textual.widgets import Static

from saetui.tui.messages import OpenDocument, OpenFeature, SteerFeatures
from saetui.tui.widgets.details import DetailList, feature_rows
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.requests import FeatureDetail
    from saetui.session.session import Session


class Browser(Container):
    """A list on one side and the details of a feature on the other.

    A subclass fills the list (`refilter`) and says which feature a row stands for (`feature_of`).
    """

    BINDINGS: ClassVar[list[BindingType]] = []
    DEFAULT_CSS = """
    Browser {
        layout: horizontal;
        .lines-pane { width: 2fr; }
        .detail-pane { width: 3fr; }
        .heading { height: 1; background: $panel; padding: 0 1; color: $text-muted; }
        :focus-within > .heading { color: $text-accent; text-style: bold; }
        DetailList { padding: 0 1; }
    }
    .-narrow Browser {
        layout: vertical;
        .lines-pane { width: 100%; height: 1fr; }
        .detail-pane { width: 100%; height: 1fr; }
    }
    """

    class Looked(Message):
        """The cursor came to another feature, whose details are to be shown."""

        def __init__(self, browser: "Browser", feature: int) -> None:
            super().__init__()
            self.browser = browser
            self.feature = feature

    def __init__(self, lines: LineList[Any], placeholder: str, *, id: str) -> None:
        super().__init__(id=id)
        self.lines = lines
        self._placeholder = placeholder
        self.session: Session | None = None
        self._shown: FeatureDetail | None = None

    # What a subclass defines.

    def refilter(self) -> None:
        """Fill the list with what matches the filter line."""

    def feature_of(self, row: object) -> int:
        """The feature that a row of the list stands for."""
        raise TypeError(f"{type(self).__name__} does not know the feature of {row!r}")

    def open_row(self, row: object) -> None:
        """Enter was pressed on a row of the list."""
        self.post_message(OpenFeature(self.feature_of(row)))

    # What others use.

    def compose(self) -> ComposeResult:
        """Filter and list, then details."""
        with Vertical(classes="lines-pane"):
            yield Static("", classes="heading", markup=False)
            yield TextLine(placeholder=self._placeholder)
            yield self.lines
        with Vertical(classes="detail-pane"):
            yield Static("Feature", classes="heading", markup=False)
            yield DetailList(empty=" No feature chosen.")

    @property
    def filter_line(self) -> TextLine:
        """Where the filter is typed."""
        return self.query_one(TextLine)

    @property
    def detail(self) -> DetailList:
        """Everything about one feature."""
        return self.query_one(DetailList)

    @property
    def feature(self) -> int | None:
        """The chosen feature: under the cursor of whichever list has the focus."""
        if self.detail.has_focus and self.detail.row is not None:
            target = self.detail.row.target
            if self.detail.row.kind == "feature":
                return target
        return None if self.lines.row is None else self.feature_of(self.lines.row)

    def show(self, session: "Session") -> None:
        """Show a session."""
        self.session = session
        self.refilter()

    def announce(self, heading: str, nothing: str) -> None:
        """After the list has changed: say what it holds, and ask for details."""
        self.query_one(".lines-pane > .heading", Static).update(heading)
        row = self.lines.row
        if row is None:
            self.lines.say(f" {nothing}")
            self._shown = None
            self.detail.say("")
        else:
            self.post_message(self.Looked(self, self.feature_of(row)))

    def show_detail(self, detail: "FeatureDetail") -> None:
        """Show everything about a feature."""
        self._shown = detail
        width = max(self.detail.content_size.width - 1, 20)
        self.detail.replace(feature_rows(detail, self.detail.glyphs, width), cursor=0)
        self.detail.scroll_home(animate=False)

    def clear_filter(self) -> None:
        """Empty the filter line without filtering anew."""
        with self.prevent(TextLine.Changed):
            self.filter_line.value = ""

    # What widgets report.

    def on_resize(self) -> None:
        """Details are laid out for a width."""
        if self._shown is not None:
            self.call_after_refresh(self.show_detail, self._shown)

    def on_text_line_changed(self, event: TextLine.Changed) -> None:
        """Filter as one types."""
        event.stop()
        self.refilter()

    def on_text_line_submitted(self, event: TextLine.Submitted) -> None:
        """Go to the list."""
        event.stop()
        self.lines.focus()

    def on_text_line_left(self, event: TextLine.Left) -> None:
        """Go to the list."""
        event.stop()
        self.lines.focus()

    def on_line_list_highlighted(self, event: LineList.Highlighted) -> None:
        """Ask for details of the feature under the cursor."""
        event.stop()
        if event.lines is self.lines:
            self.post_message(self.Looked(self, self.feature_of(event.row)))

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Open what is under the cursor."""
        event.stop()
        if event.lines is self.lines:
            self.open_row(event.row)
            return
        row = self.detail.row
        if row is not None and row.target is not None:
            message = OpenDocument if row.kind == "document" else OpenFeature
            self.post_message(message(row.target))

    def action_steer(self) -> None:
        """Add the feature to the query."""
        if self.feature is not None:
            self.post_message(SteerFeatures((self.feature,)))
