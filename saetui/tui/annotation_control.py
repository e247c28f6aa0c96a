"""What the reader says about features, with the keys for it."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.widget import Widget

from saetui.errors import SaetuiError
from saetui.text import visible_line
from saetui.tui.annotation_undo import AnnotationUndo
from saetui.tui.messages import LabelsChanged
from saetui.tui.newest_request import NewestRequest
from saetui.tui.screens.closing import open_dialog
from saetui.tui.screens.edit_text import EditTextScreen

if TYPE_CHECKING:
    from saetui.session.session import Session

_LONGEST_NAME = 100


class AnnotationControl:
    """Says things about features to the session, and tells the reader what became of it.

    What is said is shown at once: `LabelsChanged` tells everyone who shows labels. A thread then
    puts it on disk, in the order in which it was said; the session does so at the latest when it
    is closed.

    Args:
        widget: Runs its workers, sends its messages.
    """

    def __init__(self, widget: Widget) -> None:
        self._widget = widget
        self._session: Session | None = None
        self._undo: AnnotationUndo | None = None
        self._writing: NewestRequest[Session, None] = NewestRequest(
            widget,
            "write-notes",
            lambda session: session.write_notes(),
            lambda *_: None,
            self._tell,
        )

    def open(self, session: "Session") -> None:
        """Annotate the features of a session."""
        self._session = session
        self._undo = AnnotationUndo(session)

    # What can be said about a feature.

    def label(self, feature: int) -> None:
        """Ask for a label."""
        self._ask(
            feature,
            "Your label",
            lambda session: session.features[feature].label,
            "Empty: the label found automatically",
            lambda undo, text: undo.name(feature, text),
        )

    def note(self, feature: int) -> None:
        """Ask for a note."""
        self._ask(
            feature,
            "Your note",
            lambda session: session.features.notes_on(feature).note,
            "Empty: no note",
            lambda undo, text: undo.note(feature, text),
        )

    def accept(self, feature: int, version: int | None) -> None:
        """Make a label the reader's own.

        Args:
            feature: Its number.
            version: Of the label; None for the one shown.
        """
        session = self._session
        if session is None:
            return
        labels = {label.version: label.text for label in session.sae.labels(feature)}
        text = labels.get(version or 0, session.features[feature].label)
        self._edit(lambda undo: "" if undo.accept(feature, text) else "Your label is taken back.")

    def reject(self, feature: int, version: int | None) -> None:
        """Discard a label, or take that back; `version` as in `accept`."""
        if version:
            self._edit(lambda undo: undo.toggle_rejected(feature, version))
        else:
            self._edit(lambda undo: undo.reject(feature))

    def bookmark(self, feature: int) -> None:
        """Set or remove a bookmark."""
        self._edit(lambda undo: undo.toggle_bookmark(feature))

    def judge(self, feature: int, document: str, *, true: bool) -> None:
        """Say whether the label is true of a document, or take that back."""
        self._edit(lambda undo: undo.judge(feature, document, true=true))

    def take_back(self) -> None:
        """Undo what was said last, whichever feature it was about."""
        session = self._session
        if session is None or self._undo is None:
            return
        if not self._undo.can_undo:
            self._widget.notify("There is nothing to undo.")
            return

        def undone(undo: AnnotationUndo) -> str:
            feature, what = undo.undo()
            name = visible_line(session.name(feature), _LONGEST_NAME)
            return f"{what.capitalize()} of feature {feature} undone: {name}"

        self._edit(undone)

    # How it is done.

    def _ask(
        self,
        feature: int,
        title: str,
        present: Callable[["Session"], str],
        empty: str,
        keep: Callable[[AnnotationUndo, str], None],
    ) -> None:
        if self._session is None:
            return

        def written(text: str | None) -> None:
            if text is not None:
                self._edit(lambda undo: keep(undo, text))

        about = f"Feature {feature}: {self._session.name(feature)}"
        screen = EditTextScreen(title, about, present(self._session), empty)
        open_dialog(self._widget.app, screen, written)

    def _edit(self, edit: Callable[[AnnotationUndo], str | None]) -> None:
        """Make an edit, show it, have it written, and tell what it returns."""
        if self._session is None or self._undo is None:
            return
        try:
            said = edit(self._undo)
        except SaetuiError as error:
            self._tell(error)
            return
        if said:
            self._widget.notify(visible_line(said), markup=False)
        self._writing.ask(self._session)
        self._widget.post_message(LabelsChanged())

    def _tell(self, error: SaetuiError) -> None:
        self._widget.notify(visible_line(str(error)), severity="error", markup=False)
