"""Choose a feature by any words."""

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from saetui.core.search_request import SearchRequest
from saetui.errors import SaetuiError
from saetui.tui.background import NewestRequest
from saetui.tui.screens.dialogs import Dialog, frame
from saetui.tui.widgets.feature_list import DENSITY, FeatureList, Order, sorted_by
from saetui.tui.widgets.lines import Heading
from saetui.tui.widgets.text_line import TextLine

# Effects count changes among this many first results.
_FIRST = 10
# How many features of the list are tried.
_TRIED = 20

if TYPE_CHECKING:
    from saetui.session.session import Session
    from saetui.store.features import FeatureRecord


class AddFeatureScreen(Dialog[int | None]):
    """A line for words above the features that they find; enter chooses.

    Features whose labels have the words are listed at once. Those that mean them follow below when
    the text has been embedded, which typing does not wait for. Beside each stands how many of the
    first ten results it would replace, computed while no key is pressed. The arrow keys move in the
    list while the line has the focus.

    Args:
        session: Whose features they are.
        request: The search that one of them is added to.
        title: What the feature is chosen for.
        verb: What enter does with it.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Down", priority=True, show=False),
        Binding("up", "move(-1)", "Up", priority=True, show=False),
    ]

    def __init__(
        self,
        session: "Session",
        request: SearchRequest,
        title: str = "Add a feature",
        verb: str = "adds",
    ) -> None:
        super().__init__()
        self._title, self._verb = title, verb
        self._session = session
        self._request = replace(request, limit=_FIRST)
        self._list = FeatureList(empty=("No feature has these words.",))
        self._list.notes = session.features.notes
        asks = request.has_start and request.effective.retrieval != "lexical"
        self._list.replaces = {} if asks else None
        self._trying = NewestRequest(self, "effects", self._try, self._show_replaced)
        self._heading = Heading()
        self._meaning = NewestRequest(
            self, "meaning", self._meant, self._append, self._without_meaning
        )

    def compose(self) -> ComposeResult:
        """Filter and list."""
        with frame("add", self._title, f"enter {self._verb}, escape cancels"):
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
        named = features.lookup.named(words) if words.strip() else range(len(features))
        found = [features[i] for i in named]
        self._list.order = Order(None if words.strip() else DENSITY)
        self._list.replace(sorted_by(self._list.order, found, self._session), cursor=0)
        self._say_heading()
        self._meaning.drop()
        if words.strip():
            if not found:
                self._list.say("No label has these words; looking for what they mean.")
            self._meaning.ask(words)
        self._try_soon()

    def _meant(self, words: str) -> "list[FeatureRecord]":
        from saetui.session.steering import features_meant

        return features_meant(self._session, words)

    def _append(self, words: str, meant: "list[FeatureRecord]") -> None:
        self._list.replace([*self._list.rows, *meant])
        if not self._list.rows:
            self._list.say("No feature is found by these words.")
        self._try_soon()

    def _without_meaning(self, error: SaetuiError) -> None:
        from saetui.session.steering import features_with_terms

        words = self.query_one(TextLine).value
        self._list.replace([*self._list.rows, *features_with_terms(self._session, words)])
        if not self._list.rows:
            self._list.say("No label has these words.", error.message, error.hint)
        self._try_soon()

    # What each would do to the results.

    def _try_soon(self) -> None:
        """Try the first features of the list unless another key follows."""
        self._trying.drop()
        known = self._list.replaces
        if known is not None:
            first = (record.id for record in self._list.rows[:_TRIED])
            self._trying.ask_soon(tuple(each for each in first if each not in known))

    def _try(self, features: tuple[int, ...]) -> dict[int, int]:
        from saetui.session.steering import replaced_by_adding

        return replaced_by_adding(self._session, self._request, features)

    def _show_replaced(self, features: tuple[int, ...], found: dict[int, int]) -> None:
        self._list.replaces = {**(self._list.replaces or {}), **found}
        self._list.refresh()

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

    def action_move(self, step: int) -> None:
        """Move in the list."""
        self._list.action_move(step)
