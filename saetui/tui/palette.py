"""The palette: commands, found by what they are for, and themes, of which the last is kept."""

import json
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Protocol, runtime_checkable

from textual.app import App, SystemCommand
from textual.command import Hit, Hits
from textual.dom import DOMNode
from textual.screen import Screen
from textual.system_commands import SystemCommandsProvider
from textual.theme import ThemeProvider
from textual.widget import Widget

from saetui.core.words import matches, words_of
from saetui.paths import data_dir
from saetui.store.atomic import write_json
from saetui.tui.commands import commands_of


@runtime_checkable
class Commanded(Protocol):
    """A screen on which commands of the table work."""

    def targets(self) -> dict[str, tuple[str, DOMNode]]:
        """For each scope its view ("" if there is only one) and the node that has its actions."""


class CommandsByPurpose(SystemCommandsProvider):
    """Finds commands by words of their names, else by words that mean the same, else by letters."""

    async def search(self, query: str) -> Hits:
        """Commands that a text may mean; those whose names have its words come first."""
        letters = self.matcher(query)
        commands = list(self.app.get_system_commands(self.screen))
        scores = [_score(name, help_text, query) for name, help_text, *_ in commands]
        if not any(scores):
            scores = [letters.match(name) for name, *_ in commands]
        for score, (name, help_text, callback, _) in zip(scores, commands, strict=True):
            if score:
                yield Hit(score, letters.highlight(name), callback, help=help_text)


def _score(name: str, help_text: str, query: str) -> float:
    """How surely a text means a command: by its title, its name, words that mean the same."""
    if matches(name.partition(":")[0], query):
        return 3.0
    if matches(name, query):
        return 2.0
    return 1.0 if finds(f"{name} {help_text}", query) else 0.0


def palette_commands(app: App[None], screen: Screen[object]) -> Iterator[SystemCommand]:
    """The commands of a screen; each first goes to its own view."""
    if not isinstance(screen, Commanded):
        return
    for scope, (view, node) in screen.targets().items():
        for command in commands_of(app)[scope]:
            yield SystemCommand(
                f"{command.title}: {command.help}",
                f"{command.shown}  in: {scope}",
                partial(_run, app, command.action, view, node),
            )


def scopes_here(screen: Screen[object]) -> list[str]:
    """The scopes whose keys work where the focus is, the innermost first."""
    focused = screen.focused
    if not isinstance(screen, Commanded) or focused is None:
        return []
    around = list(focused.ancestors_with_self)
    found = {
        scope: around.index(node) for scope, (_, node) in screen.targets().items() if node in around
    }
    return sorted(found, key=found.__getitem__)


async def _run(app: App[None], action: str, view: str, node: DOMNode) -> None:
    if view:
        await app.run_action(f"screen.view('{view}')")
    if isinstance(node, Widget) and node.can_focus:
        node.focus()
    await app.run_action(action, node)


_SETTINGS = "settings.json"


class KeptThemes(ThemeProvider):
    """Every theme; the one that is chosen is kept."""

    @property
    def commands(self) -> list[tuple[str, Callable[[], None]]]:
        """Names of themes, and what chooses each."""

        def kept(name: str, choose: Callable[[], None]) -> Callable[[], None]:
            def chosen() -> None:
                choose()
                # A theme is not worth a complaint.
                with suppress(OSError):
                    data_dir().mkdir(parents=True, exist_ok=True)
                    write_json(data_dir() / _SETTINGS, {"theme": name})

            return chosen

        return [(name, kept(name, choose)) for name, choose in super().commands]


def use_kept_theme(app: App[None]) -> None:
    """Give an app the theme that was chosen last, if there is one and it still exists."""
    with suppress(OSError, ValueError, AttributeError):
        name = json.loads((data_dir() / _SETTINGS).read_text(encoding="utf-8")).get("theme")
        if name in app.available_themes:
            app.theme = name


# Words, or their beginnings, of which whoever types one may mean another.
_GROUPS = tuple(
    tuple(group.split())
    for group in (
        "strength stronger boost raise increase amplify",
        "weak lower reduce decrease less dampen",
        "write export download csv json bibtex",
        "save keep store remember",
        "copy clipboard yank share",
        "quit exit close leave stop",
        "undo revert back take reset restore",
        "put set reset restore leave",
        "everything every all",
        "redo again",
        "filter restrict limit only narrow exclude found date year category",
        "theme colour color dark light appearance settings",
        "help manual keys shortcut glossary explain",
        "list collection",
        "bookmark mark star favourite favorite",
        "document paper article text abstract publication",
        "feature concept topic latent neuron",
        "family families tree hierarchy cluster group",
        "label rename name call correct fix",
        "note comment annotate remark",
        "compare difference versus contrast side beside",
        "special typical characteristic distinctive",
        "sort order arrange",
        "why explain reason because score",
        "step history log trail",
        "search find query ask look",
        "meaning semantic embedding vector",
        "words lexical keyword fulltext",
        "like similar neighbour neighbor related feedback",
        "off remove delete zero disable mute",
        "negate opposite invert reverse",
        "true correct right verdict judge",
        "untrue wrong false",
        "sae splitting match resolution",
        "fold collapse hide",
        "unfold expand show duplicate repeated passages",
        "citation cite reference bibtex link",
        "preset session load open",
        "read preview reading",
        "first top beginning home",
        "last bottom end",
        "exact precise recall index",
        "map plot scatter picture",
    )
)
# Shorter texts begin too many words.
_SHORTEST = 3


def finds(text: str, typed: str) -> bool:
    """Whether each typed word, or one that means the same, begins a word of a text."""
    words = words_of(text)
    return all(_found(words, each) for each in words_of(typed))


def _found(words: list[str], typed: str) -> bool:
    if any(word.startswith(typed) for word in words):
        return True
    if len(typed) < _SHORTEST:
        return False
    return any(
        word.startswith(other)
        for group in _GROUPS
        if any(member.startswith(typed) or typed.startswith(member) for member in group)
        for other in group
        if len(other) >= _SHORTEST
        for word in words
    )
