"""The labels that come with an SAE from another bundle, scored on the documents of this one."""

import contextlib
from dataclasses import replace

from saetui.interpret.labels import FeatureLabel
from saetui.interpret.terms.naming import VERSION
from saetui.pipeline.context import Made, Step
from saetui.pipeline.given_sae import GivenSae
from saetui.pipeline.label_records import label_records, summary, truth_summary
from saetui.pipeline.labelling_step import (
    added_labels,
    label,
    labelling_step,
    vocabulary_facts,
    write_labelled,
)
from saetui.pipeline.sae_work import SaeWork
from saetui.store import layout
from saetui.store.bundle import Bundle
from saetui.store.followed_notes import notes_on
from saetui.store.labels import LabelRecord, read_labels
from saetui.store.notes import Notes


def given_labelling_step(work: SaeWork, codes: Step, given: GivenSae) -> Step:
    """Take over the labels of a given SAE, and name features that have none.

    Args:
        work: The SAE.
        codes: The step that encoded the documents.
        given: Where the SAE is from.
    """
    step = labelling_step(work, codes)
    if given.bundle is None or (work.is_the_same and work.was_whole("labels")):
        return step
    return replace(step, make=lambda: _label(work, given))


def _label(work: SaeWork, given: GivenSae) -> Made:
    came = _shown_labels(given)
    if not came:
        return label(work)
    known = [
        FeatureLabel(f, came[f].text, came[f].method, came[f].terms, 0)
        if f in came
        else FeatureLabel(f, "", "none", (), VERSION)
        for f in range(work.size.n)
    ]
    found = work.split.complete(known)
    named_here = label_records(found, work.build.started())
    own = [record for record in named_here if record.feature not in came]
    write_labelled(work, found, sorted([*came.values(), *own], key=lambda record: record.feature))
    work.build.progress.note(
        f"{len(came):,} labels came with the SAE and were scored on this corpus; "
        f"{len(own):,} of the other features were named here."
    )
    facts = {**summary(found), **truth_summary(work.truth, found.quality), "method": VERSION}
    facts |= vocabulary_facts(work) | added_labels(work.folder)
    return Made({**facts, "given": len(came)})


def _shown_labels(given: GivenSae) -> dict[int, LabelRecord]:
    """What the features are called in their bundle, the reader's own names first."""
    if given.bundle is None:
        return {}
    path, name = given.bundle
    with contextlib.closing(Bundle(path)) as bundle:
        sae = bundle.sae(name)
        notes = notes_on(bundle, sae, Notes.of_bundle(path)).notes
        shown: dict[int, LabelRecord] = {}
        for record in read_labels(sae.folder / layout.FEATURES):
            said = notes.get(record.feature)
            if record.text and not (said and record.version in said.rejected):
                shown[record.feature] = record
        for feature, said in notes.items():
            if said.label:
                shown[feature] = LabelRecord(feature, said.label, (), "reader")
    return {
        feature: replace(record, version=0, method=f"{record.method}, from {path.stem}")
        for feature, record in shown.items()
    }
