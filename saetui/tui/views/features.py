"""Browse features: a list that filters and sorts, and everything about the chosen one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.message import Message

from saetui.core.search_request import SearchRequest
from saetui.errors import SaetuiError
from saetui.text import visible_line
from saetui.tui.annotations import AnnotationControl
from saetui.tui.background import NewestRequest
from saetui.tui.commands import bindings
from saetui.tui.screens.add_feature import AddFeatureScreen
from saetui.tui.screens.dialogs import EditTextScreen, PairScreen, open_dialog
from saetui.tui.views.browser import Browser
from saetui.tui.widgets.details import DetailRow, section
from saetui.tui.widgets.feature_list import (
    COLUMNS,
    DENSITY,
    EXPLANATION,
    Column,
    FeatureList,
    FilterText,
    Order,
    hint,
    next_column,
    relation_column,
    sorted_by,
    trend_column,
)
from saetui.tui.widgets.lines import Heading

if TYPE_CHECKING:
    from saetui.session.details import FeatureDetail
    from saetui.session.questions.compare import PairDetail
    from saetui.session.questions.feature_figures import OverTime, Relation
    from saetui.session.session import Session
    from saetui.store.features import FeatureRecord

_LONGEST_NAME = 100


class FeaturesView(Browser):
    """The list of features and the details of the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Features")

    def __init__(self, *, id: str) -> None:
        self.list = FeatureList(empty=("Opening.",))
        super().__init__(self.list, hint(0), id=id)
        self.annotations = AnnotationControl(self)
        # The order that was chosen; None for the best match, or without words the density.
        self._chosen: Order | None = None
        # A title and the only features that are listed; None lists all.
        self._only: tuple[str, Sequence[int]] | None = None
        self._found: Sequence[FeatureRecord] = ()
        # The feature that the cursor stays on when the list is filled again.
        self._kept: int | None = None
        self._choosing = NewestRequest(
            self, "choose", self._choose, self._show_found, self._show_failure
        )
        self._relating = NewestRequest(
            self, "relate", self._relate, self._show_relation, self._show_failure
        )
        self._timing = NewestRequest(
            self, "over-time", self._count, self._show_trends, self._show_failure
        )
        self._over_time: OverTime | None = None
        self._pairing = NewestRequest(self, "pair", self._pair, self._show_pair, self._show_failure)

    def show(self, session: "Session") -> None:
        """Show the features of a session."""
        self.list.families = session.sae.families
        self._only = None
        self.list.related = self.list.trend = self._over_time = None
        if self._chosen is not None and self._chosen.column not in COLUMNS:
            self._chosen = None
        self.annotations.open(session)
        super().show(session)
        if self.display:
            self._timing.ask(session)

    def on_show(self) -> None:
        """Count how features change over time, once."""
        if self.session is not None and self._over_time is None:
            self._timing.ask(self.session)

    # Filter.

    def refilter(self) -> None:
        """List the features that match the filter, in the chosen order.

        Words and figures filter at once. A meaning has to be embedded, and the list stays as it
        is until then.
        """
        if self.session is None:
            return
        wanted = FilterText.of(self.filter_line.value)
        if wanted.meaning:
            self._say_heading("Looking for that meaning")
            self._choosing.ask(wanted.text)
            return
        self._choosing.drop()
        try:
            found = self.session.find_features(wanted.text)
        except SaetuiError as error:
            self._show_failure(error)
        else:
            self._show_found(wanted.text, found)

    def _choose(self, text: str) -> "list[FeatureRecord]":
        return self.opened.find_features(text)

    def _show_found(self, text: str, found: "list[FeatureRecord]") -> None:
        self.notice.say()
        if self._only is not None:
            places = {feature: place for place, feature in enumerate(self._only[1])}
            found = [record for record in found if record.id in places]
            if not FilterText.of(text).ranked:
                found.sort(key=lambda record: places[record.id])
        self._found = found
        self._sort()

    def _show_failure(self, error: SaetuiError) -> None:
        self.notice.say(visible_line(str(error)))
        self._say_heading()

    # Order.

    @property
    def _matching(self) -> bool:
        """Whether the listed features come in an order of their own."""
        return self._only is not None or FilterText.of(self.filter_line.value).ranked

    @property
    def order(self) -> Order:
        """The order of the list."""
        if self._chosen is not None and (self._chosen.column or self._matching):
            return self._chosen
        return Order(None if self._matching else DENSITY)

    def _sort(self) -> None:
        """List the features in order; the cursor goes to the top, or stays on its feature."""
        session = self.opened
        self.list.order = self.order
        self.list.notes = session.features.notes
        rows = sorted_by(self.order, self._found, session)
        kept = next((i for i, record in enumerate(rows) if record.id == self._kept), 0)
        self._kept = None
        self.list.replace(rows, cursor=kept)
        self._say_heading()
        self.announce(*EXPLANATION)

    def _say_heading(self, title: str = "") -> None:
        if self.session is None:
            return
        shown, total = len(self._found), len(self.session.features)
        count = f"{shown:,} of {total:,}" if shown < total else f"{total:,}"
        what = self._only[0] if self._only else "Features"
        # Features of a document are listed by activation unless another order is chosen.
        by = "" if self._only and self.order.column is None else f" by {self.list.order_name}"
        title = title or f"{what}, {count}{by}"
        self.heading.say(title, *self.list.heading(self.list.line_width))

    def lay_out(self) -> None:
        """Lay out the details, and the columns of the list."""
        super().lay_out()
        self._say_heading()
        self.filter_line.placeholder = hint(self.filter_line.size.width)

    def on_heading_clicked(self, event: Heading.Clicked) -> None:
        """Sort by the column that was clicked; again reverses."""
        event.stop()
        if event.heading is self.heading:
            column = self.list.column_at(event.x, self.list.line_width)
            if column is self.order.column:
                self.action_reverse()
            else:
                self._sort_by(column)

    def _sort_by(self, column: Column | None) -> None:
        self._chosen = Order(column, column.descending if column else True)
        self._sort()

    def action_sort(self, step: int) -> None:
        """Sort by the next column, or by the one before."""
        if self.session is not None:
            related = self.list.related
            self._sort_by(next_column(self.order.column, step, related, matching=self._matching))

    def action_reverse(self) -> None:
        """Sort the other way round."""
        if self.session is not None and self.order.column is not None:
            self._chosen = Order(self.order.column, not self.order.descending)
            self._sort()

    # Over time, and with a field.

    def _count(self, session: "Session") -> "OverTime | None":
        from saetui.session.questions.feature_figures import over_time

        return over_time(session)

    def _show_trends(self, session: "Session", found: "OverTime | None") -> None:
        if found is not None and session is self.session:
            self._over_time = found
            self.list.trend = trend_column(found, self.list.glyphs)
            self.list.refresh()
            self.lay_out()

    def _detail_rows(self, detail: "FeatureDetail") -> list[DetailRow]:
        rows = super()._detail_rows(detail)
        found = self._over_time
        if found is None or not detail.record.documents:
            return rows
        line = self.detail.glyphs.sparkline(found.shares[detail.record.id].tolist())
        shown = DetailRow(f"{line}  share, {found.first} to {found.last}", kind="muted")
        # Before the first section of documents, which a space and a title begin.
        place = next((i - 2 for i, row in enumerate(rows) if row.kind == "document"), len(rows))
        return [*rows[:place], *section("Over time", [shown]), *rows[place:]]

    def action_relate(self) -> None:
        """Choose a field, and sort by how features go with it."""
        session = self.session
        if session is None:
            return

        def chosen(field: str | None) -> None:
            self.notice.say()
            if field:
                self._say_heading("Counting")
                self._relating.ask(field)
            elif field is not None:
                self.list.related = None
                self._sort_by(DENSITY)

        related = self.list.related
        before = related.relation.field if related and related.relation else ""
        names = visible_line(", ".join((*session.field_names(), "published")), _LONGEST_NAME)
        about = f"A field, such as {names}"
        screen = EditTextScreen("What goes with", about, before, "empty: no such column")
        open_dialog(self.app, screen, chosen)

    def _relate(self, field: str) -> "Relation":
        from saetui.session.questions.feature_figures import relation

        return relation(self.opened, field)

    def _show_relation(self, field: str, found: "Relation") -> None:
        self.notice.say()
        self.list.related = relation_column(found)
        self._sort_by(self.list.related)

    # What others use.

    def feature_of(self, row: object) -> int:
        """The feature of a row."""
        feature: int = row.id  # type: ignore[attr-defined]
        return feature

    def open_row(self, row: object) -> None:
        """Walk through the details."""
        self.detail.focus()

    def go_to(self, feature: int) -> None:
        """Put the cursor on a feature; lists all features if it is not in the list."""
        if not any(record.id == feature for record in self.list.rows):
            self._only = None
            self.clear_filter()
            self.refilter()
        for index, record in enumerate(self.list.rows):
            if record.id == feature:
                self.list.cursor = index
                self.look_at(feature)
                return

    def list_only(self, text: str, features: Sequence[int] | None, title: str) -> None:
        """List what matches a text, among some features or all, the best match first."""
        self._only = None if features is None else (visible_line(title, _LONGEST_NAME), features)
        self._chosen = None
        self.clear_filter()
        self.filter_line.value = text
        self.refilter()

    def refresh_labels(self) -> None:
        """Show the labels and marks as they are now; the cursor stays on its feature."""
        kept = self._kept = None if self.list.row is None else self.list.row.id
        self.refilter()
        super().refresh_labels()
        listed = {record.id for record in self.list.rows}
        if self.session is not None and kept is not None and kept not in listed:
            name = visible_line(self.session.name(kept), _LONGEST_NAME)
            self.notify(f"{name} does not pass the filter any more.", markup=False)

    def action_pair(self) -> None:
        """Choose another feature, and show both side by side."""
        feature = self.feature
        if feature is None or self.session is None:
            return

        def chosen(other: int | None) -> None:
            if other is not None:
                self._pairing.ask((feature, other))

        name = visible_line(self.session.name(feature), _LONGEST_NAME)
        # Without a search, the list says nothing of what a feature would do to one.
        choice = AddFeatureScreen(self.session, SearchRequest(), f"Compare with {name}", "compares")
        open_dialog(self.app, choice, chosen)

    def _pair(self, features: tuple[int, int]) -> "PairDetail":
        from saetui.session.questions.compare import pair_detail

        return pair_detail(self.opened, *features)

    def _show_pair(self, features: tuple[int, int], detail: "PairDetail") -> None:
        def follow(message: Message | None) -> None:
            if message is not None:
                self.post_message(message)

        open_dialog(self.app, PairScreen(detail), follow)

    def action_all(self) -> None:
        """List all features."""
        if self._only is not None or self.filter_line.value:
            self._only = None
            self._kept = None if self.list.row is None else self.list.row.id
            self.clear_filter()
            self.refilter()

    # Labels, verdicts, bookmarks and notes.

    def _label_version(self) -> int | None:
        """The version of the label under the cursor of the details, if there is one."""
        row = self.detail.row
        if self.detail.has_focus and row is not None and row.kind == "label":
            return row.target
        return None

    def action_label(self) -> None:
        """Write a label."""
        if self.feature is not None:
            self.annotations.label(self.feature)

    def action_note(self) -> None:
        """Write a note."""
        if self.feature is not None:
            self.annotations.note(self.feature)

    def action_accept(self) -> None:
        """Make the label the reader's own."""
        if self.feature is not None:
            self.annotations.accept(self.feature, self._label_version())

    def action_reject(self) -> None:
        """Discard the label, or the one under the cursor in the history; again takes it back."""
        if self.feature is not None:
            self.annotations.reject(self.feature, self._label_version())

    def action_bookmark(self) -> None:
        """Set or remove a bookmark."""
        if self.feature is not None:
            self.annotations.bookmark(self.feature)

    def action_take_back(self) -> None:
        """Undo the last label, verdict, bookmark or note, of whichever feature."""
        self.annotations.take_back()
