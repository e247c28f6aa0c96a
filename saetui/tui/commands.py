"""Every command of the app, declared once: key line, palette, help and README read this table."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from textual.app import App
from textual.binding import Binding, BindingType

SIGNS = {
    "slash": "/",
    "question_mark": "?",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "equals_sign": "=",
    "plus": "+",
    "asterisk": "*",
    "minus": "-",
    "ampersand": "&",
}


@dataclass(frozen=True)
class Command:
    """One thing that a key does.

    Attributes:
        keys: Textual's names of the keys, separated by commas.
        action: The Textual action.
        title: One or two words.
        help: One sentence.
        hint: What the key line at the bottom says after the key; empty to leave it out. Commands
            that follow one another with the same hint share it.
        rank: Where room is short, the key line drops hints of the highest rank first.
    """

    keys: str
    action: str
    title: str
    help: str
    hint: str = ""
    rank: int = 2

    @property
    def shown(self) -> str:
        """The keys as a reader writes them: `/`, `down j`."""
        return " ".join(SIGNS.get(key, key) for key in self.keys.split(","))


Commands = Mapping[str, tuple[Command, ...]]
"""The commands of each scope."""

COMMANDS: dict[str, tuple[Command, ...]] = {
    "Query line": (
        Command("enter", "submit", "Submit", "Search, or keep the filter", "Search"),
        Command("escape,down", "leave", "Leave", "Go to the list below", "To the list"),
    ),
    "Steering": (
        Command(
            "left,minus", "edit('nudge',-1)", "Weaker", "Weaken it by a small step", "Strength"
        ),
        Command(
            "right,plus", "edit('nudge',1)", "Stronger", "Strengthen it by a small step", "Strength"
        ),
        Command("H", "edit('nudge',-5)", "Much weaker", "Weaken it by a large step"),
        Command("L", "edit('nudge',5)", "Much stronger", "Strengthen it by a large step"),
        Command("0", "edit('set',0)", "Off", "Turn the feature off", "Off"),
        Command("m", "edit('set',1)", "To 1", "Set the feature to 1, as heavy as the query"),
        Command("n", "edit('negate')", "Negate", "Turn the feature into its opposite"),
        Command("space", "edit('solo')", "Solo", "Keep only this feature", "Solo", rank=3),
        Command("M", "edit('mute')", "Mute", "Turn the feature off for now, or on again"),
        Command("r", "edit('reset')", "Reset", "Leave the feature as the query has it"),
        Command("d", "edit('remove')", "Remove", "Remove an added feature"),
    ),
    "Results": (
        Command(
            "space", "tick", "Mark", "Mark the result, to do something with all marked", "Mark", 4
        ),
        Command("asterisk", "tick_all", "Mark all", "Mark every result, or none"),
        Command("plus", "feedback(1)", "Toward it", "Steer toward the document's features", "Like"),
        Command("minus", "feedback(-1)", "Away", "Steer away from the document's features", "Like"),
        Command(
            "l", "more_like", "More like it", "Search for what is like the document", "More", 4
        ),
    ),
    "Search": (
        Command("a", "add", "Add", "Add a feature that the query lacks", "Add"),
        Command("f", "family", "Family", "Do the same to the feature's whole family"),
        Command("p", "pin", "Pin", "Keep what is done to the feature for the next query", "Pin", 4),
        Command("R", "reset_all", "Reset all", "Leave every feature as the query has it"),
        Command("u", "undo", "Undo", "Undo the last change", "Undo"),
        Command("ctrl+r", "redo", "Redo", "Do again what was undone"),
        Command("e", "mode", "Mode", "Change the steering mode"),
        Command("t", "its_family", "Its family", "Go to the feature in its family"),
        Command("E", "exact", "Exact", "Compare with every document, or ask the index"),
        Command("W,f8", "retrieval", "By words", "Search by meaning, by words, or by both"),
        Command("ampersand", "filter", "Filter", "Say which documents may be found", "Filter", 4),
        Command(
            "z", "unfold", "Unfold", "Show one result for a repeated text or a paper, or list each"
        ),
        Command("v", "read", "Read", "Show or hide the document under the cursor"),
        Command("w", "why", "Why", "Show or hide why a result is where it is"),
        Command("c", "compare", "Compare", "Show the results before steering, too", "Compare", 4),
        Command("C", "special", "Special", "Say what is special about these results"),
        Command("i", "by_effect", "By effect", "Sort features by how many results a step replaces"),
        Command("h", "steps", "Steps", "List every step, and go to one"),
        Command("b", "mark", "Bookmark", "Keep the search and what it found in the bundle"),
        Command("s", "save", "Save", "Save the search and its steps as a preset", "Save", 4),
        Command("o", "open", "Open", "Open a preset or a bookmark", "Open preset", 4),
        Command("x", "export", "Export", "Write the results to a file: JSON, CSV, BibTeX"),
        Command("y", "copy", "Copy", "Copy the result, or the command that repeats the search"),
        Command(
            "F",
            "features_like",
            "Features like it",
            "List the features that mean what the query says",
        ),
    ),
    "Family tree": (
        Command("left,h", "expand(-1)", "Fold", "Hide what is below, or go up", "Fold"),
        Command("right,l", "expand(1)", "Unfold", "Show what is below", "Fold"),
    ),
    "Co-occurrence": (
        Command("left,h", "read(0,-1)", "Left", "Read the cell to the left", "Read"),
        Command("right,l", "read(0,1)", "Right", "Read the cell to the right", "Read"),
        Command("up,k", "read(-1,0)", "Up", "Read the cell above", "Read"),
        Command("down,j", "read(1,0)", "Down", "Read the cell below", "Read"),
        Command("enter", "open_row", "Open", "Open the feature of the row", "Open"),
        Command("escape", "leave_block", "Back", "Go back to the tree", "Back"),
    ),
    "Families": (
        Command("a", "steer", "Steer", "Add the feature to the query", "Steer"),
        Command(
            "f", "steer_family", "Steer family", "Add the whole family to the query", "Steer family"
        ),
        Command(
            "c", "block", "Co-occurrence", "Show or hide how members occur together", "Together"
        ),
        Command("F", "feature", "Feature", "Go to the feature in the features view", "Feature"),
        Command("m", "matches", "Matches", "Go to the feature among its matches in other SAEs"),
        Command("t", "family", "Next family", "Go to the feature in another of its families"),
    ),
    "Features": (
        Command("a", "steer", "Steer", "Add the feature to the query", "Steer"),
        Command(
            "less_than_sign", "sort(-1)", "Sort left", "Sort by the column to the left", "Sort"
        ),
        Command(
            "greater_than_sign", "sort(1)", "Sort right", "Sort by the column to the right", "Sort"
        ),
        Command("equals_sign", "reverse", "Reverse", "Reverse the order", "Reverse", rank=4),
        Command("r", "relate", "Relate", "Sort by how features go with a field, such as stars"),
        Command("l", "label", "Label", "Write a label of your own; empty takes it back", "Label"),
        Command("A", "accept", "Accept", "Make the label your own; again takes it back", "Accept"),
        Command(
            "D", "reject", "Reject", "Discard the label and show the one before it", "Reject", 4
        ),
        Command("b", "bookmark", "Bookmark", "Set or remove a bookmark", "Mark"),
        Command("N", "note", "Note", "Write a note; empty removes it", "Note"),
        Command(
            "u", "take_back", "Take back", "Undo the last thing that you said of a feature", "Undo"
        ),
        Command("t", "family", "Its family", "Go to the feature in its family", "Family"),
        Command("m", "matches", "Matches", "Go to the feature among its matches in other SAEs"),
        Command(
            "v", "pair", "Compare with", "Show it side by side with another feature", "Pair", 3
        ),
        Command("escape", "all", "All", "List all features again", "All", rank=4),
    ),
    "Splitting": (
        Command("less_than_sign", "list(-1)", "List before", "Show the list before", "Lists"),
        Command("greater_than_sign", "list(1)", "Next list", "Show the next list", "Lists"),
        Command("p", "pair", "Next pair", "Compare the next two SAEs", "Pair"),
        Command("S", "use", "Use this SAE", "Use the feature's SAE from now on", "Use its SAE"),
        Command("a", "steer", "Steer", "Add the feature to the query", "Steer"),
        Command("t", "family", "Its family", "Go to the feature in its family", "Family"),
    ),
    "Compare": (
        Command("less_than_sign", "sort(-1)", "Sort left", "Sort by the column before", "Sort"),
        Command("greater_than_sign", "sort(1)", "Sort right", "Sort by the next column", "Sort"),
        Command("equals_sign", "reverse", "Reverse", "Begin at the other end", "Other end"),
        Command("f", "unit", "Families", "Count families, or features again", "Families"),
        Command("a", "steer", "Steer", "Add the feature or family to the query", "Steer"),
        Command("ampersand", "only", "Only these", "Search only documents that have it", "Only", 4),
        Command("t", "family", "Its family", "Go to the feature in its family", "Family", 4),
        Command("F", "features", "As features", "List these in the features view", "List", 4),
        Command("x", "export", "Export", "Write the answer to a file: CSV", "Export", 4),
    ),
    "Map": (
        Command("left,h", "go(-1,0)", "Left", "Go to the next feature on the left", "Move"),
        Command("right,l", "go(1,0)", "Right", "Go to the next feature on the right", "Move"),
        Command("up,k", "go(0,-1)", "Up", "Go to the next feature above", "Move"),
        Command("down,j", "go(0,1)", "Down", "Go to the next feature below", "Move"),
        Command("H,shift+left", "pan(-1,0)", "Far left", "Look a quarter further left"),
        Command("L,shift+right", "pan(1,0)", "Far right", "Look a quarter further right"),
        Command("K,shift+up", "pan(0,-1)", "Far up", "Look a quarter further up"),
        Command("J,shift+down", "pan(0,1)", "Far down", "Look a quarter further down"),
        Command("plus,equals_sign", "zoom(1)", "Nearer", "Look nearer", "Zoom"),
        Command("minus", "zoom(-1)", "Further away", "Look from further away", "Zoom"),
        Command("0,home", "whole", "Whole map", "Show the whole map", "Whole", rank=4),
        Command("n", "next_lit(1)", "Next lit", "Go to the next feature that is lit", "Next lit"),
        Command("N", "next_lit(-1)", "Lit before", "Go to the lit feature before"),
        Command("enter", "open", "Open", "Open the feature", "Open", rank=3),
        Command("a", "steer", "Steer", "Add the feature to the query", "Steer"),
        Command("t", "family", "Its family", "Go to the feature in its family", "Family", 4),
        Command("escape", "forget", "Forget", "Light nothing that was found; stop laying out"),
    ),
    "Document": (
        Command("a", "steer", "Steer", "Add the feature to the query", "Steer"),
        Command(
            "l", "more_like", "More like it", "Search for what is like the document", "More", 4
        ),
        Command("plus", "feedback(1)", "Toward it", "Steer toward the document's features", "Like"),
        Command("minus", "feedback(-1)", "Away", "Steer away from the document's features", "Like"),
        Command(
            "y", "judge(True)", "True", "Say that the label is true of it; again: no longer", "True"
        ),
        Command(
            "n",
            "judge(False)",
            "Untrue",
            "Say that the label is not true of it; again: no longer",
            "Untrue",
        ),
        Command("u", "take_back", "Take back", "Undo your last judgement", "Undo", 4),
        Command("B", "to_list", "To a list", "Put the document into a list of yours"),
        Command("Y", "copy", "Copy", "Copy its title and link; of a paper on arXiv, BibTeX"),
        Command(
            "F", "features", "Its features", "List its features in the features view", "Features"
        ),
        Command("t", "family", "Its family", "Go to the feature in its family", "Family"),
        Command("m", "matches", "Matches", "Go to the feature among its matches in other SAEs"),
        Command("escape", "back", "Back", "Go back", "Back"),
    ),
    "Lists": (
        Command("down,j", "move(1)", "Down", "Move down"),
        Command("up,k", "move(-1)", "Up", "Move up"),
        Command("home,g", "move_to(0)", "First", "Go to the first row"),
        Command("end,G", "move_to(-1)", "Last", "Go to the last row"),
        Command("pagedown,ctrl+d", "page(1)", "Page down", "Move down half a page"),
        Command("pageup,ctrl+u", "page(-1)", "Page up", "Move up half a page"),
        Command("enter", "choose", "Open", "Open the document or feature", "Open", rank=3),
    ),
    "Everywhere": (
        Command("1,f2", "view('search')", "Search", "Go to the search view"),
        Command("2,f3", "view('features')", "Features", "Go to the features view"),
        Command("3,f4", "view('families')", "Families", "Go to the families view"),
        Command("4,f5", "view('splitting')", "Splitting", "Go to the splitting view"),
        Command("5,f6", "view('compare')", "Compare", "Go to the compare view"),
        Command("6,f7", "view('map')", "Map", "Go to the map"),
        Command("B", "to_list", "To a list", "Put the document under the cursor into a list"),
        Command("tab", "app.focus_next", "Next pane", "Go to the next pane", "Pane"),
        Command("shift+tab", "app.focus_previous", "Previous pane", "Go to the previous pane"),
        Command("slash", "find", "Find", "Go to the query or filter line", "Find", rank=3),
        Command(
            "ctrl+p",
            "app.command_palette",
            "Commands",
            "Find any command by what it is for",
            "Commands",
            4,
        ),
        Command(
            "question_mark,f1",
            "app.help",
            "Help",
            "Explain columns, words and every key",
            "Help",
            rank=1,
        ),
        Command("q", "back", "Back", "Go back; from the search view, quit", "Leave", rank=1),
        Command("ctrl+z", "app.suspend_process", "Suspend", "Put the app aside; fg goes on"),
        Command("ctrl+q", "app.quit", "Quit", "Quit from anywhere", "Quit", 3),
    ),
}


def command_id(scope: str, command: Command) -> str:
    """What a file of keys calls a command: `search.undo`, `steering.much-weaker`."""
    return f"{_slug(scope)}.{_slug(command.title)}"


def _slug(text: str) -> str:
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")


def commands_of(app: App[Any]) -> Commands:
    """The table of commands with the keys that the app goes by."""
    commands: Commands = getattr(app, "commands", COMMANDS)
    return commands


def key_of(app: App[Any], name: str) -> str:
    """The first key of a command, for a sentence about it; empty if another command took its keys.

    Args:
        app: The app.
        name: As in `command_id`.
    """
    shown = {
        command_id(scope, each): each.shown
        for scope, commands in commands_of(app).items()
        for each in commands
    }
    return shown[name].partition(" ")[0]


def bindings(scope: str) -> list[BindingType]:
    """Textual bindings of one scope of the table, with the usual keys."""
    return [
        Binding(
            key,
            command.action,
            command.title,
            show=bool(command.hint),
            tooltip=command.help,
            id=command_id(scope, command),
        )
        for command in COMMANDS[scope]
        for key in command.keys.split(",")
    ]
