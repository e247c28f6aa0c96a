"""The step that finds the families of an SAE, and keeps the names that families have."""

from collections.abc import Mapping
from dataclasses import asdict, replace

import numpy as np

from saetui.core.families import Families, Family, FamilyParameters
from saetui.interpret.families.building import VERSION as FAMILIES_VERSION
from saetui.interpret.families.building import find_families
from saetui.interpret.families.statistics import family_statistics, score_families
from saetui.interpret.families.superfeatures import FamilyNames
from saetui.pipeline.context import Made, Step
from saetui.pipeline.label_records import JUDGES
from saetui.pipeline.sae_work import SaeWork
from saetui.store import layout
from saetui.store.features import read_features
from saetui.store.relations import read_families, write_families

# A family is the one that it was if it has this share of its members in common with it.
_SAME_FAMILY = 0.5
_BY_TERMS = "terms"


def family_step(work: SaeWork, labels: Step) -> Step:
    """Find families, name and score them."""
    step = work.step(
        "families",
        (layout.FAMILIES,),
        relate,
        labels=labels.made_from,
        parameters=asdict(FamilyParameters()),
        method=FAMILIES_VERSION,
        judges=JUDGES,
    )
    before = work.before("labels")
    current = before is not None and before.fingerprint == labels.made_from and work.is_kept
    return work.unless_current(step, current)


def relate(work: SaeWork, most_judged: int | None = None) -> Made:
    """Find families, name and score them.

    They are scored on a corpus of up to `most_judged` documents; None for any.
    """
    codes, postings = work.counted_codes, work.counted
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
    families = names.named(found, work.build.started())
    known = _names_kept(families, _families_before(work))
    if most_judged is not None and len(codes.indices) > most_judged:
        work.build.progress.note(
            f"Families were not judged: with more than {most_judged:,} documents that takes "
            "several GB of memory."
        )
    # Where every family keeps its name there is nothing to score, and no document is read for it.
    elif len(known) < len(families):
        families = score_families(work.split, postings, families)
    return stored_families(work, _named_as_before(families, known))


def _families_before(work: SaeWork) -> tuple[Family, ...]:
    if not work.is_the_same or not work.was_whole("families"):
        return ()
    return read_families(work.folder_before / layout.FAMILIES, work.size.n).families


def _names_kept(families: Families, before: tuple[Family, ...]) -> dict[int, Family]:
    """For families that keep their name, the family that has it: by the number of the new one.

    A name that was made of members' labels holds for the same members, as long as the label of the
    root is the same. One that a language model or a publisher gave stays with the family.
    """
    kept: dict[int, Family] = {}
    taken: set[int] = set()
    for family in families:
        shares = [(_overlap(family, old), -old.id) for old in before if old.id not in taken]
        share, number = max(shares, default=(0.0, 0))
        if share < _SAME_FAMILY:
            continue
        old = before[-number]
        given = old.newest_label.method != _BY_TERMS
        if given or (share == 1.0 and _root_of(old.label) == _root_of(family.label)):
            kept[family.id] = old
            taken.add(old.id)
    return kept


def _root_of(name: str) -> str:
    """The label of the root in a name that was made of members' labels."""
    return name.partition(": ")[0]


def _overlap(one: Family, other: Family) -> float:
    """Jaccard overlap of their members."""
    members, others = set(one.members), set(other.members)
    return len(members & others) / len(members | others)


def _named_as_before(families: Families, known: Mapping[int, Family]) -> Families:
    return replace(
        families,
        families=tuple(
            family
            if family.id not in known
            else replace(
                family,
                label=known[family.id].label,
                f1=known[family.id].f1,
                pearson=known[family.id].pearson,
                labels=known[family.id].labels,
            )
            for family in families
        ),
    )


def stored_families(work: SaeWork, families: Families) -> Made:
    """Write families; returns figures about them."""
    write_families(work.folder / layout.FAMILIES, families)
    seed = work.build.options.training.seed
    return Made(asdict(family_statistics(families, work.counted_codes, work.counted, seed=seed)))
