"""What is kept and said when an unforeseen error, a lost connection or a signal ends the app."""

import asyncio
import datetime
import os
import platform
import signal
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from textual.app import App
from textual.screen import Screen
from textual.widgets import Input
from textual.worker import WorkerFailed

from saetui.errors import SaetuiError, lacks_memory
from saetui.paths import data_dir, recovered_dir
from saetui.store.atomic import atomic_write
from saetui.tui.commands import key_of
from saetui.tui.screens.main import MainScreen
from saetui.version import __version__


def cause_of(error: Exception) -> Exception:
    """The error itself, where Textual says only that a worker failed."""
    cause = error.error if isinstance(error, WorkerFailed) else error
    return cause if isinstance(cause, Exception) else error


def stopped_by(error: Exception, main: MainScreen, typed: Sequence[str]) -> Exception:
    """What to raise after the app: the error in one sentence, and where everything was kept.

    Writes a report of the error, and the search as a preset.

    Args:
        error: What stopped the app.
        main: The screen of the app that was stopped; its session is still open.
        typed: What stood in the open lines then, see `typed_texts`.
    """
    # These have sentences of their own.
    if isinstance(error, SaetuiError) or lacks_memory(error):
        return error
    stamp = f"{datetime.datetime.now():%Y-%m-%d-%H%M%S-%f}"
    hints = []
    report = data_dir() / "reports" / f"{stamp}.txt"
    with suppress(OSError):
        _write(report, _report(error))
        hints.append(f"The report is in {report}: please attach it when you report this.")
    preset = saved_search(main, recovered_dir() / f"{stamp}.json")
    if preset is not None:
        hints.append(f"Your search and its steps are in {preset}: o opens it.")
    hints += [f"Typed, and not kept: {text}" for text in typed]
    stopped = SaetuiError(
        f"The app was stopped by an error of its own ({type(error).__name__}).", "\n".join(hints)
    )
    stopped.__cause__ = error
    return stopped


def typed_texts(screens: Iterable[Screen[Any]], query: str) -> list[str]:
    """What was typed into the lines of the open screens and not sent yet.

    Args:
        screens: The open screens.
        query: Of the present search, which is kept anyway.
    """
    lines = [line for screen in screens for line in screen.query(Input)]
    return [line.value for line in lines if line.value.strip() and line.value != query]


def saved_search(main: MainScreen, path: Path) -> Path | None:
    """Save the search with its steps; None if there was none, or it cannot be saved."""
    session, history = main.session, main.search.history
    if session is None or not history.past:
        return None
    from saetui.session.saved.presets import save_preset

    try:
        save_preset(path, session, history.present, history.past)
    # What stopped the app may stop this, too.
    except Exception:  # noqa: BLE001
        return None
    return path


def _report(error: Exception) -> str:
    system = f"saetui {__version__}, Python {platform.python_version()}, {platform.platform()}"
    return f"{system}\n\n{''.join(traceback.format_exception(error))}"


def _write(path: Path, text: str) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(text, encoding="utf-8", errors="backslashreplace")


# Files that nobody has been told of yet begin so.
_UNTOLD = "hung-up-"


def keep_when_hung_up(app: App[None], main: MainScreen) -> None:
    """Save the search of an app that is running when it gets SIGHUP or SIGTERM, and end it."""
    loop = asyncio.get_running_loop()
    # Windows has neither.
    with suppress(NotImplementedError, AttributeError):
        loop.add_signal_handler(signal.SIGHUP, _hung_up, main)
        loop.add_signal_handler(signal.SIGTERM, _told_to_end, app, main)


def _hung_up(main: MainScreen) -> None:
    """The terminal is gone, so that nothing can be drawn or set back: save, and end at once."""
    _save(main)
    with suppress(Exception):
        if main.session is not None:
            main.session.close()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGHUP)


def _told_to_end(app: App[None], main: MainScreen) -> None:
    _save(main)
    app.exit(return_code=128 + signal.SIGTERM)


def _save(main: MainScreen) -> None:
    stamp = f"{datetime.datetime.now():%Y-%m-%d-%H%M%S-%f}"
    saved_search(main, recovered_dir() / f"{_UNTOLD}{stamp}.json")


def remarks_on_kept(app: App[None]) -> list[str]:
    """One short sentence if searches were kept so; it is said once."""
    told = 0
    with suppress(OSError):
        for path in sorted(recovered_dir().glob(f"{_UNTOLD}*.json")):
            path.rename(path.with_name(path.name.removeprefix(_UNTOLD)))
            told += 1
    return [f"Cut off last time: {key_of(app, 'search.open')} opens it."] if told else []
