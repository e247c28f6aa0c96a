"""Add labels to an SAE of a bundle that exists, and to its families."""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saetui.core.families import Families
from saetui.interpret.families.statistics import family_statistics
from saetui.pipeline.build_log import BuildLog
from saetui.pipeline.locking import only_one_build
from saetui.store import bundle as layout
from saetui.store.bundle import StoredSae
from saetui.store.families import write_families
from saetui.store.hashes import sha256_of
from saetui.store.labels import LabelRecord, ScoreRecord, add_labels
from saetui.store.manifest import FileRecord, read_manifest, write_manifest


def today() -> str:
    """The date that labels made now carry."""
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def store_labels(
    path: Path,
    sae: str,
    labels: Sequence[LabelRecord],
    scores: Sequence[ScoreRecord],
    facts: dict[str, Any] | None = None,
) -> None:
    """Put labels beside those that features have, which are kept, and keep the bundle whole.

    Args:
        path: Of the bundle.
        sae: Name of the SAE.
        labels: Each becomes the newest of its feature.
        scores: Of these labels, or of earlier ones by their versions.
        facts: To be put among those about labels in the manifest.

    Raises:
        BuildError: They cannot be written, or a build is under way.
    """
    if not labels and not scores:
        return
    with only_one_build(path):
        name = f"saes/{sae}/{layout.FEATURES}"
        add_labels(path / name, labels, scores)
        _keep_whole(path, sae, "labels", name, facts or {})


def store_families(path: Path, sae: StoredSae, families: Families) -> None:
    """Put families with other labels in the place of those there are, and keep the bundle whole.

    Args:
        path: Of the bundle.
        sae: Whose families they are.
        families: The same families, with labels and scores added.

    Raises:
        BuildError: They cannot be written, or a build is under way.
    """
    name = f"saes/{sae.record.name}/{layout.FAMILIES}"
    figures = family_statistics(families, sae.codes, sae.postings).to_json()
    with only_one_build(path):
        write_families(path / name, families)
        _keep_whole(path, sae.record.name, "families", name, figures)


def _keep_whole(path: Path, sae: str, kind: str, name: str, facts: dict[str, Any]) -> None:
    """Let manifest and build log know of a file that has changed, and of what it says.

    Args:
        path: Of the bundle.
        sae: Name of the SAE.
        kind: Of the step that made the file, and of the metrics that are about it.
        name: Of the file, in the bundle.
        facts: To be put among these metrics.
    """
    manifest, log = read_manifest(path), BuildLog(path)
    record = FileRecord((path / name).stat().st_size, sha256_of(path / name))
    step = log.steps.get(f"{kind} {sae}")
    if step is not None:
        # The same build again must not take the labels away.
        changed = replace(step, files={**step.files, name: record})
        log.steps[f"{kind} {sae}"] = replace(changed, facts={**step.facts, **facts})
        log.write()
    saes = tuple(
        replace(
            each,
            metrics={**each.metrics, kind: {**(each.metrics.get(kind) or {}), **facts}},
        )
        if each.name == sae
        else each
        for each in manifest.saes
    )
    files = {**manifest.files, name: record}
    write_manifest(path, replace(manifest, files=files, saes=saes))
