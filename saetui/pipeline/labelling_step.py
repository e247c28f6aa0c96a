"""The step that labels the features of an SAE, and the one that keeps a vocabulary for labels."""

import json
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from saetui.core.features import statistics
from saetui.errors import BundleDamaged
from saetui.interpret.judging.quality import STRONGEST
from saetui.interpret.judging.truth import VERSION as TRUTH_VERSION
from saetui.interpret.labelling import LabelledFeatures
from saetui.interpret.labels import FeatureLabel
from saetui.interpret.terms.naming import VERSION
from saetui.interpret.terms.vocabulary import MOST_BYTES, Concept, Vocabulary, read_vocabulary
from saetui.interpret.terms.vocabulary_choice import METHOD as FROM_VOCABULARY
from saetui.pipeline.context import BuildContext, Made, Step, fingerprint
from saetui.pipeline.following import former_labels, placed_labels
from saetui.pipeline.label_records import (
    AUTOMATIC,
    JUDGES,
    changed_summary,
    kept_scores,
    label_records,
    qualities,
    score_records,
    summary,
    truth_summary,
)
from saetui.pipeline.sae_work import LABEL_FILES, SaeWork
from saetui.store import layout, saes
from saetui.store.atomic import atomic_write
from saetui.store.features import FeatureRecord, read_features, write_features
from saetui.store.former_features import UNMATCHED, read_unmatched, write_unmatched
from saetui.store.json_files import read_json
from saetui.store.labels import LabelRecord, ScoreRecord, add_labels, read_labels

VOCABULARY = "vocabulary"

NONE = "none"
"""Asks for labels without a vocabulary, where the bundle has one."""

_ADDED = "added_labels"
# A feature is labelled anew when fewer than this share of its strongest documents are as before.
_LEAST_KEPT = 0.5


def labelling_step(work: SaeWork, codes: Step) -> Step:
    """Label features that have no label yet, or whose documents are others than before."""
    vocabulary, added = vocabulary_facts(work), added_labels(work.folder_before)
    before, labelled = work.before("codes"), work.before("labels")
    # Labels that people and language models gave since are to be tried on the documents.
    tried = labelled is None or labelled.facts.get(_ADDED) == added.get(_ADDED)
    plain, again = _step(work, codes, vocabulary), _step(work, codes, vocabulary | added)
    repeated = labelled is not None and labelled.fingerprint == again.made_from
    step = again if repeated or not tried else plain
    same_names = labelled is None or labelled.facts.get(VOCABULARY) == vocabulary.get(VOCABULARY)
    current = before is not None and before.fingerprint == codes.made_from and work.is_kept
    return work.unless_current(step, current and same_names and tried)


def _step(work: SaeWork, codes: Step, facts: dict[str, str]) -> Step:
    return work.step(
        "labels",
        LABEL_FILES,
        label,
        codes=codes.made_from,
        embedder=work.loaded.settings,
        method=VERSION,
        truth=TRUTH_VERSION,
        judges=JUDGES,
        **facts,
    )


def label(work: SaeWork) -> Made:
    """Label all features of a new SAE, or what has changed in one that the bundle has."""
    if work.is_the_same and work.was_whole("labels") and work.was_whole("codes"):
        return _update(work)
    found = work.split.label_and_score(saes.load_stability(work.folder, work.size.n))
    write_labelled(work, found, label_records(found, work.build.started()))
    _note_vocabulary(work, sum(each.method == FROM_VOCABULARY for each in found.labels))
    facts = {**summary(found), **truth_summary(work.truth, found.quality), "method": VERSION}
    made = take_over_labels(work, facts | vocabulary_facts(work))
    return replace(made, facts={**made.facts, **added_labels(work.folder)})


