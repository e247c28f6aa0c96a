"""Every key, and what the figures mean, on one screen."""

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical

from saetui.tui.commands import COMMANDS, Commands, commands_of
from saetui.tui.screens.closing import Dialog
from saetui.tui.widgets.details import DetailRow, text_rows
from saetui.tui.widgets.text_pane import TextPane

_INTRODUCTION = (
    "A query is a handful of features, each with a strength. Change a strength, and the results "
    "are those of the changed query. A strength of 1 is as heavy as the whole query."
)
_WORDS = (
    ("feature", "A direction in the embedding that stands for one concept in this corpus."),
    ("activation", "How strong a feature is in a text."),
    ("counts", "A document counts for a feature if the feature's label is probably true of it."),
    ("density", "The share of documents that count for a feature."),
    ("true", "Of how many in ten documents that count the label is true, by estimate."),
    ("own, ?", "In place of it: a label of your own; a label that nobody has scored."),
    ("F1", "How well a judge who knows only the label tells which documents are the feature's."),
    ("concept", "One; two; a word or manner of writing rather than a thing; mixed; rare; dead."),
    ("near miss", "A document like those of a feature that does not activate it."),
    ("family", "A general feature and the special ones that occur with it."),
    ("block", "Which share of the rarer feature's documents activates both features."),
    ("recurrent", "A feature of a smaller SAE that matches one of a larger SAE, and nothing else."),
    ("split", "A feature of a smaller SAE that several of a larger one match."),
    ("novel, lost", "Features of the larger, or smaller SAE that nothing in the other matches."),
    ("score", "What results are sorted by: the cosine to the query, with what changes add to it."),
    ("moved", "Ranks gained or lost against the unchanged query. NEW came from far below."),
    (
        "why",
        "The terms that a result's score adds up to; unexplained is what no feature is.",
    ),
    ("replaces", "How many of the first ten results a large step of the feature replaces."),
    ("nearness kept", "How near results are to the query, as a share of that without steering."),
    ("both", "The mode that asks for documents about the query and what is raised."),
    ("codes", "The mode that rewards documents for activating what was raised."),
    ("delta", "The mode that changes the query only where a feature was changed."),
    ("decode", "The mode that searches with the features alone, without the rest."),
    ("optimise", "As decode, then nearer to a vector whose own features are those wanted."),
)
_COLUMN = 16


class HelpScreen(Dialog[None]):
    """The table of commands, and a glossary."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,f1", "dismiss", "Close", show=False)
    ]

    def __init__(self) -> None:
        super().__init__()
        self._text = TextPane(id="help-text")

    def compose(self) -> ComposeResult:
        """The text, which scrolls."""
        with Vertical(id="help", classes="dialog") as dialog:
            dialog.border_title = "Help"
            dialog.border_subtitle = "down scrolls, escape closes"
            yield self._text

    def on_resize(self) -> None:
        """The text is broken into lines for a width."""
        self.call_after_refresh(self._lay_out)

    def _lay_out(self) -> None:
        self._text.replace(help_lines(self._text.text_width, commands_of(self.app)))


def help_lines(width: int, keys: Commands = COMMANDS) -> list[DetailRow]:
    """Introduction, words, keys."""
    rows = text_rows(_INTRODUCTION, width)
    for scope, commands in keys.items():
        rows += [DetailRow(""), DetailRow(scope, kind="title")]
        rows += _table(((command.shown, command.help) for command in commands), width)
    rows += [DetailRow(""), DetailRow("Words", kind="title")]
    return rows + _table(_WORDS, width)


def _table(entries: Iterable[tuple[str, str]], width: int) -> list[DetailRow]:
    rows = []
    for name, text in entries:
        first, *others = text_rows(text, width - _COLUMN)
        rows.append(DetailRow(f"{name:<{_COLUMN}}{first.text}"))
        rows += [DetailRow(" " * _COLUMN + other.text) for other in others]
    return rows
