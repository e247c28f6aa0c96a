"""Every command of the app, declared once: footer, palette, help and README read this table."""

from dataclasses import dataclass

from textual.binding import Binding, BindingType


@dataclass(frozen=True)
class Command:
    """One thing a key does.

    Attributes:
        keys: Textual key names, separated by commas.
        shown: The keys as a reader writes them.
        action: The Textual action.
        title: One or two words, for the footer.
        help: One sentence, for the palette and the help screen.
        footer: Whether the footer names it.
    """

    keys: str
    shown: str
    action: str
    title: str
    help: str
    footer: bool = False


COMMANDS: dict[str, tuple[Command, ...]] = {
    "Query line": (
        Command("enter", "enter", "submit", "Search", "Search, or keep the filter", True),
        Command("escape,down", "escape", "leave", "To the list", "Leave the line", True),
    ),
    "Everywhere": (
        Command("1", "1", "view('search')", "Search", "Go to the search view"),
        Command("2", "2", "view('features')", "Features", "Go to the features view"),
        Command("3", "3", "view('families')", "Families", "Go to the families view"),
        Command("slash", "/", "find", "Find", "Go to the query or filter line", True),
        Command("question_mark", "?", "help", "Help", "Show every key", True),
        Command("ctrl+p", "ctrl+p", "command_palette", "Commands", "Find any command by name"),
        Command("q", "q", "back", "Quit", "Go back; from a view, quit", True),
    ),
    "Lists": (
        Command("down,j", "down j", "move(1)", "Down", "Move down"),
        Command("up,k", "up k", "move(-1)", "Up", "Move up"),
        Command("home,g", "home g", "move_to(0)", "First", "Go to the first row"),
        Command("end,G", "end G", "move_to(-1)", "Last", "Go to the last row"),
        Command("pagedown,ctrl+d", "ctrl+d", "page(1)", "Page down", "Move down half a page"),
        Command("pageup,ctrl+u", "ctrl+u", "page(-1)", "Page up", "Move up half a page"),
        Command("enter", "enter", "choose", "Open", "Open the document or feature", True),
    ),
    "Steering": (
        Command("right", "right", "nudge(1)", "Stronger", "Strengthen the feature by 0.05", True),
        Command("left", "left", "nudge(-1)", "Weaker", "Weaken the feature by 0.05", True),
        Command("L", "L", "nudge(5)", "Much stronger", "Strengthen the feature by 0.25"),
        Command("H", "H", "nudge(-5)", "Much weaker", "Weaken the feature by 0.25"),
        Command("0", "0", "set_to(0)", "Off", "Turn the feature off", True),
        Command("m", "m", "set_to(1)", "To 1", "Set the feature to 1, as heavy as the query"),
        Command("n", "n", "negate", "Negate", "Turn the feature into its opposite"),
        Command("space", "space", "solo", "Solo", "Keep only this feature"),
        Command("r", "r", "reset_one", "Reset", "Leave the feature as the query has it"),
        Command("d", "d", "remove", "Remove", "Remove an added feature"),
    ),
    "Search": (
        Command("a", "a", "add", "Add", "Add a feature that the query lacks", True),
        Command("f", "f", "family", "Family", "Apply the last change to the whole family"),
        Command("R", "R", "reset_all", "Reset all", "Leave every feature as the query has it"),
        Command("u", "u", "undo", "Undo", "Undo the last change", True),
        Command("ctrl+r", "ctrl+r", "redo", "Redo", "Do again what was undone"),
        Command("e", "e", "mode", "Mode", "Change the steering mode"),
        Command("x", "x", "exact", "Exact", "Compare with every document, or ask the index"),
        Command("w", "w", "why", "Why", "Show or hide why a result is where it is"),
    ),
    "Features": (
        Command("a", "a", "steer", "Add to query", "Add the feature to the query", True),
        Command("s", "s", "sort", "Sort", "Sort by the next column", True),
        Command("t", "t", "family", "Its family", "Go to a family of the feature", True),
    ),
    "Families": (
        Command("right,l", "right l", "expand(1)", "Expand", "Show what is below", True),
        Command("left,h", "left h", "expand(-1)", "Fold", "Hide what is below, or go up", True),
        Command("a", "a", "steer", "Add to query", "Add the feature to the query", True),
        Command("f", "f", "steer_family", "Add family", "Add the whole family to the query", True),
    ),
    "Document": (
        Command("a", "a", "steer", "Add to query", "Add the feature to the query", True),
        Command("escape", "escape", "back", "Back", "Go back"),
    ),
}


def bindings(scope: str) -> list[BindingType]:
    """Textual bindings of one scope of the table."""
    return [
        Binding(
            command.keys,
            command.action,
            command.title,
            show=command.footer,
            key_display=command.shown.split()[0],
            tooltip=command.help,
        )
        for command in COMMANDS[scope]
    ]
