"""Read one document: its text, its features, its neighbours."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.dom import DOMNode
from textual.message import Message

from saetui.errors import SaetuiError
from saetui.text import visible_line
from saetui.tui.background import NewestRequest
from saetui.tui.commands import bindings, key_of
from saetui.tui.messages import (
    Feedback,
    Judge,
    ListFeatures,
    MoreLike,
    OpenDocument,
    OpenFamily,
    OpenFeature,
    OpenSplitting,
    OpenView,
    SteerFeatures,
    TakeBack,
    ToList,
)
from saetui.tui.screens.dialogs import ClosedOnce
from saetui.tui.terminal import copy_text
from saetui.tui.widgets.details import DetailList, DetailRow, TextPane, Trust, document_rows
from saetui.tui.widgets.lines import Heading, Notice
from saetui.tui.widgets.reading import LONGEST_LABEL, document_lines, line_of, marked_sentence
from saetui.tui.widgets.status import KeyLine

if TYPE_CHECKING:
    from saetui.session.details import DocumentDetail
    from saetui.session.evidence import Evidence

Carriers = Callable[[int, int], "Evidence"]
"""Finds the sentences of the document in a row that carry a feature."""

Opinion = Callable[[int, str], tuple[str, bool | None]]
"""The label of a feature, and whether the reader finds it true of the document with an id; None if
the reader did not say."""


@dataclass(frozen=True)
class _Read:
    """A document that was read, and the place where the reader left it.

    Attributes:
        detail: The document.
        trust: Says how far to trust a feature's label.
        feature: Whose documents it was opened from; None where it was not.
        cursor: Its position in the list of features and neighbours.
        start: Where the cursor was at first; None before the list was shown.
        scroll: The first line of the text in view.
    """

    detail: "DocumentDetail"
    trust: Trust
    feature: int | None = None
    cursor: int = 0
    start: int | None = None
    scroll: float = 0


class DocumentScreen(ClosedOnce[None]):
    """One document; enter on a feature or neighbour goes there, and escape comes back.

    There is one such screen, which shows one document after another: making a new screen takes
    several times as long as filling this one.

    Args:
        go_on: Called with a message that says where the reader goes next, or what the reader says.
        opinion: Says what the reader finds of a feature's label.
        carriers: Says which sentences carry a feature; called in a thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings("Document"), *bindings("Everywhere")]
    AUTO_FOCUS = "#related"

    def __init__(
        self, go_on: Callable[[Message], None], opinion: Opinion, carriers: Carriers
    ) -> None:
        super().__init__()
        self._go_on = go_on
        self._opinion = opinion
        self._question = Notice()
        self._heading = Heading()
        self._text = TextPane(id="document-text")
        self._related = DetailList(id="related", empty=("No feature is active on it.",))
        # The documents that led here; the last one is shown.
        self._way: list[_Read] = []
        self._evidence: Evidence | None = None
        # The place in the text to scroll to once it is laid out, and how far it was scrolled.
        self._at = 0
        self._begun = 0.0
        self._carrying = NewestRequest(
            self, "evidence", lambda asked: carriers(*asked), self._mark, self._unmarked
        )

    @property
    def detail(self) -> "DocumentDetail":
        """The document that is shown; there must be one."""
        return self._way[-1].detail

    def begin(
        self,
        detail: "DocumentDetail",
        trust: Trust,
        feature: int | None,
        at: int = 0,
        about: Sequence[int] = (),
    ) -> None:
        """Show a document that was opened from another screen, perhaps from a feature.

        Args:
            detail: The document.
            trust: Says how far to trust a feature's label.
            feature: Whose documents it was opened from.
            at: The place in its text to begin at.
            about: Features of which the first that it has is under the cursor.
        """
        of = about if feature is None else (feature,)
        self._way = [_Read(detail, trust, feature, _place_of(of, detail, trust))]
        self._at, self._begun = at, 0.0
        self._text.scroll_home(animate=False)
        self._show()
        self._related.focus()

    def follow(self, detail: "DocumentDetail", trust: Trust) -> None:
        """Show a document that was opened from the one shown now."""
        self._at = 0
        self._way[-1] = replace(
            self._way[-1], cursor=self._related.cursor, scroll=self._text.scroll_y
        )
        self._way.append(_Read(detail, trust))
        self._show()
        self._related.focus()

    def compose(self) -> ComposeResult:
        """Text, then features and neighbours."""
        with Container(id="document-panes"):
            with Vertical(id="document-pane"):
                yield self._heading
                yield self._question
                yield self._text
            with Vertical(id="related-pane"):
                yield Heading("What is in it")
                yield self._related
        yield KeyLine()

    def _show(self) -> None:
        now = self._way[-1]
        self._evidence = None
        self._carrying.drop()
        self._related.replace(document_rows(now.detail, now.trust), cursor=now.cursor)
        if now.start is None:
            self._way[-1] = replace(now, start=self._related.cursor)
        self.say_opinion()
        self._look_for_evidence()
        if self._text.size.width:
            begins_elsewhere = bool(self._at)
            self._lay_out()
            if not begins_elsewhere and self._text.scroll_y != now.scroll:
                # The text can be scrolled only after it has been laid out.
                self.call_after_refresh(self._text.scroll_to, y=now.scroll, animate=False)

    @property
    def _judged(self) -> int | None:
        """The feature that is judged: as `_looked_at`, also with the cursor on a document."""
        looked_at = self._looked_at
        return self._way[-1].feature if looked_at is None else looked_at

    @property
    def _judging_keys(self) -> tuple[str, str]:
        return key_of(self.app, "document.true"), key_of(self.app, "document.untrue")

    @property
    def _choose_first(self) -> str:
        yes, no = self._judging_keys
        return f"Choose a feature in the list first: {yes} and {no} judge its label."

    def say_opinion(self) -> None:
        """Show what the reader finds of the label of the feature that is judged."""
        feature = self._judged
        if feature is None:
            self._question.say(self._choose_first)
            return
        label, true = self._opinion(feature, self.detail.document.id)
        label = visible_line(label, LONGEST_LABEL)
        if not label:
            self._question.say("The feature has no label to judge.")
        elif true is None:
            yes, no = self._judging_keys
            self._question.say(f"Is the label true of it? {label} ({yes} yes, {no} no)")
        else:
            self._question.say(f"You said {'yes' if true else 'no'}: {label}")

    def on_resize(self) -> None:
        """The text is broken into lines for a width."""
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        if not self._way:
            return
        width = self._text.text_width
        self._text.replace(document_lines(self.detail.document, width, self._evidence))
        if self._at:
            # A pane gets its width in several steps; lines are other ones after each.
            self.call_after_refresh(self._begin)
        said = marked_sentence(self._evidence, self._called)
        heading = f"Document {self.detail.document.id}"
        self._heading.say(f"{heading}; {said}" if said else heading)

    def _begin(self) -> None:
        """Scroll to where the reader should begin, unless the reader has scrolled elsewhere."""
        if self._text.scroll_y != min(self._begun, self._text.max_scroll_y):
            self._at = 0
        if self._at:
            begin = line_of(self.detail.document, self._text.text_width, self._at)
            # At once: with a later frame, the next layout would find the reader elsewhere.
            self._text.scroll_to(y=begin, animate=False, immediate=True)
            self._begun = self._text.scroll_y

    # Which sentences carry a feature.

    @property
    def _looked_at(self) -> int | None:
        """The feature under the cursor, or that which the document was opened from."""
        moved = self._related.cursor != self._way[-1].start
        opened_from = self._way[-1].feature
        return self._feature if moved or opened_from is None else opened_from

    def _look_for_evidence(self) -> None:
        feature = self._looked_at
        if feature is None:
            return
        if self._evidence is None or self._evidence.feature != feature:
            self._carrying.ask((self.detail.row, feature))

    def _mark(self, asked: tuple[int, int], found: "Evidence") -> None:
        if self._way and found.row == self.detail.row and found.feature == self._looked_at:
            self._evidence = found
            self._lay_out()

    def _unmarked(self, error: SaetuiError) -> None:
        self._evidence = None

    def _called(self, feature: int) -> str:
        named = {each.id: each.name for each in (*self.detail.features, *self.detail.weak)}
        return named.get(feature, f"feature {feature}")

    def on_line_list_highlighted(self, event: DetailList.Highlighted) -> None:
        """Mark the sentences that carry the feature under the cursor, and ask about its label."""
        event.stop()
        if event.lines is self._related and self._way:
            self.say_opinion()
            self._look_for_evidence()

    def on_line_list_chosen(self, event: DetailList.Chosen) -> None:
        """Go to a feature or another document."""
        event.stop()
        row = event.row
        if isinstance(row, DetailRow) and row.target is not None:
            message = OpenDocument if row.kind == "document" else OpenFeature
            self._go_on(message(row.target))

    @property
    def _feature(self) -> int | None:
        """The feature under the cursor, if there is one."""
        row = self._related.row
        return row.target if row is not None and row.kind == "feature" else None

    def action_steer(self) -> None:
        """Add the feature under the cursor to the query."""
        if self._feature is not None:
            self._go_on(SteerFeatures((self._feature,)))

    def action_family(self) -> None:
        """Go to the feature in its family."""
        if self._feature is not None:
            self._go_on(OpenFamily(self._feature))

    def action_matches(self) -> None:
        """Go to the feature among its matches in other SAEs."""
        if self._feature is not None:
            self._go_on(OpenSplitting(self._feature))

    def action_more_like(self) -> None:
        """Search for documents like this one."""
        self._go_on(MoreLike(self.detail.row))

    def action_feedback(self, sign: int) -> None:
        """Steer toward the document's features, or away from them."""
        self._go_on(Feedback(self.detail.row, sign))

    def action_judge(self, true: bool) -> None:
        """Say whether the label of the feature that is judged is true of the document."""
        feature = self._judged
        if feature is None:
            self.notify(self._choose_first, markup=False)
        else:
            self._go_on(Judge(feature, self.detail.document.id, true=true))

    def action_take_back(self) -> None:
        """Undo the reader's last judgement."""
        self._go_on(TakeBack())

    def action_to_list(self) -> None:
        """Put it into a list."""
        self._go_on(ToList(self.detail.row))

    def action_copy(self) -> None:
        """Copy its title and link."""
        from saetui.session.saved.exports import citation

        text = citation(self.detail.document)
        copy_text(self.app, text, lambda sentence: self.notify(sentence, markup=False))

    def action_features(self) -> None:
        """List its features in the features view."""
        features = tuple(feature.id for feature in self.detail.features)
        self._go_on(ListFeatures("", features, f"Document {self.detail.document.id}"))

    def action_back(self) -> None:
        """Go back to the document before, or to the view that the first one was opened from."""
        if len(self._way) > 1:
            self._way.pop()
            self._show()
        else:
            self.dismiss(None)

    def action_view(self, name: str) -> None:
        """Go to a view."""
        self._go_on(OpenView(name))

    def action_find(self) -> None:
        """Go to the query or filter line of the view behind."""
        self._go_on(OpenView(find=True))

    def targets(self) -> dict[str, tuple[str, DOMNode]]:
        """For each scope of the table of commands the node that its actions are of."""
        return {"Document": ("", self), "Lists": ("", self._related), "Everywhere": ("", self)}


def _place_of(features: Sequence[int], detail: "DocumentDetail", trust: Trust) -> int:
    """Where the first of some features that a document has is in its list; else at the top."""
    rows = document_rows(detail, trust)
    places = {row.target: place for place, row in enumerate(rows) if row.kind == "feature"}
    return next((places[each] for each in features if each in places), 0)
