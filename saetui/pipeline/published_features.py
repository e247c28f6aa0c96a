"""Published labels, scores and families of features, as a bundle keeps them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Postings
from saetui.core.families import Edge, Families, Family, FamilyLabel, FamilyParameters
from saetui.core.features import CLEAN_DENSITY, CLEAN_F1, CLEAN_PEARSON
from saetui.interop.saerch_texts import PublishedFamily, PublishedFeature
from saetui.interpret.families.building import clean_features
from saetui.interpret.families.co_occurrence import together_with
from saetui.progress import Progress
from saetui.store.features import SHOWN_PROTOCOL, FeatureRecord
from saetui.store.labels import LabelRecord, ScoreRecord

JUDGE = "its publisher"
"""Who scored labels that came with scores; the files name no model."""

_SAME_FEATURES = 0.5


def label_records(
    published: Sequence[PublishedFeature], source: str, created: str
) -> Iterator[LabelRecord]:
    """Labels that say which file they came from."""
    for feature in _once(published):
        if feature.label:
            yield LabelRecord(
                feature.index,
                feature.label,
                (),
                f"imported from {source}",
                created=created,
                reasoning=feature.reasoning,
            )


def score_records(published: Sequence[PublishedFeature]) -> Iterator[ScoreRecord]:
    """Scores of these labels; how many documents the judge saw is not published."""
    for feature in _once(published):
        if feature.label and (feature.f1 is not None or feature.pearson is not None):
            yield ScoreRecord(
                feature.index,
                0,
                JUDGE,
                SHOWN_PROTOCOL,
                0,
                f1=(feature.f1, None, None),
                pearson=(feature.pearson, None, None),
            )


def summary(
    published: Sequence[PublishedFeature],
    source: str,
    density: NDArray[np.float64],
    progress: Progress,
) -> dict[str, Any]:
    """Figures over all features, for the manifest; says when labels seem another SAE's.

    `density` is of every feature on the corpus, `(n,)`.
    """
    features = _once(published)
    scored = [each for each in features if each.f1 is not None or each.pearson is not None]
    clean = sum(
        (each.f1 or 0) >= CLEAN_F1
        and (each.pearson or 0) >= CLEAN_PEARSON
        and density[each.index] < CLEAN_DENSITY
        for each in features
    )
    facts: dict[str, Any] = {
        "labelled": sum(bool(each.label) for each in features),
        "imported_from": source,
        "judges": {JUDGE: {SHOWN_PROTOCOL: _medians(scored)}} if scored else {},
        "density_correlation": _likeness(features, density),
    }
    if scored:
        facts |= {"judge": JUDGE, "clean_share": clean / len(density)}
    alike = facts["density_correlation"]
    if alike is not None and alike < _SAME_FEATURES:
        progress.note(
            f"The densities in {source} are not those of these features (correlation "
            f"{alike:.2f}): its labels may be of another SAE."
        )
    return facts


def _once(published: Sequence[PublishedFeature]) -> list[PublishedFeature]:
    """One entry of each feature, the last."""
    return list({feature.index: feature for feature in published}.values())


def _likeness(features: Sequence[PublishedFeature], density: NDArray[np.float64]) -> float | None:
    """Correlation of published densities with those found; None where there is nothing to say."""
    pairs = [(each.density, density[each.index]) for each in features if each.density is not None]
    if len(pairs) < 3:
        return None
    theirs, ours = np.array(pairs).T
    if not theirs.std() or not ours.std():
        return None
    return float(np.corrcoef(theirs, ours)[0, 1])


def _medians(scored: Sequence[PublishedFeature]) -> dict[str, Any]:
    def median(values: list[float]) -> float | None:
        return float(np.median(values)) if values else None

    return {
        "f1": median([each.f1 for each in scored if each.f1 is not None]),
        "pearson": median([each.pearson for each in scored if each.pearson is not None]),
        "features": len(scored),
    }


# Share of a file's names that must be the labels of the features beside them.
_SAME_NAMES = 0.5


def assembled(
    files: Sequence[tuple[str, Sequence[PublishedFamily]]],
    records: Sequence[FeatureRecord],
    names: Mapping[int, str],
    codes: Codes,
    postings: Postings,
    *,
    created: str,
    progress: Progress,
) -> Families | None:
    """The families of all files that are about this SAE; None if there are none.

    The root of a family is the feature that bears its name. Where none does, it is the densest of
    the children, and the family keeps its name. Edges weigh as in the paper, by containment. Of two
    families with one name the first is kept.
    """
    kept: dict[str, tuple[PublishedFamily, str]] = {}
    for source, families in files:
        if _is_of_another(families, names):
            progress.note(
                f"{source} was left out: its names are not the labels of these features, so it "
                "is of another SAE."
            )
            continue
        for family in families:
            kept.setdefault(family.name, (family, source))
    if not kept:
        return None
    progress.start("Adding families", len(kept), "families")
    by_name: dict[str, list[int]] = defaultdict(list)
    for record in records:
        by_name[record.label.casefold()].append(record.id)
    counts = postings.counts()
    found = []
    for family, source in kept.values():
        progress.advance()
        root = _root(family, by_name, counts)
        children = {index for _, index in family.children} - {root}
        if root is None or not children:
            continue
        edges = tuple(_star(root, children, codes, postings))
        members = (root, *(child for _, child, _ in edges))
        label = FamilyLabel(family.name, f"imported from {source}", created=created)
        found.append(Family(0, root, "", members, edges, 1).called(label))
    return _families(found, records, len(codes.indices))


def _is_of_another(families: Sequence[PublishedFamily], names: Mapping[int, str]) -> bool:
    pairs = [
        (name.casefold(), names[index].casefold())
        for family in families
        for name, index in family.children
        if name and index in names
    ]
    return bool(pairs) and sum(a == b for a, b in pairs) < _SAME_NAMES * len(pairs)


def _root(
    family: PublishedFamily, by_name: Mapping[str, list[int]], counts: NDArray[np.int64]
) -> int | None:
    """The feature that a family is named after, else its densest child."""
    named = by_name.get(family.name.casefold(), [])
    if family.parent_number in named:
        return family.parent_number
    candidates = named or [index for _, index in family.children]
    return max(candidates, key=lambda index: (counts[index], -index), default=None)


def _star(root: int, children: set[int], codes: Codes, postings: Postings) -> Iterator[Edge]:
    """Edges from a root to its children, denser ones first."""
    counts, together = postings.counts(), together_with(codes, postings, root)
    for child in sorted(children, key=lambda child: (-counts[child], child)):
        yield root, child, float(together[child] / (min(counts[root], counts[child]) + 1))


def _families(
    found: Sequence[Family], records: Sequence[FeatureRecord], corpus_size: int
) -> Families:
    """Families in their order, beside all features that could have been members."""
    parameters = FamilyParameters.as_in_the_paper()
    counts = np.array([record.documents for record in records])
    scores = [
        np.array([np.nan if score is None else score for score in column], dtype=np.float64)
        for column in ([r.f1 for r in records], [r.pearson for r in records])
    ]
    clean = clean_features(counts, corpus_size, parameters, f1=scores[0], pearson=scores[1])
    members = {member for family in found for member in family.members}
    ordered = sorted(found, key=lambda family: (-len(family.members), family.root))
    heaviest: dict[int, Edge] = {}
    for family in ordered:
        for edge in family.edges:
            parent, child, weight = edge
            # Downhill only, so that no circle can close.
            downhill = (-counts[parent], parent) < (-counts[child], child)
            if downhill and (child not in heaviest or weight > heaviest[child][2]):
                heaviest[child] = edge
    return Families(
        parameters,
        tuple(sorted(members | set(clean.tolist()))),
        tuple(replace(family, id=number) for number, family in enumerate(ordered)),
        tuple(heaviest[child] for child in sorted(heaviest)),
    )
