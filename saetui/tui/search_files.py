"""Searches and results as files and as text to copy, and the dialogs that ask for them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, TypeVar

from saetui.errors import InputError
from saetui.paths import recovered_dir, user_path
from saetui.tui.background import Severity, start_work, tell
from saetui.tui.screens.dialogs import EditTextScreen, open_dialog
from saetui.tui.screens.open_preset import OpenPresetScreen, Saved
from saetui.tui.screens.steps import Step, StepsScreen
from saetui.tui.search_control import SearchControl
from saetui.tui.terminal import copy_text

if TYPE_CHECKING:
    from textual.widget import Widget

    from saetui.core.search_request import SearchRequest
    from saetui.session.saved.presets import OpenedPreset, Preset
    from saetui.session.search.response import Result, SearchResponse
    from saetui.session.session import Session


Value = TypeVar("Value")


class SearchDialogs:
    """Opens dialogs, reads and writes files in the background, and reports what happened.

    Args:
        view: Runs the workers and opens the dialogs.
        control: The search.
    """

    def __init__(self, view: "Widget", control: SearchControl) -> None:
        self._view = view
        self._control = control
        self._session: Session | None = None

    def open(self, session: "Session") -> None:
        """Work on a session."""
        self._session = session

    # Steps.

    def steps(self) -> None:
        """List every step, and go to the one that is chosen."""
        open_dialog(self._view.app, StepsScreen(self._steps(), self._place), self._jump)

    @property
    def _place(self) -> int:
        return len(self._control.history.past)

    def _steps(self) -> list[Step]:
        session = self._session
        if session is None:
            return []
        from saetui.session.saved.search_text import step_text

        requests = self._control.history.requests
        found = [Step(0, "the beginning", undone=False)] if len(requests) > 1 else []
        for place, (before, after) in enumerate(pairwise(requests), start=1):
            text = step_text(session, before, after) or "nothing to be seen"
            found.append(Step(place, text, place > self._place))
        return found

    def _jump(self, place: int | None) -> None:
        if place is not None:
            self._control.jump(place)

    # Files.

    def save(self) -> None:
        """Ask for a file, and save the search and its steps there."""
        session, answer = self._session, self._present_answer()
        if session is None or answer is None:
            return
        steps = self._control.steps()

        def save(name: str | None) -> None:
            if name:
                # Only files of this ending are listed to be opened.
                named = name if name.endswith(".json") else f"{name}.json"
                self._do(
                    lambda: _save(session, named, answer, steps),
                    lambda path: self._say(f"Saved {len(steps)} steps in {path}"),
                )

        self._ask("Save as a preset", "A small file; o opens it", answer, (".json",), save)

    def export(self, marked: "Sequence[Result]") -> None:
        """Ask for a file, and write the results there; only those marked, if there are some."""
        session, answer = self._session, self._answer()
        if session is None or answer is None:
            return
        if marked:
            answer = replace(answer, results=tuple(marked))

        def export(name: str | None) -> None:
            if name:
                named = name if PurePath(name).suffix else f"{name}.csv"
                self._do(lambda: _export(session, named, answer), self._say)

        about = "tab: .csv, .json with all that is known, .bib of papers on arXiv"
        what = f"the {len(marked):,} marked results" if marked else "the results"
        self._ask(f"Export {what}", about, answer, (".csv", ".json", ".bib"), export)

    def bookmark(self) -> None:
        """Keep the search and what it found in the bundle."""
        from saetui.session.saved.bookmarks import bookmark

        session, answer = self._session, self._present_answer()
        if session is not None and answer is not None:
            steps = self._control.steps()
            self._do(
                lambda: bookmark(session, answer.request, answer, steps).name,
                lambda name: self._say(f"Bookmarked as {name}; o opens it"),
            )

    def open_preset(self) -> None:
        """Choose a preset or a bookmark, and go to its search."""
        from saetui.session.saved.bookmarks import remove_bookmark
        from saetui.session.saved.presets import open_preset, read_preset

        session = self._session
        if session is None:
            return

        def read(chosen: "str | Preset | None") -> None:
            if isinstance(chosen, str):
                self._do(lambda: open_preset(read_preset(_place(chosen)), session), self._opened)
            elif chosen is not None:
                self._do(lambda: open_preset(chosen, session), self._opened)

        dialog = OpenPresetScreen(
            lambda: _saved(session), lambda name: remove_bookmark(session.bundle.path, name)
        )
        open_dialog(self._view.app, dialog, read)

    def _opened(self, opened: "OpenedPreset") -> None:
        for warning in opened.warnings:
            self._say(warning, "warning")
        self._control.open_preset(opened)

    def copy(self, rows: Sequence[int]) -> None:
        """Copy the documents in some rows; without any, the command that repeats the search."""
        from saetui.session.saved.exports import citation
        from saetui.session.saved.search_text import command_text

        session, answer = self._session, self._answer()
        if session is None or answer is None:
            return
        cited = "\n".join(citation(session.bundle.documents.document(row)) for row in rows)
        text = cited if rows else command_text(session, answer.request)
        copy_text(self._view.app, text, self._say)

    # How it is done.

    def _answer(self) -> "SearchResponse | None":
        if self._control.answer is None:
            self._say("There are no results yet: ask for something first.")
        return self._control.answer

    def _present_answer(self) -> "SearchResponse | None":
        """The answer, if it is that of the last step and not of an earlier one."""
        answer = self._answer()
        if answer is not None and answer.request != self._control.request:
            self._say("The results of the last step are not there yet: try again in a moment.")
            return None
        return answer

    def _ask(
        self,
        title: str,
        about: str,
        answer: "SearchResponse",
        endings: Sequence[str],
        then: Callable[[str | None], None],
    ) -> None:
        session = self._session
        if session is None:
            return

        def named(name: str) -> None:
            dialog = EditTextScreen(title, about, name, "A file's name", endings)
            open_dialog(self._view.app, dialog, then)

        self._do(lambda: _free_name(session, answer.request, endings[0]), named)

    def _do(self, work: Callable[[], Value], then: Callable[[Value], None]) -> None:
        """Work in a thread, then go on in the app's own; an error is shown."""
        start_work(self._view, "files", work, then)

    def _say(self, text: str, severity: Severity = "information") -> None:
        tell(self._view, text, severity)


