"""The theme that the user chose, kept from one time to the next."""

import json
from collections.abc import Callable
from contextlib import suppress

from textual.app import App
from textual.theme import ThemeProvider

from saetui.paths import data_dir
from saetui.store.atomic import write_json

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
