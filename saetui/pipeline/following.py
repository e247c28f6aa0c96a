"""See to it that labels and notes follow their features when a build replaces an SAE."""

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from saetui.core.matches import Match, follow
from saetui.errors import BundleError
from saetui.pipeline.label_records import AUTOMATIC
from saetui.pipeline.sae_work import SaeWork
from saetui.store import layout, saes
from saetui.store.bundle import Bundle
from saetui.store.documents import DocumentStore
from saetui.store.followed import notes_on, sign_notes, sign_presets
from saetui.store.former_features import FormerLabel, anchor_of, read_unmatched, rows_of
from saetui.store.labels import LabelRecord, read_labels
from saetui.store.layout import SEARCHES
from saetui.store.manifest import Manifest
from saetui.store.notes import FeatureNotes, Notes


def sign_what_was_said(bundle: Path, manifest: Manifest) -> None:
    """Have notes and saved searches say which features they mean, as long as these are there.

    Those that were made by an earlier version name features by number alone. `manifest` is that of
    the bundle as it will be.

    Raises:
        InputError: Notes cannot be written; the bundle must then stay as it is.
    """
    try:
        before = Bundle(bundle)
    except BundleError:
        return
    with contextlib.closing(before):
        names = set()
        for record in before.manifest.saes:
            weights = f"saes/{record.name}/{saes.WEIGHTS}"
            if manifest.files.get(weights) != before.manifest.files.get(weights):
                names.add(record.name)
        if names:
            sign_notes(before, Notes.of_bundle(bundle), names)
            sign_presets(before, bundle / SEARCHES, names)


def what_became_of_notes(bundle: Path) -> Iterator[str]:
    """A sentence about each SAE that notes were made on before it was replaced."""
    with contextlib.closing(Bundle(bundle)) as found:
        book = Notes.of_bundle(bundle)
        for record in found.manifest.saes:
            noted = notes_on(found, found.sae(record.name), book)
            followed = [noted.notes[feature] for feature in sorted(noted.following)]
            if not followed and not noted.unmatched:
                continue
            count = len(followed) + len(noted.unmatched)
            yield (
                f"Of what was said about {count:,} features of earlier SAEs, "
                f"{_described(followed)} in {record.name}"
                + (
                    f"; {len(noted.unmatched):,} match no feature and are kept: "
                    f"saetui notes {bundle} --unmatched"
                    if noted.unmatched
                    else ""
                )
                + "."
            )


def _described(followed: list[FeatureNotes]) -> str:
    cosines = [each.former.cosine for each in followed if each.former and each.former.cosine]
    span = f" (cosine {min(cosines):.2f} to {max(cosines):.2f})" if cosines else ""
    return f"that about {len(followed):,} follows them{span}"


def former_labels(work: SaeWork) -> list[FormerLabel]:
    """Labels for which a feature of a new SAE is to be found.

    They are those of the bundle's SAE of the same name, and the first SAE of the new bundle also
    takes over those of SAEs that are gone.
    """
    build = work.build
    names = [work.size.name]
    if build.saes[:1] == names:
        names += [name for name in build.saes_before() if name not in build.saes]
    found: list[FormerLabel] = []
    for name in names:
        if all(build.before.whole(f"{kind} {name}") for kind in ("train", "codes", "labels")):
            found += _of(work, name)
    return found


def _of(work: SaeWork, name: str) -> Iterator[FormerLabel]:
    before = work.build.before
    folder = layout.sae_folder(before.folder, name)
    yield from read_unmatched(folder)
    given = [
        label
        for label in read_labels(folder / layout.FEATURES)
        if label.method not in AUTOMATIC and label.text
    ]
    if not given:
        return
    files = before.steps[f"train {name}"].files
    of = files[f"saes/{name}/{saes.WEIGHTS}"].sha256[: saes.FINGERPRINT]
    weights = saes.load_weights(folder)
    postings = saes.load_postings(folder, weights.n)
    with contextlib.closing(DocumentStore(before.folder / layout.DOCUMENTS)) as documents:
        for label in given:
            known = anchor_of(label.feature, weights.directions, postings, documents)
            yield FormerLabel(name, of, label, known)


def placed_labels(
    work: SaeWork, former: Sequence[FormerLabel]
) -> tuple[list[LabelRecord], list[FormerLabel]]:
    """The labels of features that are found again, by their new numbers; and the others."""
    by_feature: dict[tuple[str, str, int], list[FormerLabel]] = defaultdict(list)
    for each in former:
        by_feature[each.sae, each.of, each.label.feature].append(each)
    groups = list(by_feature.values())
    anchors = [group[0].anchor for group in groups]
    documents = work.build.documents
    rows = [rows_of(known, documents) for known in anchors]
    found, _ = follow(anchors, rows, work.weights().directions, work.codes())
    placed: list[LabelRecord] = []
    unplaced: list[FormerLabel] = []
    for group, match in zip(groups, found, strict=True):
        if match is None:
            unplaced += group
        else:
            placed += [_placed(each, match) for each in group]
    return placed, unplaced


def _placed(former: FormerLabel, match: Match) -> LabelRecord:
    how = (
        f"{match.shared} of {match.known} documents in common"
        if match.cosine is None
        else f"cosine {match.cosine:.2f}"
    )
    origin = f"From feature {former.label.feature} of an earlier {former.sae} ({how})."
    reasoning = f"{former.label.reasoning} {origin}".strip()
    return replace(former.label, feature=match.feature, version=0, reasoning=reasoning)