def write_labelled(work: SaeWork, found: LabelledFeatures, records: Iterable[LabelRecord]) -> None:
    """Write the features of an SAE with their first labels."""
    write_features(
        work.folder / layout.FEATURES,
        statistics(work.postings, len(work.build.vectors())),
        records,
        quality=qualities(found.quality),
        scores=[record for scores in kept_scores(found) for record in score_records(scores)],
    )
    work.store_truth(found.truth)


def added_labels(folder: Path) -> dict[str, str]:
    """What tells the current labels of an SAE apart that were not made by a build.

    This is a hash of these labels; empty where there are none.
    """
    path = folder / layout.FEATURES
    newest = {label.feature: label for label in read_labels(path)} if path.is_file() else {}
    added = {f: each.text for f, each in newest.items() if each.method not in AUTOMATIC}
    return {_ADDED: fingerprint("labels", 1, labels=sorted(added.items()))} if added else {}


def vocabulary_facts(work: SaeWork) -> dict[str, str]:
    """What decides names beside the documents; empty without a vocabulary, as ever."""
    known = work.build.vocabulary
    return {} if known is None else {VOCABULARY: known.fingerprint}


def _note_vocabulary(work: SaeWork, named: int) -> None:
    if work.build.vocabulary is not None:
        work.build.progress.note(
            f"{named:,} labels of {work.size.name} are names of the vocabulary."
        )


def take_over_labels(work: SaeWork, facts: dict[str, Any]) -> Made:
    """Add the labels that others gave to features of SAEs that are gone.

    Labels that were made here are made anew; those of people and of language models follow the
    feature. What matches no feature is kept aside.
    """
    former = former_labels(work)
    if not former:
        return Made(facts)
    placed, unplaced = placed_labels(work, former)
    if placed:
        add_labels(work.folder / layout.FEATURES, placed, ())
        records = read_features(work.folder / layout.FEATURES, work.size.n)
        work.store_truth(work.split.truth([record.label for record in records]))
    if unplaced:
        write_unmatched(work.folder, unplaced)
    work.build.progress.note(
        f"{len(placed):,} of {len(former):,} labels that were not made here follow their features"
        + (
            f"; {len(unplaced):,} match no feature of {work.size.name} and are kept aside: "
            "saetui notes BUNDLE --unmatched"
            if unplaced
            else ""
        )
        + "."
    )
    return Made(facts, more_files=_unmatched_files(work, unplaced))


def _unmatched_files(work: SaeWork, unmatched: Collection[object]) -> tuple[str, ...]:
    return (f"saes/{work.size.name}/{UNMATCHED}",) if unmatched else ()


def _update(work: SaeWork) -> Made:
    """Keep all labels, bring the figures up to date, and label what has changed."""
    before = work.before("labels")
    facts = {} if before is None else dict(before.facts)
    original = work.folder_before / layout.FEATURES
    postings, vectors = work.postings, work.build.vectors()
    stability = saes.load_stability(work.folder, work.size.n)
    records = read_features(original, work.size.n)
    made_by = facts.get("method", VERSION), facts.get(VOCABULARY)
    vocabulary = vocabulary_facts(work)
    affected = _affected(work, records, made_by != (VERSION, vocabulary.get(VOCABULARY)))
    labels, scores = [], list[ScoreRecord]()
    if affected:
        known = [FeatureLabel(r.id, r.label, "", r.terms, VERSION) for r in records]
        found = work.split.relabel(affected, known, stability)
        _note_vocabulary(
            work,
            sum(
                each.method == FROM_VOCABULARY for each in found.labels if each.feature in affected
            ),
        )
        methods = _methods(work, records)
        new = {
            record.feature: record
            for record in label_records(found, work.build.started())
            if record.feature in affected
            and (record.text, record.method == FROM_VOCABULARY)
            != (records[record.feature].label, methods.get(record.feature) == FROM_VOCABULARY)
        }
        labels = list(new.values())
        scores = [
            record
            for by_judge in kept_scores(found)
            for record in score_records(by_judge)
            if record.feature in new
        ]
        quality, truth = found.quality, found.truth
    else:
        texts = [record.label for record in records]
        quality, truth = work.split.assess(texts, stability), work.split.truth(texts)
    work.build.progress.note(
        f"{len(labels):,} of {work.size.n:,} features of {work.size.name} got another label, the "
        "others keep theirs."
    )
    path = work.folder / layout.FEATURES
    write_features(
        path,
        statistics(postings, len(vectors)),
        labels,
        original=original,
        quality=qualities(quality),
        scores=scores,
    )
    work.store_truth(truth)
    unmatched = read_unmatched(work.folder_before)
    if unmatched:
        write_unmatched(work.folder, unmatched)
    facts.pop(VOCABULARY, None)
    facts = {**changed_summary(path, facts), **truth_summary(work.truth, quality)}
    facts.pop(_ADDED, None)
    facts |= {"method": VERSION, **vocabulary, **added_labels(work.folder)}
    return Made(facts, more_files=_unmatched_files(work, unmatched))


