"""Keep the search when the connection is lost, or the app is told to end."""

import asyncio
import datetime
import os
import signal
from contextlib import suppress

from textual.app import App

from saetui.paths import recovered_dir
from saetui.tui.commands import key_of
from saetui.tui.screens.main import MainScreen
from saetui.tui.unexpected import saved_search

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
