"""Say something about the features that one browses: labels, verdicts, bookmarks, notes."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from saetui.errors import SaetuiError
from saetui.text import visible_line
from saetui.tui.annotation_undo import AnnotationUndo
from saetui.tui.messages import LabelsChanged
from saetui.tui.newest_request import NewestRequest
from saetui.tui.screens.edit_text import EditTextScreen
from saetui.tui.views.browser import Browser
from saetui.tui.widgets.line_list import LineList

if TYPE_CHECKING:
    from saetui.session.session import Session

_LONGEST_NAME = 100


class AnnotatingBrowser(Browser):
    """A browser in which the reader may say something about the chosen feature.

    What is said is shown at once, and `LabelsChanged` tells everyone who shows labels. A thread
    puts it on disk, in the order in which it was said; the session does so at the latest when it
    is closed.
    """

    def __init__(self, lines: LineList[Any], placeholder: str, *, id: str) -> None:
        super().__init__(lines, placeholder, id=id)
        self.notebook: AnnotationUndo | None = None
        self._keeping: NewestRequest[None, None] = NewestRequest(
            self, f"keep-{id}", lambda _: self.opened.write_notes(), lambda *_: None, self._tell
        )

    def show(self, session: "Session") -> None:
        """Show a session, and write into its notes."""
        self.notebook = AnnotationUndo(session)
        super().show(session)

    def _edit(self, edit: Callable[[AnnotationUndo, int], str | None]) -> None:
        """Have the notebook say something about the feature, and tell what became of it."""
        if self.notebook is None or self.feature is None:
            return
        try:
            said = edit(self.notebook, self.feature)
        except SaetuiError as error:
            self._tell(error)
            return
        if said:
            self.notify(visible_line(said), markup=False)
        self._said()

    def _label_version(self) -> int | None:
        """Of the label under the cursor of the details, if there is one."""
        row = self.detail.row
        if self.detail.has_focus and row is not None and row.kind == "label":
            return row.target
        return None

    def action_label(self) -> None:
        """Write a label."""
        self._write(
            "Your label",
            lambda session, feature: session.features[feature].label,
            "Empty: the label found automatically",
            lambda notebook, feature, text: notebook.name(feature, text),
        )

    def action_note(self) -> None:
        """Write a note."""
        self._write(
            "Your note",
            lambda session, feature: said.note if (said := session.notes.get(feature)) else "",
            "Empty: no note",
            lambda notebook, feature, text: notebook.note(feature, text),
        )

    def _write(
        self,
        title: str,
        present: Callable[["Session", int], str],
        empty: str,
        keep: Callable[[AnnotationUndo, int, str], None],
    ) -> None:
        feature = self.feature
        if self.session is None or feature is None:
            return

        def written(text: str | None) -> None:
            if text is not None:
                self._edit(lambda notebook, _: keep(notebook, feature, text))

        about = f"Feature {feature}: {self.session.features[feature].name}"
        before = present(self.session, feature)
        self.app.push_screen(EditTextScreen(title, about, before, empty), written)

    def action_accept(self) -> None:
        """Make the label one's own."""
        version = self._label_version()

        def accept(notebook: AnnotationUndo, feature: int) -> str:
            session = self.opened
            labels = {label.version: label.text for label in session.sae.labels(feature)}
            text = labels.get(version or 0, session.features[feature].label)
            taken = notebook.accept(feature, text)
            return "" if taken else "Your label is taken back."

        self._edit(accept)

    def action_reject(self) -> None:
        """Discard the label; in the history, the one under the cursor, or take that back."""
        version = self._label_version()
        if version:
            self._edit(lambda notebook, feature: notebook.toggle_rejected(feature, version))
        else:
            self._edit(lambda notebook, feature: notebook.reject(feature))

    def action_bookmark(self) -> None:
        """Set or remove a bookmark."""
        self._edit(lambda notebook, feature: notebook.toggle_bookmark(feature))

    def action_take_back(self) -> None:
        """Undo what was said last, about whichever feature."""
        if self.notebook is None:
            return
        try:
            undone = self.notebook.undo()
        except SaetuiError as error:
            self._tell(error)
            return
        if undone is None:
            self.notify("There is nothing to undo.")
            return
        feature, what = undone
        name = visible_line(self.opened.features[feature].name, _LONGEST_NAME)
        self.notify(f"{what.capitalize()} of feature {feature} undone: {name}", markup=False)
        self._said()

    def _said(self) -> None:
        """Have it kept, and show it."""
        self._keeping.ask(None)
        self.post_message(LabelsChanged())

    def _tell(self, error: SaetuiError) -> None:
        self.notify(visible_line(str(error)), severity="error", markup=False)
