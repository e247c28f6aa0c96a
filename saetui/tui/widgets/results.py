"""The results of a search, those before it was steered, and why each is where it is."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.message import Message

from saetui.tui.commands import bindings
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Heading, Lines, Pieces, cells, fit, signed

if TYPE_CHECKING:
    from saetui.session.search.response import Dropped, Result, SearchResponse

_MANNERS = {"hybrid": "", "semantic": " by meaning", "lexical": " by words"}


class ResultList(LineList["Result"]):
    """Documents found, each with where it ranked without steering.

    Args:
        edit: Called with `feedback` or `more_like`, the results that are meant, and 1 to steer
            toward them or -1 to steer away from them.
    """

    BINDINGS: ClassVar[list[BindingType]] = bindings("Results")

    # Names of the columns, as wide as `line` draws them.
    LEFT = "  # moved  score  "
    PLAIN_LEFT = "  #  score  "
    RIGHT = "year "
    MORE = "more "

    # Whether ranks can be compared with those of the unsteered search.
    compared = False
    # Whether each passage of a paper is listed, or how many further ones each result stands for.
    unfolded = False
    passages = False

    class Marked(Message):
        """Other results are marked than before."""

    def __init__(self, edit: "Callable[[str, Sequence[Result], int], None]", *, id: str) -> None:
        super().__init__(id=id)
        self._edit = edit
        # Rows of documents. One that is not shown for a while is marked when it comes back.
        self._marks: set[int] = set()

    @property
    def marked(self) -> "list[Result]":
        """The results that are marked, in their order."""
        return [result for result in self.rows if result.row in self._marks]

    @property
    def meant(self) -> "list[Result]":
        """What keys are about: the marked results, or the one under the cursor."""
        return self.marked or ([] if self.row is None else [self.row])

    def unmark(self) -> None:
        """Mark nothing."""
        self._marks.clear()
        self.refresh()

    def line(self, result: "Result", index: int, width: int) -> Pieces:
        """Rank, what became of it, score, repeats of the text, title, further passages, year."""
        change, style = self._change(result)
        year = result.published[:4] if result.published[:4].isdecimal() else ""
        repeats = f"x {result.repeats}  " if result.repeats > 1 else ""
        more = (f"+{result.more}" if result.more else "").rjust(5) if self.passages else ""
        room = width - len(self.left) - len(repeats) - len(more) - (6 if year else 1)
        return (
            *self._rank(result),
            (f"{change:<6}" if self.compared else "", style),
            (f"{_short(result.score):>6}  ", "muted"),
            (repeats, "strong"),
            (fit(self._title(result), room, self.glyphs.ellipsis), ""),
            (more, "muted"),
            (f" {year:>4} " if year else " ", "muted"),
        )

    @property
    def left(self) -> str:
        """Names of the columns left of the title; without steering nothing has moved."""
        return self.LEFT if self.compared else self.PLAIN_LEFT

    def _title(self, result: "Result") -> str:
        """The paper's title where one passage stands for all of it, else the document's."""
        if result.paper and not self.unfolded:
            return result.paper
        return result.title or result.id

    def _rank(self, result: "Result") -> Pieces:
        """The rank, with a star if the result is marked."""
        if result.row in self._marks:
            return ((f"{result.rank:>3}", "muted"), ("*", "strong"))
        return ((f"{result.rank:>3} ", "muted"),)

    def _change(self, result: "Result") -> tuple[str, str]:
        if not self.compared:
            return "", "muted"
        if result.baseline_rank is None:
            return "NEW", "toward"
        moved = result.baseline_rank - result.rank
        if moved > 0:
            return f"{self.glyphs.up}{moved}", "toward"
        if moved < 0:
            return f"{self.glyphs.down}{-moved}", "away"
        return "=", "muted"

    def action_feedback(self, sign: int) -> None:
        """Steer toward the features of what is meant, or away from them."""
        if self.meant:
            self._edit("feedback", self.meant, sign)

    def action_more_like(self) -> None:
        """Search for documents like this one."""
        if self.row is not None:
            self._edit("more_like", [self.row], 1)

    def action_tick(self) -> None:
        """Mark the result under the cursor, or no longer, and go on to the next."""
        if self.row is not None:
            self._marks ^= {self.row.row}
            self.action_move(1)
            self.refresh()
            self.post_message(self.Marked())

    def action_tick_all(self) -> None:
        """Mark every result, or none if some are marked."""
        self._marks = set() if self.marked else {result.row for result in self.rows}
        self.refresh()
        self.post_message(self.Marked())


class ResultsPane(Vertical):
    """The results below a heading that says how they were found.

    Args:
        edit: See `ResultList`.
    """

    def __init__(self, edit: "Callable[[str, Sequence[Result], int], None]", *, id: str) -> None:
        super().__init__(id=id)
        # What the heading says while nothing is marked.
        self._said = ("Results", "", "")
        self.list = ResultList(edit, id="results")
        self._heading = Heading("Results", id="results-heading")

    def compose(self) -> ComposeResult:
        """The heading above the list."""
        yield self._heading
        yield self.list

    def show(self, answer: "SearchResponse", cursor: int | None, *, empty: bool) -> None:
        """Show what was found.

        Args:
            answer: Of a search.
            cursor: Where the cursor goes; None leaves it on its document.
            empty: Whether the bundle holds no documents at all.
        """
        request = answer.request
        moved = any(result.baseline_rank != result.rank for result in answer.results)
        self.list.compared = request.has_start and (moved or request.effective.steered)
        self.list.unfolded = request.unfolded
        self.list.passages = any(result.more for result in answer.results)
        self.list.replace(answer.results, cursor)
        if not answer.results:
            self.list.say(*_nothing_found(answer, empty=empty))
        more = self.list.MORE if self.list.passages else ""
        dropped = _replaced(answer)
        self._said = (_title(answer), self.list.left, dropped + more + self.list.RIGHT)
        self.on_result_list_marked()

    def on_result_list_marked(self) -> None:
        """Say how many are marked."""
        title, left, right = self._said
        marked = len(self.list.marked)
        self._heading.say(f"{marked:,} marked" if marked else title, left, right)

    def say(self, *paragraphs: str) -> None:
        """Say something in place of results."""
        self.list.say(*paragraphs)
        self._heading.say("Results")


def _replaced(answer: "SearchResponse") -> str:
    """How many of the results before steering are no longer in the list."""
    if not answer.dropped:
        return ""
    before = answer.request.limit
    stay = sum(
        each.baseline_rank is not None and each.baseline_rank <= before for each in answer.results
    )
    return f"{len(answer.dropped)} of {len(answer.dropped) + stay} replaced  "


def _nothing_found(answer: "SearchResponse", *, empty: bool) -> tuple[str, ...]:
    if empty:
        return ("This bundle holds no documents.",)
    if not answer.eligible:
        return ("No document passes the filter.", "Change it with &, or take it back with u.")
    return ("No document is found.",)


def _title(answer: "SearchResponse") -> str:
    """How results were found, in words that fit beside the columns."""
    title = f"Results{_MANNERS[answer.request.retrieval]}"
    if answer.request.unfolded:
        title += ", unfolded"
    if answer.exact:
        finds = "" if answer.recall is None else f" (index: {answer.recall:.0%})"
        title += f", exact{finds}"
    return title


def _short(cosine: float) -> str:
    """Three decimals without the zero before them: `.812`, `-.031`."""
    return f"{cosine:.3f}".replace("0.", ".", 1) if abs(cosine) < 0.9995 else f"{cosine:.2f}"


@dataclass(frozen=True, slots=True)
class UnsteeredResult:
    """A result without steering.

    Attributes:
        rank: Its rank without steering.
        now: Its rank with steering; None if it is no longer among the results.
        row: Of the document in the bundle.
        title: Its title, or its id.
    """

    rank: int
    now: int | None
    row: int
    title: str


class UnsteeredResultList(LineList[UnsteeredResult]):
    """Results without steering, each with where it is now."""

    # Names of the columns, as wide as `line` draws them.
    LEFT = "  # now   "

    def line(self, before: UnsteeredResult, index: int, width: int) -> Pieces:
        """Rank, rank with steering, title."""
        now, style = self._now(before)
        room = width - len(self.LEFT) - 1
        return (
            (f"{before.rank:>3} ", "muted"),
            (f"{now:<6}", style),
            (fit(before.title, room, self.glyphs.ellipsis), ""),
            (" ", ""),
        )

    def _now(self, before: UnsteeredResult) -> tuple[str, str]:
        if before.now is None:
            return "gone", "away"
        if before.now == before.rank:
            return "=", "muted"
        return f"{before.now:>3}", "toward" if before.now < before.rank else "away"


class UnsteeredPane(Vertical):
    """The results before steering, below a heading that says how many of them stay."""

    def __init__(self, *, id: str) -> None:
        super().__init__(id=id)
        self.list = UnsteeredResultList(id="before")
        self._heading = Heading("Before", id="before-heading")

    def compose(self) -> ComposeResult:
        """The heading above the list."""
        yield self._heading
        yield self.list

    def show(self, answer: "SearchResponse", cursor: int | None) -> None:
        """Show what the search found before steering; see `ResultsPane.show`."""
        self.list.replace(results_before(answer), cursor)
        if not self.list.rows:
            self.list.say("Without a query there is nothing to compare with.")
        stay = "" if answer.overlap is None else f"{answer.overlap:.0%} of these stay "
        self._heading.say("Before", self.list.LEFT, stay)

    def say(self, *paragraphs: str) -> None:
        """Say something in place of results."""
        self.list.say(*paragraphs)
        self._heading.say("Before")


def results_before(answer: "SearchResponse") -> list[UnsteeredResult]:
    """The first results without steering, best first."""
    unfolded = answer.request.unfolded

    def title(found: "Result | Dropped") -> str:
        return ("" if unfolded else found.paper) or found.title or found.id

    found = [
        UnsteeredResult(result.baseline_rank, result.rank, result.row, title(result))
        for result in answer.results
        if result.baseline_rank is not None and result.baseline_rank <= answer.request.limit
    ]
    found += [
        UnsteeredResult(gone.baseline_rank, None, gone.row, title(gone)) for gone in answer.dropped
    ]
    return sorted(found, key=lambda before: before.rank)


_LONGEST_NAME = 28
_LEAST_PIECE = 13


class WhyLines(Lines):
    """The largest terms of a result's cosine, as many as fit."""

    DEFAULT_CSS = "WhyLines { background: $surface; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._result: Result | None = None
        self._names: Mapping[int, str] = {}

    def explain(self, result: "Result | None", names: Mapping[int, str]) -> None:
        """Explain a result; `names` has the names of the query's features."""
        self._names = names
        self._result = result
        self.refresh()

    def lines(self, width: int) -> list[Pieces]:
        """The terms, on as many lines as there are."""
        if self._result is None or self._result.why is None:
            return []
        why, ellipsis = self._result.why, self.glyphs.ellipsis
        if self.size.height == 1 and why.features:
            # The features need the room.
            rest = f"all else {signed(why.bias + why.remainder)} "
        else:
            rest = f"common {signed(why.bias)}  no feature {signed(why.remainder)} "
        if why.words:
            rest = f"words {signed(why.words)}  {rest}"
        lines: list[list[tuple[str, str]]] = [[(f" Why #{self._result.rank}:  ", "strong")]]
        left = sum(term for _, term in why.features)
        for place, (feature, term) in enumerate(why.features):
            name = fit(self._names.get(feature, f"feature {feature}"), _LONGEST_NAME, ellipsis)
            name = f"{'lacks ' if feature in why.lacks else ''}{name}"
            piece = f"{name.strip()} {signed(term)}  "
            others = len(why.features) - place - 1
            after = (f"{others} more {signed(left - term)}  " if others else "") + rest
            last = len(lines) == self.size.height
            room = width - cells(tuple(lines[-1])) - (len(after) if last else 0)
            if last and not place and cells(((piece, ""),)) > room >= _LEAST_PIECE:
                # The largest term is always named, if only by the beginning of its name.
                value = f" {signed(term)}  "
                piece = fit(name.strip(), room - len(value), ellipsis) + value
            if cells(((piece, ""),)) > room:
                if last:
                    rest = f"{others + 1} more {signed(left)}  {rest}"
                    break
                lines.append([(" ", "")])
            lines[-1].append((piece, ""))
            left -= term
        if cells(tuple(lines[-1])) + len(rest) > width and len(lines) < self.size.height:
            lines.append([(" ", "")])
        lines[-1].append((rest, "muted"))
        return [tuple(line) for line in lines]
