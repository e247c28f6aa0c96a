"""Searches and results as files and as text to copy."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from saetui.errors import InputError
from saetui.paths import recovered_dir, user_path

if TYPE_CHECKING:
    from saetui.core.search_request import SearchRequest
    from saetui.session.saved.presets import OpenedPreset, Preset
    from saetui.session.search.response import SearchResponse
    from saetui.session.session import Session


class SearchFiles:
    """Reads and writes the files of one session. Every method may take a while.

    All methods raise `InputError` where something cannot be written, read or used.

    Args:
        session: The session that is searched.
        folder: The folder of files that are named without one.
    """

    def __init__(self, session: "Session", folder: Callable[[], Path] = Path.cwd) -> None:
        self._session = session
        self._folder = folder

    def free_name(self, request: "SearchRequest", ending: str) -> str:
        """A name for a new file of this search."""
        from saetui.session.saved.bookmarks import search_name

        name = search_name(self._session, request)
        free, number = f"{name}{ending}", 2
        while (self._folder() / free).exists():
            free, number = f"{name}-{number}{ending}", number + 1
        return free

    def save(self, name: str, answer: "SearchResponse", steps: "list[SearchRequest]") -> Path:
        """Save a search and its steps; replaces a preset of that name, but no other file."""
        from saetui.session.saved.presets import read_preset, save_preset

        path = self._place(name)
        if path.exists():
            try:
                read_preset(path)
            except InputError:
                raise _taken(path) from None
        found = [result.id for result in answer.results]
        save_preset(path, self._session, answer.request, steps, found)
        return path

    def bookmark(self, answer: "SearchResponse", steps: "list[SearchRequest]") -> str:
        """Bookmark a result set in the bundle; returns its name there."""
        from saetui.session.saved.bookmarks import bookmark

        return bookmark(self._session, answer.request, answer, steps).name

    def export(self, name: str, answer: "SearchResponse") -> str:
        """Write results; returns a sentence that says what was written."""
        from saetui.session.saved.exports import export_results

        path = self._place(name)
        if path.exists():
            raise _taken(path)
        count = export_results(path, self._session, answer)
        return f"Wrote {count} of {len(answer.results)} results to {path}"

    def saved(self) -> "list[tuple[str, Preset]]":
        """Bookmarks, presets in the folder, and searches that were cut off, the newest first."""
        from saetui.session.saved.bookmarks import bookmarks, saved_in

        bundle = self._session.bundle
        named = [(each.name, each) for each in bookmarks(bundle.path)]
        named += [(each.path.name, each) for each in saved_in(self._folder())]
        named += [
            (f"cut off on {each.name[:10]} at {each.name[11:13]}:{each.name[13:15]}", each)
            for each in saved_in(recovered_dir())
            if each.preset.bundle == bundle.manifest.name
        ]
        named.sort(key=lambda entry: _written(entry[1].path), reverse=True)
        return [(name, each.preset) for name, each in named]

    def read(self, name: str) -> "Preset":
        """The preset in a file."""
        from saetui.session.saved.presets import read_preset

        return read_preset(self._place(name))

    def opened(self, preset: "Preset") -> "OpenedPreset":
        """A preset as searches of this session."""
        from saetui.session.saved.presets import open_preset

        return open_preset(preset, self._session)

    def command(self, request: "SearchRequest") -> str:
        """The command that repeats a search."""
        from saetui.session.saved.command_text import command_text

        return command_text(self._session, request)

    def citation(self, row: int) -> str:
        """A document as text to paste: BibTeX if it is on arXiv, otherwise title and link."""
        from saetui.session.saved.bibtex import citation

        return citation(self._session.bundle.documents.document(row))

    def _place(self, name: str) -> Path:
        return self._folder() / user_path(name)


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        # It has been removed meanwhile.
        return 0.0


def _taken(path: Path) -> InputError:
    return InputError(f"{path} is there already.", "Choose another name.")
