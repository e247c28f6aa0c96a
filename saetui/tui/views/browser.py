"""Views of one list with a line that filters it, and of such a list beside details of a row."""

from typing import TYPE_CHECKING, Any

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from saetui.errors import InputError, SaetuiError
from saetui.tui.background import NewestRequest
from saetui.tui.messages import OpenDocument, OpenFamily, OpenFeature, OpenSplitting, SteerFeatures
from saetui.tui.widgets.details import DetailList, DetailRow
from saetui.tui.widgets.feature_details import feature_rows
from saetui.tui.widgets.feature_list import trust_of
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Heading, Notice
from saetui.tui.widgets.reading import CarrierLine
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.details import FeatureDetail
    from saetui.session.session import Session


def opened(session: "Session | None") -> "Session":
    """The session of a screen or view.

    Raises:
        InputError: There is none yet.
    """
    if session is None:
        raise InputError("The bundle is still being opened.", "Try again in a moment.")
    return session


class FilteredView(Container):
    """A view of a session with a list that is filtered while the user types.

    A subclass fills the list (`refilter`), and lays out again what depends on the width
    (`lay_out`).

    Args:
        lines: The list.
        placeholder: What the empty filter line says.
    """

    def __init__(self, lines: LineList[Any], placeholder: str, *, id: str) -> None:
        super().__init__(id=id)
        self.lines = lines
        self.filter_line = TextLine(placeholder=placeholder)
        self.notice = Notice()
        self.session: Session | None = None

    # What a subclass defines.

    def refilter(self) -> None:
        """Fill the list with what matches the filter line."""

    def lay_out(self) -> None:
        """Lay out what depends on the width."""

    # What others use.

    @property
    def opened(self) -> "Session":
        """The session; see the function of this name."""
        return opened(self.session)

    def clear_filter(self) -> None:
        """Empty the filter line, and leave the list as it is."""
        with self.prevent(TextLine.Changed):
            self.filter_line.value = ""

    # What widgets report.

    def on_resize(self) -> None:
        """Details are laid out for a width."""
        self.call_after_refresh(self.lay_out)

    def on_input_changed(self, event: TextLine.Changed) -> None:
        """Filter while the user types."""
        event.stop()
        self.refilter()

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Go to the list."""
        event.stop()
        self.lines.focus()

    def on_text_line_left(self, event: TextLine.Left) -> None:
        """Go to the list."""
        event.stop()
        # Unless a key that came right after has led to another view.
        if self.display:
            self.lines.focus()


class Browser(FilteredView):
    """A list on one side and the details of a feature on the other.

    A subclass fills the list (`refilter`) and says which feature a row stands for (`feature_of`).

    Args:
        lines: The list.
        placeholder: What the empty filter line says.
    """

    def __init__(self, lines: LineList[Any], placeholder: str, *, id: str) -> None:
        super().__init__(lines, placeholder, id=id)
        self.detail = DetailList()
        self.heading = Heading()
        self.carrier = CarrierLine()
        self._shown: FeatureDetail | None = None
        # The feature whose details are wanted, and whether a request for them is already due.
        self._wanted: int | None = None
        self._due = False
        self._looking = NewestRequest(self, f"look-{id}", self._look, self._show_detail, self._fail)

    # What a subclass defines.

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
            yield self.filter_line
            yield self.notice
            yield self.heading
            yield self.lines
        with Vertical(classes="detail-pane"):
            yield Heading("Feature")
            yield self.detail
            yield self.carrier

    @property
    def feature(self) -> int | None:
        """The chosen feature: under the cursor of whichever list has the focus."""
        row = self.detail.row
        if self.detail.has_focus and row is not None and row.kind == "feature":
            return row.target
        return None if self.lines.row is None else self.feature_of(self.lines.row)

    def show(self, session: "Session") -> None:
        """Show a session."""
        self.session = session
        self._shown = None
        self.refilter()

    def refresh_labels(self) -> None:
        """Show the labels as they are now."""
        if self._wanted is not None:
            self.look_at(self._wanted)

    def announce(self, *nothing: str) -> None:
        """After the list has changed, ask for details, or say why the list is empty."""
        row = self.lines.row
        if row is None:
            self.lines.say(*nothing)
            self._wanted = None
            self._looking.drop()
            self._shown = None
            self.detail.say("No feature is chosen.")
        else:
            self.look_at_row(row)

    def look_at_row(self, row: object) -> None:
        """Show everything about a row of the list."""
        self.look_at(self.feature_of(row))

    def look_at(self, feature: int) -> None:
        """Show everything about a feature, after the list has been drawn.

        Details that were asked for at once would delay the list.
        """
        self._wanted = feature
        if not self._due:
            self._due = True
            self.call_after_refresh(self._ask)

    def _ask(self) -> None:
        self._due = False
        if self._wanted is not None:
            self._looking.ask(self._wanted)

    def _look(self, feature: int) -> "FeatureDetail":
        return self.opened.feature(feature)

    def _fail(self, error: SaetuiError) -> None:
        self._shown = None
        self.detail.say(error.message, error.hint)

    def _show_detail(self, feature: int, detail: "FeatureDetail") -> None:
        rows = self._detail_rows(detail)
        if self._shown is not None and self._shown.record.id == feature:
            self.detail.lay_out(rows)
        else:
            self.detail.replace(rows, cursor=0)
            self.carrier.look_at(None, None, None)
        self._shown = detail
        self._read_from_top()

    def lay_out(self) -> None:
        """Lay out the details of the feature that is shown."""
        if self._shown is not None:
            self.detail.lay_out(self._detail_rows(self._shown))
            self._read_from_top()

    def _detail_rows(self, detail: "FeatureDetail") -> list[DetailRow]:
        records = self.session.features.records if self.session is not None else ()
        width = self.detail.text_width
        return feature_rows(detail, self.detail.glyphs, width, trust_of(records))

    def _read_from_top(self) -> None:
        """Scroll the details to their beginning, unless the cursor is in them."""
        if not self.detail.has_focus:
            self.detail.scroll_home(animate=False)

    # What widgets report.

    def on_line_list_highlighted(self, event: LineList.Highlighted) -> None:
        """Ask for details of the feature under the cursor."""
        event.stop()
        if event.lines is self.lines:
            self.look_at_row(event.row)
        elif event.lines is self.detail:
            self._look_into(event.row)

    def _look_into(self, row: object) -> None:
        """Say what carries the feature in the example under the cursor."""
        feature = None if self._shown is None else self._shown.record.id
        example = isinstance(row, DetailRow) and row.kind == "document" and self.detail.has_focus
        target = row.target if isinstance(row, DetailRow) and example else None
        self.carrier.look_at(self.session, target, feature)

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Open the row under the cursor."""
        event.stop()
        if event.lines is self.lines:
            self.open_row(event.row)
            return
        row = self.detail.row
        if row is None or row.target is None:
            return
        if row.kind == "document":
            feature = None if self._shown is None else self._shown.record.id
            self.post_message(OpenDocument(row.target, feature))
        elif row.kind == "feature":
            self.post_message(OpenFeature(row.target))
        elif row.kind == "family" and self._shown is not None:
            self.post_message(OpenFamily(self._shown.record.id, row.target))

    def action_steer(self) -> None:
        """Add the feature to the query."""
        if self.feature is not None:
            self.post_message(SteerFeatures((self.feature,)))

    def action_family(self) -> None:
        """Go to the feature's family."""
        if self.feature is not None:
            self.post_message(OpenFamily(self.feature))

    def action_matches(self) -> None:
        """Go to the feature among its matches in the other SAEs."""
        if self.feature is not None:
            self.post_message(OpenSplitting(self.feature))
