"""The terminal app: shows its first frame, then opens the bundle behind it."""

import asyncio
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App, SystemCommand
from textual.binding import BindingType
from textual.screen import Screen

from saetui.errors import SaetuiError
from saetui.tui.glyphs import ASCII, UNICODE, Glyphs
from saetui.tui.screens.main import MainScreen

if TYPE_CHECKING:
    from saetui.session.session import Session

# Opens the bundle; called in a thread, with a function that shows a sentence meanwhile.
Opener = Callable[[Callable[[str], None]], "Session"]


class SaetuiApp(App[None]):
    """Explore a bundle.

    Args:
        opener: Opens the session; nothing heavy is imported before it is called.
        name: Of the bundle, shown until it is open.
        glyphs: The characters to draw with.
    """

    TITLE = "saetui"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    ENABLE_COMMAND_PALETTE = True
    BINDINGS: ClassVar[list[BindingType]] = []
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012

    def __init__(self, opener: Opener, name: str, glyphs: Glyphs = UNICODE) -> None:
        super().__init__()
        self._opener = opener
        self._bundle_name = name
        self.glyphs = glyphs
        self.failure: SaetuiError | None = None
        self.main = MainScreen(name)

    def get_default_screen(self) -> Screen[None]:
        """The main screen, at once."""
        return self.main

    def on_ready(self) -> None:
        """Open the bundle when the first frame is on the screen."""
        self.run_worker(self._open(), name="open")

    async def _open(self) -> None:
        try:
            session = await asyncio.to_thread(self._opener, self._say)
        except SaetuiError as error:
            self.failure = error
            self.exit(return_code=1)
            return
        self.main.session_ready(session)
        # What the first search needs is read while the user types.
        await asyncio.to_thread(_warm, session)

    def _say(self, sentence: str) -> None:
        self.call_from_thread(self.main.say, sentence)

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every command that applies now, for the palette."""
        for active in screen.active_bindings.values():
            binding = active.binding
            if binding.tooltip or binding.description:

                async def run(action: str = binding.action, node: object = active.node) -> None:
                    await self.run_action(action, node)  # type: ignore[arg-type]

                yield SystemCommand(binding.description, binding.tooltip, run)
        yield SystemCommand("Theme", "Choose other colours", self.action_change_theme)
        yield SystemCommand("Quit", "Leave saetui", self.action_quit)


def _warm(session: "Session") -> None:
    try:
        session.warm()
        _ = session.embedder
    except SaetuiError:
        # Whoever needs what is missing is told so; browsing works without.
        return


def terminal_glyphs() -> Glyphs:
    """Eighth-blocks where the terminal's encoding has them, plain ASCII elsewhere."""
    encoding = (getattr(sys.stdout, "encoding", None) or "ascii").lower().replace("-", "")
    return UNICODE if encoding.startswith("utf") else ASCII


def run_app(opener: Opener, name: str) -> None:
    """Run the app until the user leaves it.

    Raises:
        SaetuiError: The bundle could not be opened.
    """
    app = SaetuiApp(opener, name, terminal_glyphs())
    app.run()
    if app.failure is not None:
        raise app.failure
    if app.main.session is not None:
        app.main.session.close()


def run(path: Path, sae: str | None = None) -> None:
    """Explore the bundle at `path`."""

    def open_bundle(say: Callable[[str], None]) -> "Session":
        from saetui.session.session import open_session

        return open_session(path, sae)

    run_app(open_bundle, path.stem)
