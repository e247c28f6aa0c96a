"""Keep the search when the connection is lost, or the app is told to end."""

import asyncio
import datetime
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from saetui.tui.commands import key_of
from saetui.tui.unexpected import recovered_folder, saved_search

if TYPE_CHECKING:
    from saetui.tui.app import SaetuiApp

# Files that nobody has been told of yet begin so.
_UNTOLD = "hung-up-"


def keep_when_hung_up(app: "SaetuiApp") -> None:
    """Save the search of an app that is running when it gets SIGHUP or SIGTERM, and end it."""
    loop = asyncio.get_running_loop()
    # Windows has neither.
    with suppress(NotImplementedError, AttributeError):
        loop.add_signal_handler(signal.SIGHUP, _hung_up, app)
        loop.add_signal_handler(signal.SIGTERM, _told_to_end, app)


def _hung_up(app: "SaetuiApp") -> None:
    """The terminal is gone, so that nothing can be drawn or set back: save, and end at once."""
    _save(app)
    with suppress(Exception):
        if app.main.session is not None:
            app.main.session.close()
    asyncio.get_running_loop().remove_signal_handler(signal.SIGHUP)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGHUP)


def _told_to_end(app: "SaetuiApp") -> None:
    _save(app)
    app.exit(return_code=128 + signal.SIGTERM)


def _save(app: "SaetuiApp") -> None:
    stamp = f"{datetime.datetime.now():%Y-%m-%d-%H%M%S-%f}"
    saved_search(app.main, recovered_folder() / f"{_UNTOLD}{stamp}.json")


def tell_of_kept(app: "SaetuiApp") -> None:
    """Say, once, where searches are that were kept so."""
    with suppress(OSError):
        for path in sorted(recovered_folder().glob(f"{_UNTOLD}*.json")):
            known = path.rename(path.with_name(path.name.removeprefix(_UNTOLD)))
            key = key_of(app, "search.open")
            app.remarks.append(
                f"The app was cut off: its search and steps are in {known}; {key} opens it."
            )
