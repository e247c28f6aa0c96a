"""What is kept and said when an error that nobody foresaw stops the app."""

import datetime
import platform
import traceback
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from textual.screen import Screen
from textual.widgets import Input
from textual.worker import WorkerFailed

from saetui.errors import SaetuiError, lacks_memory
from saetui.paths import data_dir, recovered_dir
from saetui.store.atomic import atomic_write
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
