"""The lists of the splitting view: what became of features, and the matches of one of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import events
from textual.message import Message

from saetui.text import visible_line
from saetui.tui.widgets.details import DetailRow, section, text_rows
from saetui.tui.widgets.feature_list import short, trust
from saetui.tui.widgets.line_list import LineList
from saetui.tui.widgets.lines import Lines, Pieces, fit

if TYPE_CHECKING:
    from saetui.core.families import Family
    from saetui.session.session import Session
    from saetui.session.splitting import Match, MatchesIn, SplitOutcome
    from saetui.store.features import FeatureRecord

_LONGEST = 2_000


@dataclass(frozen=True)
class FeatureMatches:
    """One feature with its matches in the other SAEs and its family.

    Attributes:
        session: The open session.
        sae: Name of the SAE that the feature belongs to.
        feature: Its number.
        matches: In every other SAE.
        family: Its smallest family, if it is in any.
    """

    session: "Session"
    sae: str
    feature: int
    matches: "Sequence[MatchesIn]"
    family: "Family | None"


@dataclass(frozen=True)
class Linked:
    """Rows, and the features that the rows one can open lead to.

    Attributes:
        rows: The target of a row of kind `feature` is a place in `features`.
        features: Names of SAEs and numbers of features.
    """

    rows: tuple[DetailRow, ...]
    features: tuple[tuple[str, int], ...]


def match_rows(found: FeatureMatches, width: int) -> Linked:
    """What a feature is and becomes in the other SAEs, from the smallest to the largest."""
    sae = found.sae
    record = found.session.features_of(sae)[found.feature]
    rows = [
        *text_rows(visible_line(record.name, _LONGEST), width, "title"),
        *text_rows(
            f"Feature {record.id} of {sae}, on {record.documents:,} documents", width, "muted"
        ),
    ]
    features: list[tuple[str, int]] = []
    for each in found.matches:
        records = found.session.features_of(each.sae)
        parts = set(each.parts or ())
        # What it splits into comes first; whatever else is near belongs to other features.
        for title, matches in (
            (_title(each), [match for match in each.matches if match.feature in parts]),
            (
                f"Near in {each.sae}" if parts else _title(each),
                [match for match in each.matches if match.feature not in parts],
            ),
        ):
            if not matches:
                continue
            below = []
            for match in matches:
                below.append(_match_row(match, len(features), trust(records[match.feature])))
                features.append((each.sae, match.feature))
            rows += section(title, below)
    return Linked(tuple(rows), tuple(features))


def _title(each: "MatchesIn") -> str:
    if each.parts is None:
        return f"Nearest in {each.sae}"
    match len(each.parts):
        case 0:
            return f"Lost in {each.sae}; nearest"
        case 1:
            return f"Recurs in {each.sae}"
        case count:
            return f"Splits into {count} in {each.sae}"


def _match_row(match: "Match", target: int, note: str) -> DetailRow:
    value = f"{short(match.cosine)} {match.share:>4.0%}"
    return DetailRow(match.name, value, "feature", target, note)


def relative_rows(found: FeatureMatches, width: int) -> Linked:
    """What stands above a feature and below it in its smallest family."""
    family, sae = found.family, found.sae
    records = found.session.features_of(sae)
    if family is None:
        return Linked(
            (*text_rows(f"Feature {found.feature} of {sae} is in no family.", width, "muted"),), ()
        )
    parents = {child: parent for parent, child, _ in family.edges}
    path: list[int] = []
    above = parents.get(found.feature)
    while above is not None:
        path.insert(0, above)
        above = parents.get(above)
    features: list[tuple[str, int]] = []

    def row(member: int) -> DetailRow:
        features.append((sae, member))
        record = records[member]
        value = f"{record.density:.2%}"
        return DetailRow(record.name, value, "feature", len(features) - 1, trust(record))

    title = f"{visible_line(family.label, _LONGEST)}, {len(family.members):,} features"
    rows = [*text_rows(title, width, "title")]
    rows += section("Above it, with density", [row(member) for member in path])
    below = [row(member) for member in family.children(found.feature)]
    rows += section("Below it, with density", below)
    if not below:
        rows += section("Below it", text_rows("Nothing: it is the most special one.", width))
    return Linked(tuple(rows), tuple(features))


_INTO, _COSINE, _SCORE = 6, 7, 6


class SplitOutcomeList(LineList["SplitOutcome"]):
    """Features, each with how many it became, the nearest one's cosine, truth of its label."""

    # Names of the columns, as wide as `line` draws them.
    LEFT = f"{'#':>6} "
    RIGHT = f"{'into':>{_INTO}}{'cosine':>{_COSINE}}{'true':>{_SCORE}} "

    def __init__(self, *, id: str | None = None, empty: Sequence[str] = ()) -> None:
        super().__init__(id=id, empty=empty)
        self.records: Mapping[str, Sequence[FeatureRecord]] = {}

    def line(self, outcome: "SplitOutcome", index: int, width: int) -> Pieces:
        """Number, label, and the figures."""
        record = self.records[outcome.sae][outcome.feature]
        room = width - len(self.LEFT) - len(self.RIGHT)
        into = f"{len(outcome.parts):,}" if outcome.parts else ""
        return (
            (f"{outcome.feature:>6} ", "muted"),
            (fit(record.name, room, self.glyphs.ellipsis), ""),
            (f"{into:>{_INTO}}{short(outcome.cosine):>{_COSINE}}", "muted"),
            (f"{trust(record):>{_SCORE}} ", ""),
        )


class Choices(Lines):
    """Names with numbers, one of which is chosen."""

    @dataclass
    class Chosen(Message):
        """A name was clicked."""

        name: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._counts: Sequence[tuple[str, int]] = ()
        self._chosen = ""

    def say(self, counts: Sequence[tuple[str, int]], chosen: str) -> None:
        """Show other names, numbers, or another choice."""
        self._counts, self._chosen = counts, chosen
        self._lay_out()
        self.refresh()

    def on_resize(self) -> None:
        """The names are broken into lines for a width."""
        self._lay_out()

    def _lay_out(self) -> None:
        self.styles.height = max(1, len(self._broken(self.size.width or self.app.size.width)))

    def _broken(self, width: int) -> list[list[tuple[str, str]]]:
        """Names, and the text of each, in as many lines as they need."""
        lines: list[list[tuple[str, str]]] = []
        room = 0
        for name, count in self._counts:
            text = f" {name} {count:,} "
            if not lines or len(text) > room:
                lines.append([])
                room = width
            lines[-1].append((name, text))
            room -= len(text)
        return lines

    def lines(self, width: int) -> list[Pieces]:
        """All names, the chosen one highlighted."""
        return [
            tuple((text, "current" if name == self._chosen else "muted") for name, text in line)
            for line in self._broken(width)
        ]

    def on_click(self, event: events.Click) -> None:
        """Choose what was clicked."""
        lines = self._broken(self.size.width)
        position = event.x
        for name, text in lines[event.y] if event.y < len(lines) else ():
            if 0 <= position < len(text):
                self.post_message(self.Chosen(name))
                return
            position -= len(text)
