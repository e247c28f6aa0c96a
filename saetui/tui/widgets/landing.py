"""What is in the corpus, in place of results while nothing is asked."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.message import Message

from saetui.errors import SaetuiError
from saetui.glyphs import Glyphs
from saetui.text import visible_line
from saetui.tui.background import NewestRequest
from saetui.tui.messages import OpenFamily, OpenFeature
from saetui.tui.widgets.details import VALUE, DetailList, DetailRow, section, text_rows
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Heading, Pieces, cut, fit

if TYPE_CHECKING:
    from saetui.session.questions.answers import AnswerRow
    from saetui.session.questions.overview import Chapter, Overview
    from saetui.session.session import Session

_QUERY = "query"
_INDENT = "  "
_BAR, _SHARE = 6, 6
_LEAST_LABEL = 20
_LONGEST = 60


class ContentsList(LineList["Chapter"]):
    """Families as a table of contents: share, name, and how the share changed."""

    def line(self, chapter: "Chapter", index: int, width: int) -> Pieces:
        """Bar and share, name, sparkline, and a mark for what rises or falls."""
        spark = len(chapter.shares) + 1
        if width - _BAR - _SHARE - 6 - spark < _LEAST_LABEL:
            spark = 0
        room = width - _BAR - _SHARE - 6 - spark
        mark = {1: self.glyphs.up, -1: self.glyphs.down, 0: " "}[chapter.trend]
        style = {1: "toward", -1: "away", 0: "muted"}[chapter.trend]
        line = self.glyphs.sparkline(chapter.shares) if spark else ""
        return (
            (f" {self.glyphs.bar(chapter.share, _BAR)}", "muted"),
            (f"{chapter.share:>{_SHARE}.1%}  ", "muted"),
            (fit(chapter.name, room, self.glyphs.ellipsis), ""),
            (f"{line:>{spark}}" if spark else "", style),
            (f" {mark} ", style),
        )


class Landing(Container):
    """A table of contents beside dates, fields, changes and first queries.

    Args:
        ready: Called when what is in a corpus is known.
        fail: Called with the error when it cannot be found out.
    """

    DEFAULT_CSS = "Landing { layout: horizontal; height: 1fr; display: none; }"

    @dataclass
    class Asked(Message):
        """A query that the landing offers is to be asked."""

        query: str

    def __init__(
        self, ready: Callable[[], None], fail: Callable[[SaetuiError], None], *, id: str
    ) -> None:
        super().__init__(id=id)
        self._ready = ready
        self._looking_over = NewestRequest(self, "overview", _look_over, self._looked_over, fail)
        self.contents = ContentsList(id="contents")
        self.facts = DetailList(id="corpus-facts")
        self._contents_heading = Heading("Contents")
        self._facts_heading = Heading("What is in here")
        self.overview: Overview | None = None

    def compose(self) -> ComposeResult:
        """Facts first where the panes stand above one another, since queries are among them."""
        with Vertical(id="facts-pane"):
            yield self._facts_heading
            yield self.facts
        with Vertical(id="contents-pane"):
            yield self._contents_heading
            yield self.contents

    @property
    def first_list(self) -> DetailList | ContentsList:
        """The list that comes first: queries to try, if there are any."""
        return self.facts if self.overview is not None and self.overview.queries else self.contents

    def look_over(self, session: "Session") -> None:
        """Find out what is in a corpus, and show it as soon as that is known."""
        self._looking_over.ask(session)

    def _looked_over(self, session: "Session", found: "Overview") -> None:
        self.show(found)
        self._ready()

    def show(self, overview: "Overview") -> None:
        """Show what is in a corpus."""
        self.overview = overview
        noun = "family" if len(overview.contents) == 1 else "families"
        families = f"Contents: {len(overview.contents):,} {noun}"
        change = "rising, falling " if overview.periods else ""
        self._contents_heading.say(families, f"{'share of documents':>{_BAR + _SHARE}}  ", change)
        self.contents.replace(overview.contents, cursor=0)
        if not overview.contents:
            self.contents.say("This bundle has no families: its features seldom occur together.")
        self.lay_out()

    def lay_out(self) -> None:
        """Lay out the facts for the width there is."""
        if self.overview is not None:
            width = self.facts.text_width
            self.facts.lay_out(landing_rows(self.overview, self.facts.glyphs, width))
            if not self.facts.has_focus:
                self.facts.scroll_home(animate=False)
            self.call_after_refresh(self._drawn, width)

    def _drawn(self, width: int) -> None:
        """See to what is known once the facts are drawn in a width."""
        if not self.facts.has_focus:
            # The list may have shown its cursor at an edge.
            self.facts.scroll_home(animate=False)
        if self.facts.text_width != width:
            # They were longer than the screen, and the scroll bar took a column.
            self.lay_out()

    def on_resize(self) -> None:
        """The facts are laid out for a width."""
        self.call_after_refresh(self.lay_out)

    def on_line_list_chosen(self, event: LineList.Chosen) -> None:
        """Go where a row leads: to a family, to a feature, or to a first query."""
        event.stop()
        row = event.row
        if not isinstance(row, DetailRow):
            self.post_message(OpenFamily(row.root, row.family))  # type: ignore[attr-defined]
        elif row.kind == _QUERY:
            self.post_message(self.Asked(row.text))
        elif row.kind == "feature" and row.target is not None:
            self.post_message(OpenFeature(row.target))


def _look_over(session: "Session") -> "Overview":
    # Imported here, since the first frame must not wait for it.
    from saetui.session.questions.overview import overview

    return overview(session)


def landing_rows(overview: "Overview", glyphs: Glyphs, width: int) -> list[DetailRow]:
    """Everything beside the table of contents; queries, features and changes can be opened."""
    queries = [
        DetailRow(
            query, "", _QUERY, place, pieces=((cut(f"  {query}", width, glyphs.ellipsis), ""),)
        )
        for place, query in enumerate(overview.queries)
    ]
    first = "Type a question or a topic above and press enter" + (
        ", or go down to one of these; tab goes on to the contents:" if queries else "."
    )
    rows = [*text_rows(first, width), *queries, DetailRow("")]
    dates = f", {overview.dates}" if overview.dates else ""
    said = (f"{overview.documents:,} documents{dates}.", overview.changes, overview.quality)
    rows += text_rows(" ".join(each for each in said if each), width, "muted")
    if overview.periods:
        first, last = overview.periods[0], overview.periods[-1]
        line = glyphs.sparkline(_summed(overview.sizes, width - len(first) - len(last) - 2))
        rows += section("When they were published", [DetailRow(f"{first} {line} {last}")])
    of = "in the first and the last third"
    rows += section(f"Rising, {of}", _changes(overview.rising, glyphs, width))
    rows += section(f"Falling, {of}", _changes(overview.falling, glyphs, width))
    fields = [
        DetailRow(line)
        for each in overview.fields
        for line in _field_lines(each.name, each.lowest, each.highest, each.examples, width)
    ]
    rows += section("Fields, to filter by with &", fields)
    keys = (
        "The contents are families: features that occur together. enter opens one. "
        "2 lists all features, 5 compares groups of documents. ? explains every word and key; "
        "ctrl+q quits."
    )
    return [*rows, DetailRow(""), *text_rows(keys, width, "muted")]


def _summed(sizes: Sequence[int], most: int) -> list[int]:
    """Sums of as many neighbours as it takes to have at most `most` of them, at least one."""
    together = -(-len(sizes) // max(most, 1))
    return [sum(sizes[start : start + together]) for start in range(0, len(sizes), together)]


def _changes(rows: "Sequence[AnswerRow]", glyphs: Glyphs, width: int) -> list[DetailRow]:
    """Features that rise or fall; the sparkline only where names have room beside it."""
    most = width - VALUE - 3 - _LEAST_LABEL
    return [
        DetailRow(
            row.name,
            f"{_share(row, 'first')} {_share(row, 'last')}",
            "feature",
            row.id,
            glyphs.sparkline(row.shares) if len(row.shares) <= most else "",
        )
        for row in rows
    ]


def _share(row: "AnswerRow", figure: str) -> str:
    share = float(row.figures[figure] or 0)
    return f"{share:.1%}" if share < 0.0995 else f"{share:.0%}"


def _field_lines(
    name: str, lowest: str, highest: str, examples: Sequence[str], width: int
) -> list[str]:
    values = f"{lowest} to {highest}" if lowest else ", ".join(examples)
    text = f"{visible_line(name, _LONGEST)}: {visible_line(values, 4 * _LONGEST)}"
    return [each.text for each in text_rows(text, width)][:2]


def welcome(session: "Session") -> tuple[str, ...]:
    """What a newcomer reads before the first query."""
    if not len(session.bundle):
        return ("This bundle holds no documents, so there is nothing to search.",)
    # Imported here, since it needs numpy, which the first frame must not wait for.
    from saetui.session.questions.overview import first_queries

    examples = first_queries(session)
    for_example = (*(f"{_INDENT}{example}" for example in examples), "") if examples else ()
    return (
        f"Type a question or a topic above and press enter{', for example:' if examples else '.'}",
        *for_example,
        "The documents nearest to it are listed here, and the features that it is made of under "
        "Steering. Strengthen one with right, weaken it with left: the results follow.",
        "",
        "2 and 3 browse all features and their families. ? explains every key.",
    )
