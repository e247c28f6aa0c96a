"""Every command of the table, for the command palette."""

from collections.abc import Iterator
from functools import partial
from typing import Protocol, runtime_checkable

from textual.app import App, SystemCommand
from textual.command import Hit, Hits
from textual.dom import DOMNode
from textual.screen import Screen
from textual.system_commands import SystemCommandsProvider
from textual.widget import Widget

from saetui.core.words import matches
from saetui.tui.commands import commands_of
from saetui.tui.synonyms import finds


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
