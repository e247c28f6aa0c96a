"""See, question and steer what a text-embedding model knows.

    import saetui

    session = saetui.open("my.bundle")
    found = session.search(saetui.SearchRequest("dark matter", {12: saetui.Change("add", 0.3)}))
    recent = saetui.DocumentFilter(after="2023", having=(12,), lacking=(34,))
    found = session.search(saetui.SearchRequest(like=5, filter=recent, mode="delta"))
    saved = saetui.open_preset(saetui.read_preset("dark.json"), session)
    found = session.search(saved.request)
    saetui.export_results(Path("found.csv"), session, found)
    saetui.search_to_json(session, found)["results"]

The names below are loaded when first used, so that `import saetui` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from saetui.version import __version__

if TYPE_CHECKING:
    from saetui.core.changes import Change
    from saetui.core.document_filter import DocumentFilter
    from saetui.core.search_request import SearchRequest
    from saetui.session.questions.asking import ask
    from saetui.session.saved.exports import export_results
    from saetui.session.saved.presets import open_preset, read_preset, save_preset
    from saetui.session.saved.search_json import request_from_json, request_to_json, search_to_json
    from saetui.session.session import Session
    from saetui.session.session import open_session as open
    from saetui.session.steering import effects, feedback, steered_toward


__all__ = [
    "Change",
    "DocumentFilter",
    "SearchRequest",
    "Session",
    "__version__",
    "ask",
    "effects",
    "export_results",
    "feedback",
    "open",
    "open_preset",
    "read_preset",
    "request_from_json",
    "request_to_json",
    "save_preset",
    "search_to_json",
    "steered_toward",
]

_HOMES = {
    "Change": ("saetui.core.changes", "Change"),
    "DocumentFilter": ("saetui.core.document_filter", "DocumentFilter"),
    "SearchRequest": ("saetui.core.search_request", "SearchRequest"),
    "Session": ("saetui.session.session", "Session"),
    "ask": ("saetui.session.questions.asking", "ask"),
    "effects": ("saetui.session.steering", "effects"),
    "export_results": ("saetui.session.saved.exports", "export_results"),
    "feedback": ("saetui.session.steering", "feedback"),
    "open": ("saetui.session.session", "open_session"),
    "open_preset": ("saetui.session.saved.presets", "open_preset"),
    "read_preset": ("saetui.session.saved.presets", "read_preset"),
    "request_from_json": ("saetui.session.saved.search_json", "request_from_json"),
    "request_to_json": ("saetui.session.saved.search_json", "request_to_json"),
    "save_preset": ("saetui.session.saved.presets", "save_preset"),
    "search_to_json": ("saetui.session.saved.search_json", "search_to_json"),
    "steered_toward": ("saetui.session.steering", "steered_toward"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _HOMES[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
