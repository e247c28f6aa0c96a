"""See to it that what people said about features follows them when a build replaces an SAE."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from saetui.errors import BundleError
from saetui.store import saes
from saetui.store.bundle import Bundle
from saetui.store.followed_notes import notes_on, sign_notes
from saetui.store.layout import SEARCHES
from saetui.store.manifest import Manifest
from saetui.store.notes import FeatureNotes, Notes
from saetui.store.preset_features import sign_presets


def sign_what_was_said(bundle: Path, manifest: Manifest) -> None:
    """Have notes and saved searches say which features they mean, as long as these are there.

    Those that were made by an earlier version name features by number alone.

    Args:
        bundle: Folder of the bundle as it is.
        manifest: Of the bundle as it will be.

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
