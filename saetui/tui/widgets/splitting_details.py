"""A feature in the other SAEs and in its own family, as lists."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saetui.text import visible_line
from saetui.tui.feature_columns import short, trust
from saetui.tui.widgets.details import DetailRow, section, text_rows

if TYPE_CHECKING:
    from saetui.core.families import Family
    from saetui.session.session import Session
    from saetui.session.splitting import Match, MatchesIn

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
