"""Add labels to an SAE of a bundle that exists."""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from saetui.pipeline.build_log import BuildLog
from saetui.pipeline.locking import only_one_build
from saetui.store import bundle as layout
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
        manifest, log = read_manifest(path), BuildLog(path)
        name = f"saes/{sae}/{layout.FEATURES}"
        add_labels(path / name, labels, scores)
        record = FileRecord((path / name).stat().st_size, sha256_of(path / name))
        step = log.steps.get(f"labels {sae}")
        if step is not None:
            # The same build again must not take the labels away.
            changed = replace(step, files={**step.files, name: record})
            log.steps[f"labels {sae}"] = replace(changed, facts={**step.facts, **(facts or {})})
            log.write()
        saes = tuple(
            replace(
                each,
                metrics={
                    **each.metrics,
                    "labels": {**(each.metrics.get("labels") or {}), **(facts or {})},
                },
            )
            if each.name == sae
            else each
            for each in manifest.saes
        )
        files = {**manifest.files, name: record}
        write_manifest(path, replace(manifest, files=files, saes=saes))
