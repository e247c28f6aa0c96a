"""Choose a feature to add to the query, by words of its label."""

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from saetui.tui.feature_columns import DENSITY, Order, sorted_by
from saetui.tui.widgets.feature_list import FeatureList
from saetui.tui.widgets.heading import Heading
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.session import Session


class AddFeatureScreen(ModalScreen[int | None]):
    """A filter line above the features that match; enter chooses.

    The arrow keys move in the list while the line has the focus.
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

    def compose(self) -> ComposeResult:
        """Filter and list."""
        with Vertical(id="add", classes="dialog") as dialog:
            dialog.border_title = "Add a feature"
            dialog.border_subtitle = "enter adds, escape cancels"
            yield TextLine(placeholder="Words of its label, or its number")
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
