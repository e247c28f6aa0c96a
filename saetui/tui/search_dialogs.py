"""Dialogs and files of the search view: steps, presets, exports, copies."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, TypeVar

from saetui.text import visible_line
from saetui.tui.background import start_work
from saetui.tui.copying import copy_text
from saetui.tui.screens.closing import open_dialog
from saetui.tui.screens.edit_text import EditTextScreen
from saetui.tui.screens.open_preset import OpenPresetScreen
from saetui.tui.screens.steps import Step, StepsScreen
from saetui.tui.search_control import SearchControl
from saetui.tui.search_files import SearchFiles

if TYPE_CHECKING:
    from textual.widget import Widget

    from saetui.session.saved.presets import OpenedPreset, Preset
    from saetui.session.search.response import Result, SearchResponse
    from saetui.session.session import Session

Value = TypeVar("Value")

_LONGEST_NAME = 60


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
        self.files: SearchFiles | None = None

    def open(self, session: "Session") -> None:
        """Work on a session."""
        self._session = session
        self.files = SearchFiles(session)

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
        from saetui.session.saved.step_text import step_text

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
        answer, files = self._present_answer(), self.files
        if answer is None or files is None:
            return
        steps = self._control.steps()

        def save(name: str | None) -> None:
            if name:
                # Only files of this ending are listed to be opened.
                named = name if name.endswith(".json") else f"{name}.json"
                self._do(
                    lambda: files.save(named, answer, steps),
                    lambda path: self._say(f"Saved {len(steps)} steps in {path}"),
                )

        self._ask("Save as a preset", "A small file; o opens it", answer, ".json", save)

    def export(self, marked: "Sequence[Result]") -> None:
        """Ask for a file, and write the results there; only those marked, if there are some."""
        answer, files = self._answer(), self.files
        if answer is None or files is None:
            return
        if marked:
            answer = replace(answer, results=tuple(marked))

        def export(name: str | None) -> None:
            if name:
                self._do(lambda: files.export(name, answer), self._say)

        about = "As .csv, as .json with all that is known, or as .bib for papers on arXiv"
        what = f"the {len(marked):,} marked results" if marked else "the results"
        self._ask(f"Export {what}", about, answer, ".csv", export)

    def bookmark(self) -> None:
        """Keep the search and what it found in the bundle."""
        answer, files = self._present_answer(), self.files
        if answer is not None and files is not None:
            steps = self._control.steps()
            self._do(
                lambda: files.bookmark(answer, steps),
                lambda name: self._say(f"Bookmarked as {name}; o opens it"),
            )

    def open_preset(self) -> None:
        """Choose a preset or a bookmark, and go to its search."""
        files = self.files
        if files is None:
            return

        def read(chosen: "str | Preset | None") -> None:
            if chosen is not None:
                self._do(
                    lambda: files.opened(files.read(chosen) if isinstance(chosen, str) else chosen),
                    self._opened,
                )

        open_dialog(self._view.app, OpenPresetScreen(files.saved), read)

    def _opened(self, opened: "OpenedPreset") -> None:
        for warning in opened.warnings:
            self._say(warning, "warning")
        self._control.open_preset(opened)

    def copy(self, rows: Sequence[int]) -> None:
        """Copy the documents in some rows; without any, the command that repeats the search."""
        files, answer = self.files, self._answer()
        if files is None or answer is None:
            return
        cited = "\n".join(files.citation(row) for row in rows)
        text = cited if rows else files.command(answer.request)
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
        ending: str,
        then: Callable[[str | None], None],
    ) -> None:
        files = self.files
        if files is not None:
            self._do(
                lambda: files.free_name(answer.request, ending),
                lambda name: self._push(EditTextScreen(title, about, name, "A file's name"), then),
            )

    def _push(self, screen: EditTextScreen, then: Callable[[str | None], None]) -> None:
        open_dialog(self._view.app, screen, then)

    def _do(self, work: Callable[[], Value], then: Callable[[Value], None]) -> None:
        """Work in a thread, then go on in the app's own; an error is shown."""
        start_work(self._view, "files", work, then, lambda error: self._say(str(error), "error"))

    def _say(self, text: str, severity: str = "information") -> None:
        self._view.notify(visible_line(text), severity=severity, markup=False)  # type: ignore[arg-type]
