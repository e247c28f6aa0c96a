"""See, question and steer what a text-embedding model knows.

    import saetui

    session = saetui.open("my.bundle")
    found = session.search(saetui.SearchRequest("dark matter", {12: saetui.Change("add", 0.3)}))

The names below are loaded when first used, so that `import saetui` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from saetui.version import __version__

if TYPE_CHECKING:
    from saetui.core.changes import Change
    from saetui.session.requests import SearchRequest
    from saetui.session.session import Session
    from saetui.session.session import open_session as open


__all__ = ["Change", "SearchRequest", "Session", "__version__", "open"]

_HOMES = {
    "Change": ("saetui.core.changes", "Change"),
    "SearchRequest": ("saetui.session.requests", "SearchRequest"),
    "Session": ("saetui.session.session", "Session"),
    "open": ("saetui.session.session", "open_session"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
