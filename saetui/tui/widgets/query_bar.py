"""What is asked for: the query, the filter of documents, and what is steered."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical

from saetui.core.document_filter import DocumentFilter
from saetui.core.search_request import SearchRequest
from saetui.errors import InputError
from saetui.text import visible_line
from saetui.tui.commands import key_of
from saetui.tui.search_control import SearchControl
from saetui.tui.widgets.lines import Lines, Notice, Pieces, cells, fit, signed
from saetui.tui.widgets.text_line import TextLine

if TYPE_CHECKING:
    from saetui.session.search.response import QueryFeature
    from saetui.session.session import Session

_KEYS = "  u undoes, p pins, R clears "
_FEWER_KEYS = "  u undoes "
_NARROW = 100
_LONGEST_NAME = 30
_NOTHING = " Nothing is steered"
# A terminal of at least this many lines keeps the line free. The results then stay where they are
# when steering begins, and the screen need not be laid out again, which takes longer than a search.
_ROOMY = 30
# Smaller differences come from rounding.
_LEAST_CHANGE = 1e-6


class SteeredLine(Lines):
    """Names each feature that is changed, muted, solo or pinned, as many as fit.

    The words of documents that the search was steered toward come first.
    """

    DEFAULT_CSS = """
    SteeredLine {
        display: none; color: $text-muted;
        &.-on { background: $warning-muted; color: $text; text-style: bold; }
        &.-on:ansi, &.-on:nocolor {
            background: $background; color: $foreground; text-style: bold reverse;
        }
    }
    """

    def __init__(self) -> None:
        super().__init__(id="steered")
        self._title = ""
        self._parts: Sequence[str] = ()

    def show(
        self,
        features: "Sequence[QueryFeature]",
        request: "SearchRequest",
        name: Callable[[int], str],
    ) -> None:
        """Say what is steered; nothing steered, no line unless there is room for it.

        Args:
            features: Those of the query, as they are steered.
            request: Says what is solo, muted and pinned.
            name: What a feature is called.
        """
        waits = request.effective != request
        self._title = " By words alone these wait: " if waits else " Steered: "
        parts = _waiting(request, name) if waits else _steered(features, request)
        if request.liked:
            count = len(request.liked)
            parts.insert(0, f"words of {count} document{'' if count == 1 else 's'}")
        self._parts = parts
        self.set_class(bool(parts), "-on")
        self.display = bool(parts) or (request.asks and self.app.size.height >= _ROOMY)
        self.refresh()

    def lines(self, width: int) -> tuple[Pieces]:
        """One line: what is steered on the left, the keys on the right."""
        if not self._parts:
            return (((_NOTHING, "muted"),),)
        keys = _FEWER_KEYS if width < _NARROW else _KEYS
        room = width - len(self._title) - len(keys)
        text = ""
        for place, part in enumerate(self._parts):
            left = len(self._parts) - place
            longer = f"{text}, {part}" if text else part
            more = f" and {left - 1} more" if left > 1 else ""
            if cells(((longer + more, ""),)) > room and text:
                text += f" and {left} more"
                break
            text = longer
        return (((self._title, ""), (fit(text, room, self.glyphs.ellipsis), ""), (keys, "")),)


def _steered(features: "Sequence[QueryFeature]", request: "SearchRequest") -> list[str]:
    on, parts = set(request.on), []
    for feature in features:
        # Next to a feature that is kept alone, nothing that was done to others counts.
        if feature.id not in on or request.solo not in (None, feature.id):
            continue
        change = feature.steered - feature.activation
        said = "only " if request.solo == feature.id else ""
        said += _short(feature.name)
        if feature.id in request.muted:
            said += " muted"
        elif abs(change) > _LEAST_CHANGE:
            said += " off" if feature.steered == 0 else f" {signed(change)}"
        elif not (said.startswith("only ") or feature.id in request.pinned):
            continue
        parts.append(said + (" pinned" if feature.id in request.pinned else ""))
    return parts


def _waiting(request: "SearchRequest", name: Callable[[int], str]) -> list[str]:
    return [_short(name(feature)) for feature in request.on]


def _short(name: str) -> str:
    return fit(name, _LONGEST_NAME, "..").rstrip()


_EXAMPLE = 'after:2019 has:"A label" without:12 FIELD:VALUE'
_LABEL = " in "


class FilterBar(Vertical):
    """A line that is shown while a filter applies or is being typed; below it what is wrong."""

    DEFAULT_CSS = """
    FilterBar { height: auto; background: $surface; display: none; }
    FilterBar Horizontal { height: 1; }
    FilterBar TextLine { width: 1fr; }
    """

    def __init__(self) -> None:
        super().__init__()
        self.line = TextLine(id="filter", placeholder=_EXAMPLE, select_on_focus=False)
        self._label = _Words(_LABEL, style="muted")
        self._count = _Words("")
        self._wrong = Notice()
        # The filter that applies, not what is being typed, and how many documents pass it.
        self._text = ""
        self._passing = ""
        self._session: Session | None = None

    def open(self, session: "Session") -> None:
        """Understand the labels and fields of a session."""
        self._session = session

    def compose(self) -> ComposeResult:
        """The line between two texts, above what is wrong."""
        with Horizontal():
            yield self._label
            yield self.line
            yield self._count
        yield self._wrong

    def text_of(self, wanted: DocumentFilter) -> str:
        """A filter as one would type it."""
        from saetui.session.search.request_text import format_filter

        return format_filter(wanted, self._name_of)

    def _name_of(self, feature: int) -> str:
        """A feature's label if no other feature is known by it, else its number."""
        if self._session is not None:
            name = self._session.name(feature)
            with suppress(InputError):
                if (
                    visible_line(name) == name
                    and self._session.features.lookup.feature(name) == feature
                ):
                    return name
        return str(feature)

    def parse(self, text: str) -> DocumentFilter | None:
        """The filter that a text describes; None if it is not understood.

        What is wrong is said until the text is changed.
        """
        from saetui.session.search.request_text import parse_filter

        session = self._session
        if session is None:
            return None
        try:
            return parse_filter(text, session.features.lookup.feature, session.field_names)
        except InputError as error:
            self.refuse(text, str(error))
            return None

    def refuse(self, text: str, sentence: str) -> None:
        """Leave a text in the line, and say what is wrong with it until it is changed."""
        with self.line.prevent(TextLine.Changed):
            self.line.value = text
        self._count.say("")
        self._wrong.say(visible_line(sentence))
        self.begin()

    def hold(self, wanted: DocumentFilter) -> None:
        """Show the filter that applies."""
        self._hold(self.text_of(wanted))

    def _hold(self, text: str) -> None:
        if text != self._text:
            self._text, self._passing = text, ""
        with self.line.prevent(TextLine.Changed):
            self.line.value = text
        self._wrong.say()
        self._say()
        self.display = bool(text) or self.line.has_focus

    def count(self, eligible: int, documents: int) -> None:
        """Show how many documents pass."""
        self._passing = f" {eligible:,} of {documents:,} documents " if self._text else ""
        self._say()

    def begin(self) -> None:
        """Show the line and go to it."""
        self.display = True
        self.line.focus()

    def leave(self) -> None:
        """Stop typing; show the filter that applies."""
        self._hold(self._text)
        self.display = bool(self._text)

    def on_input_changed(self, event: TextLine.Changed) -> None:
        """What was said of the text before is no longer true."""
        event.stop()
        self._wrong.say()
        self._say()

    def _say(self) -> None:
        """Show the count of the filter that applies, unless another one is being typed."""
        self._count.say(self._passing if self.line.value == self._text else "")


