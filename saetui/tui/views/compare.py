"""Questions about the corpus: what sets groups apart, goes with a field, rises and falls."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from saetui.errors import SaetuiError
from saetui.text import visible_line
from saetui.tui.background import NewestRequest, start_work, tell
from saetui.tui.commands import bindings
from saetui.tui.messages import (
    ListFeatures,
    OnlyWith,
    OpenDocument,
    OpenFamily,
    OpenFeature,
    SteerFeatures,
)
from saetui.tui.screens.dialogs import EditTextScreen, open_dialog
from saetui.tui.views.browser import FilteredView
from saetui.tui.widgets.answers import AnswerDetail, AnswerList, answer_rows
from saetui.tui.widgets.details import DetailList
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Heading, Notice
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from saetui.session.questions.answers import Answer, AnswerRow, Unit
    from saetui.session.questions.groups import Shown
    from saetui.session.session import Session

_PLACEHOLDER = "Ask: GROUP vs GROUP, to FIELD, over months; then: within FILTER"
_EXAMPLES = 6
_MOST_FEATURES = 1_000

_EXPLANATION = (
    "What sets two groups of documents apart, goes with a field, or changes over time? "
    "Press / and type, for example:",
    "",
    "after:2015 vs before:2010",
    "after:2020  (against the rest)",
    "results vs unsteered  (of the search in view 1; C there asks what is special about them)",
    "marked vs results  (of those that space has marked there)",
    "search:one topic vs search:another topic",
    "in:to-read, bookmark:NAME, unsteered:NAME, @FILE of ids, bundle:FOLDER, all, rest",
    "to FIELD  (the first screen lists the fields)",
    "over years, over quarters, over months",
    "topics 30",
    "",
    "Any question may end in: within FILTER.",
)


class CompareView(FilteredView):
    """A question, its answer as a list, and everything about the row under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = bindings("Compare")

    def __init__(self, shown: "Callable[[], Shown]", *, id: str) -> None:
        self.list = AnswerList(empty=("Opening.",))
        super().__init__(self.list, _PLACEHOLDER, id=id)
        self.remarks = Notice("muted")
        self.detail = DetailList()
        self.heading = Heading("Compare")
        self._detail_heading = Heading("What it is")
        # Gives the search that is shown in the search view.
        self._in_search = shown
        self._unit: Unit = "feature"
        self._answer: Answer | None = None
        self._order: tuple[str, bool] = ("", True)
        self._shown: AnswerDetail | None = None
        self._asking = NewestRequest(self, "ask", self._ask, self._show_answer, self._fail)
        self._modelling = NewestRequest(self, "model", self._model, self._show_model, self._fail)
        self._looking = NewestRequest(self, "answer-row", self._look, self._show_detail, self._fail)

    def compose(self) -> ComposeResult:
        """Question and answer, then details."""
        with Vertical(classes="lines-pane"):
            yield self.filter_line
            yield self.notice
            yield self.remarks
            yield self.heading
            yield self.lines
        with Vertical(classes="detail-pane"):
            yield self._detail_heading
            yield self.detail

    # What others use.

    def show(self, session: "Session") -> None:
        """Show a session; an answer about another SAE goes."""
        self.session = session
        self._answer = self._shown = None
        self.list.answer = None
        self.list.say(*_EXPLANATION)
        self.detail.say("")
        self.notice.say()
        self.remarks.say()
        self.heading.say("Compare")
        if self.filter_line.value.strip():
            self.ask(self.filter_line.value)

    def ask(self, question: str) -> None:
        """Ask a question."""
        self.filter_line.value = question
        if self.session is not None:
            self.notice.say()
            self.heading.say("Counting")
            self._modelling.drop()
            self._asking.ask((question, self._unit, self._in_search()))

    def refresh_labels(self) -> None:
        """Ask again, since labels have changed."""
        if self._answer is not None:
            self.ask(self._answer.question)

    # The question.

    def refilter(self) -> None:
        """A question is asked when it is complete, with enter."""

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Ask, and go to the answer."""
        event.stop()
        if event.value.strip():
            self.ask(event.value)
        self.lines.focus()

    def _ask(self, asked: "tuple[str, Unit, Shown]") -> "Answer":
        # Imported here, since the first frame must not wait for it.
        from saetui.session.questions.asking import ask

        question, unit, shown = asked
        return ask(self.opened, question, unit=unit, shown=shown)

    def _show_answer(self, asked: "tuple[str, Unit, Shown]", answer: "Answer") -> None:
        self._answer, self._order = answer, ("", True)
        self._list()
        if answer.question.startswith("to "):
            self._modelling.ask(answer)

    def _model(self, answer: "Answer") -> "Answer":
        from saetui.session.questions.asking import field_asked
        from saetui.session.questions.relate import models, with_models

        field, within = field_asked(answer.question)
        return with_models(answer, models(self.opened, field, within=within, unit=answer.unit))

    def _show_model(self, asked: "Answer", answer: "Answer") -> None:
        self._answer = answer
        self.remarks.say(" ".join(answer.remarks))

    def _fail(self, error: SaetuiError) -> None:
        self.notice.say(visible_line(str(error)))
        self._say_heading()

    # The answer.

    def _list(self) -> None:
        answer = self._answer
        if answer is None:
            return
        figure, descending = self._order
        rows = answer.rows
        if figure:
            rows = answer.sorted(figure, descending=descending).rows
        elif not descending:
            rows = rows[::-1]
        self.list.answer, self.list.order = answer, self._order
        self.list.replace(rows, cursor=0)
        self.remarks.say(" ".join(answer.remarks))
        self._say_heading()
        if self.list.row is None:
            self.list.say("No document of these has any.")
            self.detail.say("")
            self._shown = None
        else:
            self._looking.ask(self.list.row)

    def _say_heading(self) -> None:
        answer = self._answer
        if answer is None:
            self.heading.say("Compare")
            return
        what = {"family": "families", "feature": "features", "topic": "topics"}[answer.unit]
        title = answer.title
        title += f": {len(answer.rows):,} {what}" if answer.unit != "topic" else ""
        self.heading.say(title, *self.list.heading(self.list.line_width))

    def _look(self, row: "AnswerRow") -> AnswerDetail:
        answer = self._answer
        assert answer is not None
        return AnswerDetail(answer, row, answer.examples(row.id, _EXAMPLES))

    def _show_detail(self, row: "AnswerRow", found: AnswerDetail) -> None:
        self._shown = found
        self.lay_out(0)
        if not self.detail.has_focus:
            self.detail.scroll_home(animate=False)

    def lay_out(self, cursor: int | None = None) -> None:
        """Lay out the details, and the columns of the list."""
        self._say_heading()
        if self._shown is not None:
            rows = answer_rows(self._shown, self.detail.glyphs, self.detail.text_width)
            if cursor is None:
                self.detail.lay_out(rows)
            else:
                self.detail.replace(rows, cursor)

    # What widgets report.

    def on_line_list_highlighted(self, event: LineList.Highlighted) -> None:
        """Look for everything about the row under the cursor."""
        event.stop()
        if event.lines is self.lines and self.list.row is not None:
            self._looking.ask(self.list.row)

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Open the feature, family or document."""
        event.stop()
        if event.lines is self.lines:
            self._open(self.list.row)
            return
        row = self.detail.row
        if row is None or row.target is None:
            return
        if row.kind == "document":
            self.post_message(OpenDocument(row.target))
        else:
            self._open(self.list.row)

    def _open(self, row: "AnswerRow | None") -> None:
        if row is None or self._answer is None:
            return
        if self._answer.unit == "family":
            family = self.opened.sae.families[row.id]
            self.post_message(OpenFamily(family.root, family.id))
        elif self._answer.unit == "topic":
            self.post_message(ListFeatures("", self._answer.leads[row.id], row.name))
        else:
            self.post_message(OpenFeature(row.id))

    def _features(self) -> tuple[int, ...]:
        """The features of the row under the cursor: itself, or the members of the family."""
        row, answer = self.list.row, self._answer
        if row is None or answer is None:
            return ()
        if answer.unit == "family":
            return self.opened.sae.families[row.id].members
        return (row.id,) if answer.unit == "feature" else answer.leads[row.id]

    # Keys.

    def action_unit(self) -> None:
        """Count families instead of features, or features again."""
        self._unit = "family" if self._unit == "feature" else "feature"
        if self._answer is not None:
            self.ask(self._answer.question)
        else:
            self.notice.say(f"{'Families' if self._unit == 'family' else 'Features'} are counted.")

    def action_sort(self, step: int) -> None:
        """Sort by the next column, or by the one before."""
        if self._answer is not None:
            figures = ["", *(column.figure for column in self._answer.columns)]
            place = (figures.index(self._order[0]) + step) % len(figures)
            self._order = (figures[place], True)
            self._list()

    def action_reverse(self) -> None:
        """Begin at the other end."""
        self._order = (self._order[0], not self._order[1])
        self._list()

    def action_steer(self) -> None:
        """Add the feature, or all of the family or topic, to the query."""
        features = self._features()
        if features:
            self.post_message(SteerFeatures(features))

    def action_only(self) -> None:
        """Search only documents that have the feature; of a family, its root."""
        features = self._features()
        if features:
            self.post_message(OnlyWith(features[0]))

    def action_family(self) -> None:
        """Go to the feature in its family."""
        features = self._features()
        if features:
            self.post_message(OpenFamily(features[0]))

    def action_features(self) -> None:
        """List these features, in this order, in the features view."""
        answer = self._answer
        if answer is None:
            return
        if answer.unit != "feature":
            self.notice.say("These are no features: enter opens them, f counts features.")
            return
        listed = tuple(row.id for row in self.list.rows[:_MOST_FEATURES])
        self.post_message(ListFeatures("", listed, answer.question))

    def action_export(self) -> None:
        """Ask for a file, and write the answer there."""
        answer = self._answer
        if answer is None:
            self.notice.say("There is no answer yet: press / and ask something first.")
            return
        rows = replace(answer, rows=tuple(self.list.rows))

        def export(name: str | None) -> None:
            from saetui.session.questions.answers import write_answer

            if name:
                path = Path(name).expanduser()
                start_work(
                    self,
                    "export",
                    lambda: write_answer(path, rows),
                    lambda count: tell(self, f"Wrote {count:,} rows to {name}"),
                )

        open_dialog(
            self.app,
            EditTextScreen("Export the answer", "As .csv", "answer.csv", "A file's name"),
            export,
        )
