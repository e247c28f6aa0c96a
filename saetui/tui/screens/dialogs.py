"""Dialogs, among them one to write a line in; each is closed once, however often that is asked.

Keys wait in a queue. Of two in one go, the second still reaches a screen that the first one has
closed, and Textual would then close the screen below, or the app.
"""

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on
from textual.app import App, ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.command import CommandPalette
from textual.containers import Vertical
from textual.message import Message
from textual.screen import ModalScreen, Screen
from textual.widgets import Input, OptionList

from saetui.text import visible_line
from saetui.tui.messages import OpenDocument, OpenFeature
from saetui.tui.widgets.details import (
    DetailList,
    DetailRow,
    example_documents,
    section,
    text_rows,
)
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Lines, Pieces, fit
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.questions.compare import PairDetail

Result = TypeVar("Result")


class ClosedOnce(Screen[Result]):
    """A screen that ignores being closed while it is not the one in front."""

    def dismiss(self, result: Result | None = None) -> AwaitComplete:
        """Close it, and give `result` to whoever opened it."""
        if self.app.screen is not self:
            return AwaitComplete()
        return super().dismiss(result)


# Textual takes the style of the first base alone.
class Dialog(ModalScreen[Result], ClosedOnce[Result]):
    """A screen over part of another one; escape closes it, and it returns nothing."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "Cancel", priority=True)]

    def action_cancel(self) -> None:
        """Close it."""
        self.dismiss(None)


def frame(name: str, title: str, keys: str) -> Vertical:
    """The frame of a dialog, with its title above and its keys below.

    Args:
        name: Of the dialog, for style sheets.
        title: What the dialog is about.
        keys: What its keys do.
    """
    box = Vertical(id=name, classes="dialog")
    box.border_title, box.border_subtitle = title, keys
    return box


def open_dialog(
    app: App[None], dialog: Dialog[Result], then: Callable[[Result | None], None] | None = None
) -> None:
    """Open a dialog, unless another one is open: of two keys in one go, the second opens nothing.

    Args:
        app: That it belongs to.
        dialog: Which one.
        then: Called with what it returns when it is closed.
    """
    if not isinstance(app.screen, ModalScreen):
        app.push_screen(dialog, then)


class Palette(CommandPalette, ClosedOnce[None]):
    """The list of commands, of which each choice carries out one."""

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _choose_once(self, event: Message) -> None:
        """Keep a second choice from what Textual would do with it."""
        if self.app.screen is not self:
            event.stop()
            event.prevent_default()


class EditTextScreen(Dialog[str | None]):
    """A line to write in; enter keeps it, escape leaves everything as it was.

    Args:
        title: What is written.
        about: Of which feature.
        text: What stands there so far.
        empty: What an empty line means.
        endings: Of files, of which tab gives the name the next; none of other texts.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "next_ending", "Next format", priority=True, show=False),
    ]

    def __init__(
        self, title: str, about: str, text: str, empty: str, endings: Sequence[str] = ()
    ) -> None:
        super().__init__()
        self._endings = endings
        self._title = title
        self._about = _About(about)
        # The text is not selected, or the first letter typed would erase it.
        self._line = TextLine(visible_line(text), placeholder=empty, select_on_focus=False)

    def compose(self) -> ComposeResult:
        """What it is about, and the line."""
        with frame("edit", self._title, "enter keeps it, escape cancels"):
            yield self._about
            yield self._line

    def on_mount(self) -> None:
        """Write."""
        self._line.focus()

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Keep what is written."""
        event.stop()
        if self.is_current:
            self.dismiss(event.value.strip())

    def action_next_ending(self) -> None:
        """Give the file's name the next ending."""
        if self._endings:
            name, here = self._line.value, PurePath(self._line.value).suffix.lower()
            known = here in self._endings
            place = (self._endings.index(here) + 1) % len(self._endings) if known else 0
            self._line.value = (name[: -len(here)] if known else name) + self._endings[place]
            self._line.cursor_position = len(self._line.value)


class _About(Lines):
    """One line of foreign text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def lines(self, width: int) -> tuple[Pieces]:
        """The text, cut to the width."""
        return (((f" {fit(self._text, width - 2, self.glyphs.ellipsis)}", "muted"),),)


_LONGEST = 100


class PairScreen(Dialog[Message | None]):
    """Everything about two features; enter opens a feature or a document.

    Args:
        detail: What is known of them.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("q", "cancel", "Close", priority=True)]

    def __init__(self, detail: "PairDetail") -> None:
        super().__init__()
        self._detail = detail
        self._list = DetailList()

    def compose(self) -> ComposeResult:
        """The list."""
        with frame("pair", "Two features", "enter opens, escape closes"):
            yield self._list

    def on_mount(self) -> None:
        """Lay out the list when its width is known."""
        self._list.focus()
        self.call_after_refresh(self._lay_out)

    def on_resize(self) -> None:
        """Sentences are broken for a width."""
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        self._list.lay_out(pair_rows(self._detail, self._list.text_width))

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Close, and go to a feature or document."""
        event.stop()
        row = self._list.row
        if not self.is_current or row is None or row.target is None:
            return
        opens: Message = (
            OpenFeature(row.target) if row.kind == "feature" else OpenDocument(row.target)
        )
        self.dismiss(opens)


def pair_rows(detail: "PairDetail", width: int) -> list[DetailRow]:
    """Both features, what is known of them together, then documents."""
    from saetui.session.questions.compare import pair_figures

    features = [
        DetailRow(each.name, str(each.id), "feature", each.id, f"{each.documents:,} docs")
        for each in (detail.a.record, detail.b.record)
    ]
    sentences = [row for said in pair_figures(detail) for row in text_rows(said, width)]
    return [
        *features,
        DetailRow(""),
        *sentences,
        *section("Documents of both", example_documents(detail.examples)),
        *(
            row
            for side in (detail.a, detail.b)
            for row in section(
                f"{visible_line(side.record.name, _LONGEST)}, alone",
                example_documents(side.examples),
            )
        ),
    ]
