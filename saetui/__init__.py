"""See, question and steer what a text-embedding model knows.

    import saetui

    session = saetui.open("my.bundle")
    found = session.search(saetui.SearchRequest("dark matter", {12: saetui.Change("add", 0.3)}))
    recent = saetui.DocumentFilter(after="2023", having=(12,), lacking=(34,))
    found = session.search(saetui.SearchRequest(like=5, filter=recent, mode="codes"))
    saved = saetui.open_preset(saetui.read_preset("dark.json"), session)
    found = session.search(saved.request)

The names below are loaded when first used, so that `import saetui` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from saetui.version import __version__

if TYPE_CHECKING:
    from saetui.core.changes import Change
    from saetui.session.feedback import effects, feedback
    from saetui.session.presets import open_preset, read_preset, save_preset
    from saetui.session.requests import DocumentFilter, SearchRequest
    from saetui.session.session import Session
    from saetui.session.session import open_session as open


__all__ = [
    "Change",
    "DocumentFilter",
    "SearchRequest",
    "Session",
    "__version__",
    "effects",
    "feedback",
    "open",
    "open_preset",
    "read_preset",
    "save_preset",
]

_HOMES = {
    "Change": ("saetui.core.changes", "Change"),
    "DocumentFilter": ("saetui.session.requests", "DocumentFilter"),
    "SearchRequest": ("saetui.session.requests", "SearchRequest"),
    "Session": ("saetui.session.session", "Session"),
    "effects": ("saetui.session.feedback", "effects"),
    "feedback": ("saetui.session.feedback", "feedback"),
    "open": ("saetui.session.session", "open_session"),
    "open_preset": ("saetui.session.presets", "open_preset"),
    "read_preset": ("saetui.session.presets", "read_preset"),
    "save_preset": ("saetui.session.presets", "save_preset"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