class _Words(Lines):
    """A widget that is as wide as its words."""

    def __init__(self, text: str, style: str = "") -> None:
        super().__init__()
        self._style = style
        self.say(text)

    def say(self, text: str) -> None:
        """Say something else."""
        self._text = text
        self.styles.width = len(text)
        self.refresh()

    def lines(self, width: int) -> tuple[Pieces]:
        """The words."""
        return (((self._text, self._style),),)


_ASK = "Ask in plain words, press enter, then steer"


class QueryBar(Container):
    """The lines above the results; the filter and what is steered stand there only if they apply.

    Args:
        control: Searches for what is typed.
        leave: Goes to the list below.
    """

    DEFAULT_CSS = "QueryBar { height: auto; }"

    def __init__(self, control: SearchControl, leave: Callable[[], None]) -> None:
        super().__init__()
        self.query_line = TextLine(id="query", placeholder=_ASK)
        self.query_line.leads_to_views = True
        self.filter_bar = FilterBar()
        self._steered_line = SteeredLine()
        self._lacking = Notice()
        self._control = control
        self._leave = leave
        self._session: Session | None = None

    def compose(self) -> ComposeResult:
        """One above the other."""
        yield self.query_line
        yield self.filter_bar
        yield self._steered_line
        yield self._lacking

    def open(self, session: "Session") -> None:
        """Understand the labels and fields of a session."""
        self._session = session
        self.filter_bar.open(session)

    def show(self, request: SearchRequest) -> None:
        """Show the query and the filter."""
        if self.query_line.value.strip() != request.query:
            self.query_line.value = request.query
        self.query_line.remove_class("-unasked")
        self.query_line.placeholder = self._placeholder(request.like)
        self.filter_bar.hold(request.filter)

    def _placeholder(self, like: int | None) -> str:
        if like is None or self._session is None:
            return _ASK
        return f"More like: {visible_line(self._session.title(like))}"

    def show_steered(self, features: "Sequence[QueryFeature]", request: SearchRequest) -> None:
        """Show what is steered."""
        if self._session is not None:
            self._steered_line.show(features, request, self._session.name)

    def say_lacking(self, sentence: str = "") -> None:
        """Say that no document about the query has what was raised, until another answer comes."""
        self._lacking.say(sentence)

    def _mark_unasked(self) -> bool:
        """Mark a text that is not the query of the results below; whether there is one."""
        unasked = self.query_line.value.strip() not in ("", self._control.request.query)
        self.query_line.set_class(unasked, "-unasked")
        return unasked

    def refuse_filter(self, sentence: str) -> bool:
        """Take back a filter that no document can pass, and say so below it.

        Returns:
            Whether the filter is the only new part of the request.
        """
        past, request = self._control.history.past, self._control.request
        if not past or not past[-1].asks or replace(past[-1], filter=request.filter) != request:
            return False
        text = self.filter_bar.line.value
        self._control.undo()
        self.filter_bar.refuse(text, sentence)
        return True

    def on_input_submitted(self, event: TextLine.Submitted) -> None:
        """Search, or filter the documents."""
        event.stop()
        if event.input is self.query_line:
            self._control.ask(event.value.strip())
        elif not self._filter_by(event.value):
            return
        self._leave()

    def _filter_by(self, text: str) -> bool:
        """Filter by a text; whether it was understood."""
        wanted = self.filter_bar.parse(text)
        if wanted is None:
            return False
        self._control.go(replace(self._control.request, filter=wanted))
        self.filter_bar.hold(wanted)
        self.filter_bar.display = bool(text.strip())
        return True

    def on_text_line_left(self, event: TextLine.Left) -> None:
        """Go to the features without searching."""
        event.stop()
        if event.line is not self.query_line:
            self.filter_bar.leave()
        elif self._mark_unasked():
            key = key_of(self.app, "everywhere.find")
            self.notify(f"Not asked yet: {key} and enter ask it.", markup=False)
        self._leave()
