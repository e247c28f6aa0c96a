"""Choose a feature to add to the query, by any words."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from saetui.errors import SaetuiError
from saetui.tui.feature_columns import DENSITY, Order, sorted_by
from saetui.tui.newest_request import NewestRequest
from saetui.tui.screens.closing import Dialog
from saetui.tui.widgets.feature_list import FeatureList
from saetui.tui.widgets.heading import Heading
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.session import Session
    from saetui.store.features import FeatureRecord


class AddFeatureScreen(Dialog[int | None]):
    """A line for words above the features that they find; enter chooses.

    Features whose labels have the words are listed at once. Those that mean them follow below when
    the text has been embedded, which typing does not wait for. The arrow keys move in the list
    while the line has the focus.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", priority=True),
        Binding("down", "move(1)", "Down", priority=True, show=False),
        Binding("up", "move(-1)", "Up", priority=True, show=False),
    ]

    def __init__(self, session: "Session") -> None:
        super().__init__()
        self._session = session
        self._list = FeatureList(empty=("No feature has these words.",))
        self._list.notes = session.features.notes
        self._heading = Heading()
        self._meaning: NewestRequest[str, list[FeatureRecord]] = NewestRequest(
            self, "meaning", self._meant, self._append, self._without_meaning
        )

    def compose(self) -> ComposeResult:
        """Filter and list."""
        with Vertical(id="add", classes="dialog") as dialog:
            dialog.border_title = "Add a feature"
            dialog.border_subtitle = "enter adds, escape cancels"
            yield TextLine(placeholder="Any words for it, or its number")
            yield self._heading
            yield self._list

    def on_mount(self) -> None:
        """Show all features, the most frequent first."""
        self._refilter("")

    def on_resize(self) -> None:
        """The columns depend on the width."""
        self.call_after_refresh(self._say_heading)

    def _say_heading(self) -> None:
        self._heading.say("Feature", *self._list.heading(self._list.line_width))

    def _refilter(self, words: str) -> None:
        features = self._session.features
        found = [features[i] for i in self._session.features.lookup.matching(words)]
        self._list.order = Order(None if words.strip() else DENSITY)
        self._list.replace(sorted_by(self._list.order, found, self._session), cursor=0)
        self._say_heading()
        self._meaning.drop()
        if words.strip():
            if not found:
                self._list.say("No label has these words; looking for what they mean.")
            self._meaning.ask(words)

    def _meant(self, words: str) -> "list[FeatureRecord]":
        from saetui.session.features_by_words import features_meant

        return features_meant(self._session, words)

    def _append(self, words: str, meant: "list[FeatureRecord]") -> None:
        self._list.replace([*self._list.rows, *meant])
        if not self._list.rows:
            self._list.say("No feature is found by these words.")

    def _without_meaning(self, error: SaetuiError) -> None:
        if not self._list.rows:
            self._list.say("No label has these words.", error.message, error.hint)

    def on_input_changed(self, event: TextLine.Changed) -> None:
        """Filter while the user types."""
        self._refilter(event.value)

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Choose the feature under the cursor."""
        self._choose()

    def on_line_list_chosen(self, event: FeatureList.Chosen) -> None:
        """Choose the feature that was clicked."""
        self._choose()

    def _choose(self) -> None:
        if self.is_current and self._list.row is not None:
            self.dismiss(self._list.row.id)

    def action_cancel(self) -> None:
        """Add nothing."""
        self.dismiss(None)

    def action_move(self, step: int) -> None:
        """Move in the list."""
        self._list.action_move(step)
