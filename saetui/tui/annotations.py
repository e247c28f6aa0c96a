"""What the reader says about features: keys that ask for it, edits, and how each is undone."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from textual.widget import Widget

from saetui.errors import InputError, SaetuiError
from saetui.store.notes import TRUE, UNTRUE, Entry
from saetui.text import visible_line
from saetui.tui.background import NewestRequest, tell
from saetui.tui.messages import LabelsChanged
from saetui.tui.screens.dialogs import EditTextScreen, open_dialog

if TYPE_CHECKING:
    from saetui.session.session import Session
    from saetui.store.notes import FeatureNotes, Kind

_KINDS: dict["Kind", str] = {
    "label": "label",
    "rejected": "verdict",
    "bookmark": "bookmark",
    "note": "note",
    "judged": "judgement",
}


@dataclass(frozen=True, slots=True)
class _Edit:
    """One thing that was said, with the text that takes it back."""

    feature: int
    kind: "Kind"
    text: str
    opposite: str
    about: str = ""
    document: str = ""

    @property
    def entry(self) -> Entry:
        """The edit as the notes hold it, but for the SAE."""
        return Entry(
            "", self.feature, self.kind, self.text, about=self.about, document=self.document
        )


class AnnotationUndo:
    """Passes each edit to the session at once, and remembers the edit that takes it back.

    Nothing here waits for the disk: the caller has `Session.write_notes` called afterwards. All
    methods raise `InputError` where there is nothing to edit.

    Args:
        session: It has the features.
    """

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._edits: list[_Edit] = []

    def name(self, feature: int, text: str) -> None:
        """Give a feature a label of the reader's own; empty text removes it."""
        self._write(feature, "label", text.strip(), self._said(feature).label)

    def accept(self, feature: int, text: str) -> bool:
        """Make a label the reader's own, or remove it if it already is; whether it was made so."""
        if not text:
            raise InputError("There is no label to accept.", "Write one with l.")
        taken = self._said(feature).label != text.strip()
        self.name(feature, text if taken else "")
        return taken

    def reject(self, feature: int) -> None:
        """Show the next older label instead of this one; the reader's own label is removed."""
        record = self._session.features.record(feature)
        if self._said(feature).label:
            self.name(feature, "")
        elif record.label:
            self.toggle_rejected(feature, record.version)
        else:
            raise InputError("There is no label to reject.", "Write one with l.")

    def toggle_rejected(self, feature: int, version: int) -> None:
        """Reject one version of the label, or stop rejecting it."""
        texts = [str(version), f"-{version}"]
        if version in self._said(feature).rejected:
            texts.reverse()
        self._write(feature, "rejected", *texts)

    def toggle_bookmark(self, feature: int) -> None:
        """Set a bookmark on a feature, or remove it."""
        marked = self._said(feature).bookmark
        self._write(feature, "bookmark", "" if marked else "yes", "yes" if marked else "")

    def note(self, feature: int, text: str) -> None:
        """Write a note on a feature; empty text removes it."""
        self._write(feature, "note", text.strip(), self._said(feature).note)

    def judge(self, feature: int, document: str, *, true: bool) -> None:
        """Say whether a feature's label is true of a document; the same again takes it back."""
        label = self._session.features.record(feature).label
        if not label:
            raise InputError(f"Feature {feature} has no label to judge.", "Write one with l.")
        before = self._said(feature).judged(label).get(document)
        now = None if before == true else true
        texts = {None: "", True: TRUE, False: UNTRUE}
        self._say(_Edit(feature, "judged", texts[now], texts[before], label, document))

    @property
    def can_undo(self) -> bool:
        """Whether there is an edit to undo."""
        return bool(self._edits)

    def undo(self) -> tuple[int, str]:
        """Undo the last edit; returns its feature, and what kind of edit it was.

        What another app has said since then stays.
        """
        edit = self._edits[-1]
        said = self._said(edit.feature)
        # As long as the edit holds, making it once more changes nothing.
        if said.told(edit.entry) != said:
            self._edits.pop()
            raise InputError(
                f"The {_KINDS[edit.kind]} of feature {edit.feature} was changed elsewhere since "
                "then, so it stays as it is."
            )
        self._session.note(
            edit.feature, edit.kind, edit.opposite, about=edit.about, document=edit.document
        )
        self._edits.pop()
        return edit.feature, _KINDS[edit.kind]

    def _write(self, feature: int, kind: "Kind", text: str, opposite: str) -> None:
        if text != opposite:
            self._say(_Edit(feature, kind, text, opposite))

    def _say(self, edit: _Edit) -> None:
        self._session.note(
            edit.feature, edit.kind, edit.text, about=edit.about, document=edit.document
        )
        self._edits.append(edit)

    def _said(self, feature: int) -> "FeatureNotes":
        # Another app may have the same bundle open.
        self._session.read_others_notes()
        return self._session.features.notes_on(feature)


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
            partial(tell, widget),
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
            tell(self._widget, error)
            return
        if said:
            tell(self._widget, said)
        self._writing.ask(self._session)
        self._widget.post_message(LabelsChanged())
