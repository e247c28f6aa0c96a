"""The steps that make one SAE of a bundle: train, encode, label, relate."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from saetui.core.families import Families, FamilyParameters
from saetui.core.features import statistics
from saetui.interpret.families.building import VERSION as FAMILIES_VERSION
from saetui.interpret.families.building import find_families
from saetui.interpret.families.scoring import score_families
from saetui.interpret.families.statistics import family_statistics
from saetui.interpret.families.superfeatures import FamilyNames
from saetui.interpret.terms.naming import VERSION
from saetui.pipeline.context import Step
from saetui.pipeline.label_records import JUDGES, label_records, qualities, score_records, summary
from saetui.pipeline.sae_work import CODE_FILES, SaeWork
from saetui.pipeline.training_step import training_step
from saetui.store import bundle as layout
from saetui.store import saes
from saetui.store.families import write_families
from saetui.store.features import read_features, write_features

STEPS = ("train", "codes", "labels", "families")
"""Kinds of the steps of every SAE, in their order."""


def trained_sae(work: SaeWork, embeddings_from: str) -> Sequence[Step]:
    """The steps of an SAE that is trained here."""
    trained = training_step(work, embeddings_from)
    codes = work.step(
        "codes",
        CODE_FILES,
        lambda work: encode(work, trained.made_from),
        sae=trained.made_from,
        embeddings=embeddings_from,
    )
    labels = work.step(
        "labels",
        (layout.FEATURES,),
        label,
        codes=codes.made_from,
        embedder=work.loaded.settings,
        method=VERSION,
        judges=JUDGES,
    )
    families = work.step(
        "families",
        (layout.FAMILIES,),
        relate,
        labels=labels.made_from,
        parameters=asdict(FamilyParameters()),
        method=FAMILIES_VERSION,
        judges=JUDGES,
    )
    return trained, codes, labels, families


def encode(work: SaeWork, trained_from: str) -> dict[str, Any]:
    """Encode the corpus."""
    work.encode(work.weights(), trained_from)
    return {}


def label(work: SaeWork) -> dict[str, Any]:
    """Name every feature, and score the names."""
    found = work.study.label_and_score(saes.load_stability(work.folder, work.size.n))
    write_features(
        work.folder / layout.FEATURES,
        statistics(work.postings, len(work.build.vectors())),
        label_records(found, work.started()),
        quality=qualities(found.quality),
        scores=[
            record
            for name in JUDGES
            if name in found.scores
            for record in score_records(found.scores[name])
        ],
    )
    return summary(found)


def relate(work: SaeWork, most_judged: int | None = None) -> dict[str, Any]:
    """Find families, name and score them.

    Args:
        work: The SAE.
        most_judged: Families are scored on a corpus of up to this many documents; None for any.
    """
    codes, postings = work.codes(), work.postings
    records = read_features(work.folder / layout.FEATURES, work.size.n)
    names = FamilyNames(
        [record.label for record in records],
        [record.terms for record in records],
        postings.counts(),
    )
    unknown = float("nan")
    found = find_families(
        codes,
        postings,
        FamilyParameters(),
        work.build.progress,
        f1=np.array([unknown if r.f1 is None else r.f1 for r in records]),
        pearson=np.array([unknown if r.pearson is None else r.pearson for r in records]),
        labels=[record.label for record in records],
    )
    families = names.named(found, work.started())
    if most_judged is not None and len(codes.indices) > most_judged:
        work.build.progress.note(
            f"Families were not judged: with more than {most_judged:,} documents that takes "
            "several GB of memory."
        )
    # Without a family there is nothing to score, and no document need be read for it.
    elif len(families):
        families = score_families(work.study, postings, families)
    return stored_families(work, families)


def stored_families(work: SaeWork, families: Families) -> dict[str, Any]:
    """Write families; returns figures about them."""
    write_families(work.folder / layout.FAMILIES, families)
    seed = work.build.options.training.seed
    return family_statistics(families, work.codes(), work.postings, seed=seed).to_json()