# Files. Every function may take a while, and raises `InputError` where something cannot be written.


def _place(name: str) -> Path:
    return Path.cwd() / user_path(name)


def _free_name(session: "Session", request: "SearchRequest", ending: str) -> str:
    """A name for a new file of a search."""
    from saetui.session.saved.bookmarks import search_name

    name = search_name(session, request)
    free, number = f"{name}{ending}", 2
    while _place(free).exists():
        free, number = f"{name}-{number}{ending}", number + 1
    return free


def _save(
    session: "Session", name: str, answer: "SearchResponse", steps: "list[SearchRequest]"
) -> Path:
    """Save a search and its steps; replaces a preset of that name, but no other file."""
    from saetui.session.saved.presets import read_preset, save_preset

    path = _place(name)
    if path.exists():
        try:
            read_preset(path)
        except InputError:
            raise _taken(path) from None
    save_preset(path, session, answer.request, steps, [result.id for result in answer.results])
    return path


def _export(session: "Session", name: str, answer: "SearchResponse") -> str:
    """Write results; returns a sentence that says what was written."""
    from saetui.session.saved.exports import export_results

    path = _place(name)
    if path.exists():
        raise _taken(path)
    count = export_results(path, session, answer)
    return f"Wrote {count} of {len(answer.results)} results to {path}"


def _taken(path: Path) -> InputError:
    return InputError(f"{path} is there already.", "Choose another name.")


def _saved(session: "Session") -> list[Saved]:
    """Bookmarks, presets in the folder, and searches that were cut off, the newest first."""
    from saetui.session.saved.bookmarks import bookmarks, saved_in

    manifest, folder = session.bundle.manifest, session.bundle.path
    found = [
        (each.path, Saved(each.name, each.preset, bookmarked=True)) for each in bookmarks(folder)
    ]
    found += [(each.path, Saved(each.path.name, each.preset)) for each in saved_in(Path.cwd())]
    for each in saved_in(recovered_dir()):
        if each.preset.bundle == manifest.name:
            when = f"{each.name[:10]} at {each.name[11:13]}:{each.name[13:15]}"
            found.append((each.path, Saved(f"cut off on {when}", each.preset)))
    found.sort(key=lambda entry: _written(entry[0]), reverse=True)
    return [saved for _, saved in found]


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        # It has been removed meanwhile.
        return 0.0
