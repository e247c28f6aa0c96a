"""Choose a search that was saved: a bookmark of the bundle, or a preset."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from saetui.core.words import matches
from saetui.text import visible_line
from saetui.tui.background import start_work
from saetui.tui.screens.dialogs import Dialog, frame
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Pieces, fit
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.saved.presets import Preset

_LONGEST_NAME = 60


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved search in the list.

    Attributes:
        name: Of the bookmark or file.
        preset: Its content.
        bookmarked: Whether it is a bookmark of the bundle, which can be removed here.
    """

    name: str
    preset: "Preset"
    bookmarked: bool = False

    @property
    def about(self) -> str:
        """What it is, in a few words."""
        steps, found = len(self.preset.history), len(self.preset.results)
        said = (f"{steps} steps" if steps else "", f"{found} results" if found else "")
        return "  ".join(filter(None, said))


class SavedList(LineList[Saved]):
    """Saved searches, the newest first."""

    def line(self, saved: Saved, index: int, width: int) -> Pieces:
        """Name, then what it is."""
        about = f" {saved.about} "
        return (
            (" ", ""),
            (fit(saved.name, width - len(about) - 1, self.glyphs.ellipsis), ""),
            (about, "muted"),
        )


class OpenPresetScreen(Dialog["str | Preset | None"]):
    """A line for words or the name of a file, above the list of saved searches; enter opens.

    The screen returns the preset that was chosen, or the name of a file that was typed.

    Args:
        saved: Returns the saved searches; called in a thread.
        remove: Removes the bookmark of a name; called in a thread.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "move(1)", "Down", priority=True, show=False),
        Binding("up", "move(-1)", "Up", priority=True, show=False),
        Binding("ctrl+d", "remove", "Remove", priority=True, show=False),
    ]

    def __init__(self, saved: Callable[[], list[Saved]], remove: Callable[[str], None]) -> None:
        super().__init__()
        self._saved, self._remove = saved, remove
        self._known: list[Saved] = []
        # The bookmark that ctrl+d, pressed once more, removes.
        self._doomed: Saved | None = None
        self._list = SavedList(
            empty=("No bookmark and no preset here is called so.", "Type the name of a file.")
        )

    def compose(self) -> ComposeResult:
        """Line and list."""
        keys = "enter opens, ctrl+d removes a bookmark, escape cancels"
        with frame("open", "Open a preset or a bookmark", keys):
            yield TextLine(placeholder="Words of its name, or a file")
            yield self._list

    def on_mount(self) -> None:
        """Read the saved searches."""
        self._read()

    def _read(self) -> None:
        start_work(self, "presets", self._saved, self._show)

    def _show(self, found: list[Saved]) -> None:
        self._known = found
        self._refilter(self.query_one(TextLine).value)

    def _refilter(self, text: str) -> None:
        found = [each for each in self._known if matches(each.name, text)]
        self._list.replace(found, cursor=0)

    def on_input_changed(self, event: TextLine.Changed) -> None:
        """Filter while the user types."""
        self._refilter(event.value)

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Open the search under the cursor, or the file that was typed."""
        event.stop()
        if not self.is_current:
            return
        row, name = self._list.row, event.value.strip()
        if row is not None:
            self.dismiss(row.preset)
        elif name:
            self.dismiss(name)

    def on_line_list_chosen(self, event: SavedList.Chosen) -> None:
        """Open the search that was clicked."""
        event.stop()
        if self.is_current and isinstance(event.row, Saved):
            self.dismiss(event.row.preset)

    def action_move(self, step: int) -> None:
        """Move in the list."""
        self._list.action_move(step)

    def action_remove(self) -> None:
        """Remove the bookmark under the cursor, when it is asked for twice."""
        row = self._list.row
        if row is None:
            return
        name = visible_line(row.name, _LONGEST_NAME)
        if not row.bookmarked:
            self.notify(f"{name} is a file, no bookmark: remove it where it lies.", markup=False)
        elif row is not self._doomed:
            self._doomed = row
            self.notify(f"ctrl+d once more removes the bookmark {name}.", markup=False)
        else:
            self._doomed = None
            start_work(self, "remove", lambda: self._remove(row.name), lambda _: self._read())
