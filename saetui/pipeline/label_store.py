"""Add labels to an SAE of a bundle that exists, and to its families."""

import datetime
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from saetui.core.families import Families
from saetui.interpret.families.statistics import family_statistics
from saetui.pipeline.build_log import BuildLog
from saetui.store import layout
from saetui.store.families import write_families
from saetui.store.hashes import sha256_of
from saetui.store.labels import LabelRecord, ScoreRecord, add_labels
from saetui.store.locking import only_one_build
from saetui.store.manifest import (
    BUILD_LOG,
    MANIFEST,
    FileRecord,
    read_manifest,
    write_manifest,
)
from saetui.store.stored_sae import StoredSae
from saetui.store.swap import WORK, make_moves_left, replace_files

_STAGED = "labels"


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
    """Add labels to those that features have, together with what manifest and build log say.

    Args:
        path: Of the bundle.
        sae: Name of the SAE.
        labels: Each becomes the newest of its feature.
        scores: Of these labels, or of earlier ones by their versions.
        facts: Added to what the manifest says of labels.

    Raises:
        BuildError: They cannot be written, or a build is under way.
    """
    if not labels and not scores:
        return
    name = f"saes/{sae}/{layout.FEATURES}"
    with _changed(path, sae, "labels", name, facts or {}) as target:
        add_labels(target, labels, scores, path / name)


def store_families(path: Path, sae: StoredSae, families: Families) -> None:
    """Store families with other labels, together with what manifest and build log say.

    Args:
        path: Of the bundle.
        sae: Whose families they are.
        families: The same families, with labels and scores added.

    Raises:
        BuildError: They cannot be written, or a build is under way.
    """
    name = f"saes/{sae.record.name}/{layout.FAMILIES}"
    figures = family_statistics(families, sae.counted_codes, sae.counted).to_json()
    with _changed(path, sae.record.name, "families", name, figures) as target:
        write_families(target, families)


@contextmanager
def _changed(path: Path, sae: str, kind: str, name: str, facts: dict[str, Any]) -> Iterator[Path]:
    """Give a place for the new version of a file; manifest and build log change along with it.

    Args:
        path: Of the bundle.
        sae: Name of the SAE.
        kind: Of the step that made the file, and of the metrics that are about it.
        name: Of the file, in the bundle.
        facts: To be put among these metrics.
    """
    with only_one_build(path):
        make_moves_left(path)
        manifest, log, staged = read_manifest(path), BuildLog(path), path / WORK / _STAGED
        shutil.rmtree(staged, ignore_errors=True)
        (staged / name).parent.mkdir(parents=True)
        yield staged / name
        record = FileRecord((staged / name).stat().st_size, sha256_of(staged / name))
        files = [name, MANIFEST]
        step = log.steps.get(f"{kind} {sae}")
        if step is not None:
            # The same build again must not take the labels away.
            changed = replace(step, files={**step.files, name: record})
            log.steps[f"{kind} {sae}"] = replace(changed, facts={**step.facts, **facts})
            log.folder = staged
            log.write()
            files.append(BUILD_LOG)
        saes = tuple(
            replace(
                each,
                metrics={**each.metrics, kind: {**(each.metrics.get(kind) or {}), **facts}},
            )
            if each.name == sae
            else each
            for each in manifest.saes
        )
        listed = {**manifest.files, name: record}
        write_manifest(staged, replace(manifest, files=listed, saes=saes))
        replace_files(path, staged, files)
