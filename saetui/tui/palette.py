"""Every command of the table, for the command palette."""

from collections.abc import Iterator
from functools import partial
from typing import Protocol, runtime_checkable

from textual.app import App, SystemCommand
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widget import Widget

from saetui.tui.commands import commands_of


@runtime_checkable
class Commanded(Protocol):
    """A screen on which commands of the table work."""

    def targets(self) -> dict[str, tuple[str, DOMNode]]:
        """For each scope its view ("" if there is only one) and the node that has its actions."""


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


async def _run(app: App[None], action: str, view: str, node: DOMNode) -> None:
    if view:
        await app.run_action(f"screen.view('{view}')")
    if isinstance(node, Widget) and node.can_focus:
        node.focus()
    await app.run_action(action, node)
