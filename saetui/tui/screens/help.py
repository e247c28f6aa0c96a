"""Help: what is on the screen, what its words mean, and every key; a text searches it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from saetui.tui.commands import COMMANDS, Commands, commands_of
from saetui.tui.glossary import COLUMNS, GLOSSARY, Entries
from saetui.tui.palette import finds
from saetui.tui.screens.dialogs import Dialog, frame
from saetui.tui.widgets.details import DetailRow, TextPane, text_rows
from saetui.tui.widgets.text_line import TextLine

_INTRODUCTION = (
    "A query is a handful of features, each with a strength. Change a strength, and the results "
    "are those of the changed query."
)
_WAYS: Entries = (
    ("to begin", "Type a question, press enter, then right or left on a feature."),
    ("»", "At the edge of the pane that keys are for; tab goes on to the next."),
    ("1, 2, 3 ...", "Go to the views, also from a line in which nothing is typed yet."),
    ("f2, f3, f4 ...", "The same, for keyboards where digits need shift (f2 is view 1)."),
    ("3D, 21 cm", "To begin a query with a digit, type a space first."),
    ("copying", "y copies. In tmux paste with prefix ], elsewhere as always."),
    ("colours", "ctrl+p, then theme."),
    ("to quit", "ctrl+q from anywhere."),
)
_COLUMN = 16


class HelpScreen(Dialog[None]):
    """What is on the screen, the keys there, a glossary, all other keys.

    Args:
        here: The scopes whose keys work where the user is, the innermost first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,question_mark,f1", "dismiss", "Close", show=False),
        Binding("slash", "find", "Find", show=False),
    ]
    AUTO_FOCUS = "#help-text"

    def __init__(self, here: Sequence[str] = ()) -> None:
        super().__init__()
        self._here = here
        self._line = TextLine(placeholder="/ searches: any word, key or purpose")
        self._text = TextPane(id="help-text")

    def compose(self) -> ComposeResult:
        """A line to search with above the text, which scrolls."""
        with frame("help", "Help", "down scrolls, / searches, escape closes"):
            yield self._line
            yield self._text

    def on_resize(self) -> None:
        """The text is broken into lines for a width."""
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        typed = self._line.value.strip()
        rows = help_lines(self._text.text_width, commands_of(self.app), self._here, typed)
        self._text.replace(rows)
        if not rows:
            self._text.say(f"Nothing here is about {typed}.", "ctrl+p finds commands.")
        self._text.scroll_home(animate=False)

    def on_input_changed(self, event: TextLine.Changed) -> None:
        """Show what is about the text, while it is typed."""
        event.stop()
        self._lay_out()

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Go to what was found."""
        event.stop()
        self._text.focus()

    def on_text_line_left(self, event: TextLine.Left) -> None:
        """Go to what was found."""
        event.stop()
        self._text.focus()

    def action_cancel(self) -> None:
        """Close it; from the line, go to what was found."""
        if self._line.has_focus:
            self._text.focus()
        else:
            self.dismiss(None)

    def action_find(self) -> None:
        """Search in the help."""
        self._line.focus()


def help_lines(
    width: int, keys: Commands = COMMANDS, here: Sequence[str] = (), typed: str = ""
) -> list[DetailRow]:
    """The help, or only what a text is about.

    Args:
        width: In cells.
        keys: What keys do.
        here: The scopes whose columns and keys come first.
        typed: Words, or words that mean the same; empty for all.
    """
    rows = [] if typed else text_rows(_INTRODUCTION, width)
    sections = list(_sections(keys, here))
    if typed:
        # Who searches mostly wants to know what to press.
        sections.sort(key=lambda section: not section[0].startswith("Keys"))
    for title, entries in sections:
        found = [each for each in entries if _is_about(title, each, typed)]
        if found:
            rows += [DetailRow("")] if rows else []
            rows += [DetailRow(title, kind="title"), *_table(found, width)]
    return rows


def _is_about(title: str, entry: tuple[str, str], typed: str) -> bool:
    if not typed or typed in entry[0].split():
        # Signs are no words: "<" finds its key.
        return True
    place = title.rpartition(": ")[2]
    return finds(f"{place} {' '.join(entry)}", typed)


def _sections(keys: Commands, here: Sequence[str]) -> Iterator[tuple[str, Entries]]:
    """What is on the screen, its keys, the words, then everything else."""
    near = [scope for scope in here if scope not in ("Lists", "Everywhere")]
    for scope in near:
        yield from COLUMNS.get(scope, ())
    for scope in near:
        yield f"Keys here: {scope}", _keys(keys, scope)
    yield "How to", _WAYS
    yield "Words", GLOSSARY
    for scope in keys:
        if scope not in near:
            yield f"Keys: {scope}", _keys(keys, scope)
    for scope, panes in COLUMNS.items():
        if scope not in near:
            yield from ((f"{scope}: {title}", entries) for title, entries in panes)


def _keys(keys: Commands, scope: str) -> Entries:
    return tuple((command.shown, command.help) for command in keys[scope])


def _table(entries: Iterable[tuple[str, str]], width: int) -> list[DetailRow]:
    rows = []
    for name, text in entries:
        first, *others = text_rows(text, width - _COLUMN)
        rows.append(DetailRow(f"{name:<{_COLUMN}}{first.text}"))
        rows += [DetailRow(" " * _COLUMN + other.text) for other in others]
    return rows
