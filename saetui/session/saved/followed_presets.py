"""Saved searches of an SAE that was replaced: their features are found again, or left out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from saetui.core.matches import follow
from saetui.store.anchors import anchor_from_json, rows_of
from saetui.store.preset_features import features_in, renumbered

if TYPE_CHECKING:
    from saetui.session.session import Session

Searches = Sequence[Mapping[str, Any]]


def followed(
    session: "Session", searches: Searches, known: Mapping[str, Any]
) -> tuple[Searches, list[str]]:
    """Searches with the numbers that their features have now.

    Args:
        session: What is to be searched.
        searches: Of an earlier SAE.
        known: What its features are known by, by their numbers as text.

    Returns:
        The searches, and a sentence about each feature.
    """
    features = [each for each in features_in(searches) if isinstance(known.get(str(each)), dict)]
    anchors = [anchor_from_json(known[str(feature)]) for feature in features]
    rows = [rows_of(anchor, session.bundle.documents) for anchor in anchors]
    sae = session.sae
    found, _ = follow(anchors, rows, sae.weights.directions, sae.codes)
    now = {f: match for f, match in zip(features, found, strict=True) if match is not None}
    said = []
    for feature in features_in(searches):
        name, match = _name(searches, feature), now.get(feature)
        if match is None:
            said.append(f"{name} matches no feature of {sae.record.name} and is left out.")
        elif match.cosine is None:
            said.append(f"{name} is now feature {match.feature}, by its documents.")
        else:
            said.append(f"{name} is now feature {match.feature} (cosine {match.cosine:.2f}).")
    numbers = {feature: match.feature for feature, match in now.items()}
    return [renumbered(search, numbers) for search in searches], said


def by_label(session: "Session", searches: Searches) -> tuple[Searches, list[str]]:
    """The same for a preset that does not say what its features are known by: labels must do."""
    by_name: dict[str, list[int]] = {}
    for record in session.features:
        by_name.setdefault(record.label, []).append(record.id)
    now, said = {}, []
    for feature in features_in(searches):
        label = _label(searches, feature)
        found = by_name.get(label, []) if label else []
        if len(found) == 1:
            now[feature] = found[0]
            if found[0] != feature:
                said.append(f"'{label}' is now feature {found[0]}.")
        else:
            name = _name(searches, feature)
            said.append(
                f"{name} may be of an earlier {session.sae.record.name} and is left out: no one "
                "feature has its label now."
            )
    return [renumbered(search, now) for search in searches], said


def _label(searches: Searches, feature: int) -> str:
    for search in searches:
        changes = search.get("changes")
        for change in changes if isinstance(changes, list) else ():
            if isinstance(change, dict) and change.get("feature") == feature:
                return str(change.get("label") or "")
    return ""


def _name(searches: Searches, feature: int) -> str:
    label = _label(searches, feature)
    return f"Feature {feature}" + (f" ('{label}')" if label else "")
