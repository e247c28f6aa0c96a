"""The terminal app: shows its first frame, then opens the bundle behind it."""

import gc
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import App, SystemCommand
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen

from saetui.errors import SaetuiError
from saetui.glyphs import UNICODE
from saetui.tex import use_unicode
from saetui.tui.background import in_background
from saetui.tui.commands import COMMANDS, Commands
from saetui.tui.keymap import use_own_keys
from saetui.tui.palette import (
    CommandsByPurpose,
    KeptThemes,
    palette_commands,
    scopes_here,
    use_kept_theme,
)
from saetui.tui.recovery import (
    cause_of,
    keep_when_hung_up,
    remarks_on_kept,
    stopped_by,
    typed_texts,
)
from saetui.tui.screens.dialogs import Palette
from saetui.tui.screens.help import HelpScreen
from saetui.tui.screens.main import MainScreen
from saetui.tui.terminal import CharsetFilter, glyphs_for, terminal_encoding

if TYPE_CHECKING:
    from textual.worker import WorkType

    from saetui.session.session import Session

# Opens the bundle; called in a thread, with a function that shows a sentence meanwhile.
Opener = Callable[[Callable[[str], None]], "Session"]

_NO_COLOR = NoColor()
# A full garbage collection comes after this many collections of younger objects.
_RARELY = 100


class SaetuiApp(App[None]):
    """Explore a bundle.

    Args:
        opener: Opens the session; nothing heavy is imported before it is called.
        name: Of the bundle, shown until it is open.
        encoding: Of the terminal.
    """

    TITLE = "saetui"
    CSS_PATH = Path(__file__).with_name("app.tcss")
    COMMANDS = {CommandsByPurpose}  # noqa: RUF012
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide"), (140, "-widest")]  # noqa: RUF012

    def __init__(self, opener: Opener, name: str, encoding: str = "utf-8") -> None:
        self.glyphs = glyphs_for(encoding)
        self._charset = None if self.glyphs is UNICODE else CharsetFilter(encoding)
        use_unicode(self._charset is None)
        self._opener = opener
        # Every command with its keys, and what is to be said of them once the app is open.
        self.commands: Commands = COMMANDS
        self.remarks: list[str] = []
        self.failure: SaetuiError | None = None
        # What stopped the app though nobody foresaw it, and what had been typed by then.
        self.unexpected: Exception | None = None
        self.typed: list[str] = []
        self.main = MainScreen(name)
        self._collecting = gc.get_threshold()
        super().__init__()

    def get_default_screen(self) -> Screen[None]:
        """The main screen, at once."""
        return self.main

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, then the one for a small character set."""
        filters = super().get_line_filters()
        if self.native_ansi_color:
            # Textual chose when it started; shades of grey of the terminal's own colours are black.
            filters = [_NO_COLOR if isinstance(each, Monochrome) else each for each in filters]
        return filters if self._charset is None else [*filters, self._charset]

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """Every command that the screen has, for the palette."""
        yield from palette_commands(self, screen)
        yield SystemCommand("Theme: Choose other colours", "", self.action_change_theme)

    def action_command_palette(self) -> None:
        """Find any command by its name, or by what it is for."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette(id="--command-palette"))

    def search_themes(self) -> None:
        """Choose other colours."""
        self.push_screen(Palette([KeptThemes], placeholder="Words of a theme's name"))

    def action_help(self) -> None:
        """Explain what is on the screen, and every key."""
        if not isinstance(self.screen, HelpScreen):
            self.push_screen(HelpScreen(scopes_here(self.screen)))

    def _handle_exception(self, error: Exception) -> None:
        """Stop because of an error that nobody handled; Textual would print all its variables."""
        if self.unexpected is None:
            self.unexpected = cause_of(error)
            # The screens may be what is broken.
            with suppress(Exception):
                self.typed = typed_texts(self.screen_stack, self.main.search.request.query)
        self._return_code = 1
        if self._exception is None:
            self._exception = error
            self._exception_event.set()
        self._close_messages_no_wait()

    # Opening.

    def on_ready(self) -> None:
        """Open the bundle when the first frame is on the screen."""
        if not self.is_headless:
            keep_when_hung_up(self, self.main)
        # Textual forgets that the terminal is empty when the app comes back from ctrl+z.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        for remark in self.remarks:
            self.notify(remark, severity="warning", timeout=8, markup=False)
        # Not called yet: an app that ends at once never begins.
        work: WorkType[None] = self._open
        self.run_worker(work, name="open")

    async def _open(self) -> None:
        try:
            session = await in_background(self._opened)
        except SaetuiError as error:
            self.failure = error
            self.exit(return_code=1)
            return
        self.main.session_ready(session)
        # What the first search needs is read while the user types.
        await in_background(_warm, session)
        # The objects that exist now stay. Where features are many, a garbage collection that went
        # through all of them would make a key wait for a tenth of a second. Lists of thousands of
        # rows come later; they are gone through less often than usual for the same reason.
        gc.freeze()
        gc.set_threshold(*self._collecting[:2], _RARELY)

    def on_unmount(self) -> None:
        """Set the garbage collector back, for those who run the app from Python."""
        gc.unfreeze()
        gc.set_threshold(*self._collecting)

    def _opened(self) -> "Session":
        """The session; everything that the first frame shows has been read."""
        session = self._opener(self._say)
        _ = session.features
        return session

    def _say(self, sentence: str) -> None:
        self.call_from_thread(self.main.say, sentence)


def _warm(session: "Session") -> None:
    try:
        session.warm()
        _ = session.embedder
    except SaetuiError:
        # What needs the missing part says so when it is used; browsing works without it.
        return


def run_app(opener: Opener, name: str, *, mouse: bool = True) -> None:
    """Run the app until the user leaves it.

    Args:
        opener: Opens the session.
        name: Of the bundle.
        mouse: Whether the app gets the mouse; otherwise the terminal selects text with it.

    Raises:
        SaetuiError: The bundle could not be opened, notes could not be written, or the app was
            stopped by an error that nobody foresaw; the hint says where everything was kept.
        MemoryError: There was not enough memory; also in other forms, see `lacks_memory`.
    """
    app = SaetuiApp(opener, name, terminal_encoding())
    use_kept_theme(app)
    use_own_keys(app)
    app.remarks += remarks_on_kept(app)
    stopped: Exception | None = None
    try:
        app.run(mouse=mouse)
        stopped = app.failure
        if app.unexpected is not None:
            stopped = stopped_by(app.unexpected, app.main, app.typed)
    finally:
        if app.main.session is not None:
            _close(app.main.session, stopped)
    if stopped is not None:
        raise stopped
    if app.return_code:
        # Textual has said why it stopped.
        raise SystemExit(app.return_code)


def _close(session: "Session", stopped: Exception | None) -> None:
    """Close the session; notes that cannot be written are told of beside what stopped the app."""
    try:
        session.close()
    except SaetuiError as error:
        if not isinstance(stopped, SaetuiError):
            raise
        stopped.hint = f"{stopped.hint}\n{error.message}\n{error.hint}".strip()


def run(path: Path, sae: str | None = None, *, mouse: bool = True) -> None:
    """Explore the bundle at `path`."""

    def open_bundle(say: Callable[[str], None]) -> "Session":
        from saetui.session.session import open_session

        return open_session(path, sae)

    run_app(open_bundle, path.stem, mouse=mouse)