def _methods(work: SaeWork, records: list[FeatureRecord]) -> dict[int, str]:
    """How the label of each feature was made that the bundle has now."""
    return {
        label.feature: label.method
        for label in read_labels(work.folder_before / layout.FEATURES)
        if label.version == records[label.feature].version
    }


def _affected(work: SaeWork, records: list[FeatureRecord], all_of_them: bool) -> set[int]:
    """Features to label anew: of those with a label made here, or none, what has changed."""
    methods = _methods(work, records)
    own = [r.id for r in records if methods.get(r.id) in AUTOMATIC or not r.label]
    if all_of_them:
        return set(own)
    origin = work.build.origin()
    old = saes.load_postings(work.folder_before, work.size.n)
    new, found = work.postings, set()
    counts = new.counts()
    for feature in own:
        if not counts[feature]:
            continue
        rows = new.documents(feature)[0][:STRONGEST]
        came_from = np.full(len(rows), -1) if origin is None else origin[rows]
        kept = np.isin(came_from, old.documents(feature)[0][:STRONGEST]).mean()
        if kept < _LEAST_KEPT or not records[feature].label:
            found.add(feature)
    return found


def vocabulary_steps(build: BuildContext) -> Iterator[Step]:
    """The step that keeps a vocabulary: the one asked for, else the one that the bundle has.

    Raises:
        InputError: The vocabulary cannot be read, or holds no name.
        MissingDependency: It is SKOS, and rdflib is not installed.
    """
    asked = build.options.vocabulary
    if asked == NONE:
        return
    if asked:
        build.vocabulary = read_vocabulary(Path(asked))
        if build.vocabulary.left_out:
            build.progress.note(
                f"{build.vocabulary.left_out:,} names of {asked} are too long for a label or have "
                "no letters."
            )
    elif VOCABULARY in build.before.steps:
        build.vocabulary = _stored(build.before.folder / layout.VOCABULARY)
    if build.vocabulary is not None:
        yield _vocabulary_step(build, build.vocabulary)


def _vocabulary_step(build: BuildContext, vocabulary: Vocabulary) -> Step:
    def make() -> Made:
        values = [[each.name, *each.alternatives] for each in vocabulary.concepts]
        with atomic_write(build.path / layout.VOCABULARY) as temporary:
            temporary.write_text(json.dumps(values, ensure_ascii=False, indent=0), "utf-8")
        return Made({"names": len(values)})

    made_from = fingerprint(VOCABULARY, 1, names=vocabulary.fingerprint)
    return Step(VOCABULARY, made_from, (layout.VOCABULARY,), make)


def _stored(path: Path) -> Vocabulary:
    values = read_json(path, 2 * MOST_BYTES)
    if not isinstance(values, list) or not all(
        isinstance(each, list) and each and all(isinstance(text, str) for text in each)
        for each in values
    ):
        raise BundleDamaged(f"{path} does not hold a vocabulary.")
    return Vocabulary(tuple(Concept(name, tuple(others)) for name, *others in values))
