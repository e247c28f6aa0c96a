"""The steps of an SAE that is given: take it over after a test, encode, take over its labels."""

import contextlib
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import SaeWeights, preactivations
from saetui.core.scores import single
from saetui.core.self_test import SelfTest, sampled_rows, self_test
from saetui.errors import InputError
from saetui.interpret.labels import FeatureLabel
from saetui.interpret.terms.naming import VERSION
from saetui.pipeline.context import BuildContext, LoadedEmbedder, Made, Step
from saetui.pipeline.encoding import encoding_step
from saetui.pipeline.extended_sae import added_k, extended, figures_of
from saetui.pipeline.family_step import family_step
from saetui.pipeline.given_sae import GivenSae
from saetui.pipeline.label_records import label_records, summary, truth_summary
from saetui.pipeline.labelling_step import (
    added_labels,
    label,
    labelling_step,
    vocabulary_facts,
    write_labelled,
)
from saetui.pipeline.sae_work import SaeWork, measured_rows
from saetui.store import layout, saes
from saetui.store.bundle import Bundle
from saetui.store.followed import notes_on
from saetui.store.labels import LabelRecord, read_labels
from saetui.store.notes import Notes
from saetui.train.size import SaeSize

_BLOCK = 1_024
# A document that was not measured may activate more features than those that were.
_SPARE_SLOTS = 2


def given_sae(build: BuildContext, loaded: LoadedEmbedder, given: GivenSae) -> Iterator[Step]:
    """The steps of an SAE that is given.

    Raises:
        InputError: It does not fit the embeddings.
    """
    check_embedder(build.vectors().shape[1], loaded, given)
    if given.weights.added and given.source.extend:
        raise InputError(
            f"The SAE of {given.source.source} was extended already.",
            "Extend the one that it was made from.",
        )
    work = SaeWork(build, size_of(build, given), loaded)
    trained = _taking_step(work, given)
    yield trained
    codes = encoding_step(work, trained)
    yield codes
    labels = given_labelling_step(work, codes, given)
    yield labels
    yield family_step(work, labels)


def size_of(build: BuildContext, given: GivenSae) -> SaeSize:
    """Size and name that a given SAE has in a bundle.

    Where only thresholds decide what is active, `k` is the mean of the documents; if the bundle has
    the SAE already, it keeps its name although documents have changed.
    """
    n = given.weights.n + given.source.extend
    for name in build.saes_before():
        known = SaeSize.parse(name)
        if (known.origin, known.n, known.variant) == (given.origin, n, given.variant):
            return known
    k = _usual_k(build, given)
    return SaeSize(n, min(k + added_k(k, given.source.extend), n), given.variant, given.origin)


def _usual_k(build: BuildContext, given: GivenSae) -> int:
    if given.usual_k is not None:
        return given.usual_k
    return max(round(float(_active(build, given.weights).mean())), 1)


def check_embedder(width: int, loaded: LoadedEmbedder, given: GivenSae) -> None:
    """Check that a given SAE reads what an embedder makes.

    Raises:
        InputError: It does not.
    """
    own = loaded.settings
    spec = given.embedder.get("spec", "")
    of = f" by {spec}" if spec else ""
    if given.weights.d != width:
        raise InputError(
            f"The SAE of {given.source.source} reads vectors of width {given.weights.d}{of}, but "
            f"{own['spec']} makes vectors of width {width}.",
            f"Embed the corpus by --embedder {spec}."
            if spec
            else "Use the embedder that it was trained on.",
        )
    known = spec and not str(spec).startswith("precomputed:") and not loaded.came_with_corpus
    if known and spec != own["spec"] and not given.source.force:
        raise InputError(
            f"The SAE of {given.source.source} was trained on embeddings of {spec}, but the "
            f"corpus is embedded by {own['spec']}.",
            f"Embed it by --embedder {spec}, or take the SAE all the same with --force.",
        )


def _taking_step(work: SaeWork, given: GivenSae) -> Step:
    """Take the SAE over, after a test that it fits; and learn further features if asked to.

    As long as the bundle has the SAE, it stays, whatever has become of the corpus.
    """
    now = work.build.log.steps["embeddings"].fingerprint
    before = work.before("train")
    trained_on = now if before is None else str(before.facts.get("embeddings", now))
    options = work.build.options.training
    inputs: dict[str, Any] = {"sae": given.made_from, "extend": given.source.extend}
    if given.source.extend:
        inputs["options"] = asdict(options)

    def step(embeddings: str) -> Step:
        return work.step(
            "train",
            (saes.CONFIGURATION, saes.WEIGHTS),
            lambda work: _take(work, given),
            given=inputs,
            embeddings=embeddings,
        )

    kept = step(trained_on)
    return kept if before is not None and kept.made_from == before.fingerprint else step(now)


def _take(work: SaeWork, given: GivenSae) -> Made:
    build, source = work.build, given.source
    build.progress.start(f"Testing {work.size.name}", None, "documents")
    weights = _with_slots(build, given.weights)
    _judge(build, given, _tested(build, weights))
    metrics: dict[str, Any] = {"given_from": source.source}
    vectors = build.vectors()
    alone = figures_of(weights, single(vectors[measured_rows(len(vectors))]))
    build.progress.note(
        f"The SAE of {source.source} fits: nMSE {alone['nmse']:.3f} on this corpus, "
        f"{alone['l0']:.1f} features active per document, {alone['dead_share']:.1%} of its "
        "features on none."
    )
    if source.extend:
        k = added_k(_usual_k(build, given), source.extend)
        weights, figures = extended(work, weights, source.extend, k, given.made_from)
        metrics |= {"given": alone, **figures}
    else:
        metrics["train"] = alone
    metadata = {"given_from": source.source, "embedder": work.loaded.settings["spec"]}
    saes.save_weights(work.folder, weights, metadata)
    return Made(
        {
            "n": work.size.n,
            "k": work.size.k,
            "most_active": weights.k,
            "metrics": metrics,
            "embeddings": build.log.steps["embeddings"].fingerprint,
            **build.replaced(work.size.name),
        }
    )


def _active(build: BuildContext, weights: SaeWeights) -> NDArray[np.int64]:
    """How many features are active on documents spread over the corpus."""
    vectors, counts = build.vectors(), []
    rows = measured_rows(len(vectors))
    for start in range(0, len(rows), _BLOCK):
        a = preactivations(weights, single(vectors[rows[start : start + _BLOCK]]))
        counts.append((a > weights.threshold).sum(axis=1))
    return np.concatenate(counts)


def _with_slots(build: BuildContext, weights: SaeWeights) -> SaeWeights:
    """The SAE with as many slots for active features as the documents need."""
    if weights.k < weights.n:
        return weights
    most = int(_active(build, weights).max(initial=1))
    return replace(weights, k=min(max(_SPARE_SLOTS * most, 1), weights.n))


def _tested(build: BuildContext, weights: SaeWeights) -> SelfTest:
    vectors = build.vectors()
    return self_test(weights, single(vectors[sampled_rows(len(vectors))]))


def _judge(build: BuildContext, given: GivenSae, tested: SelfTest) -> None:
    if tested.ok:
        return
    sentence = f"The SAE of {given.source.source} does not fit this corpus. {tested.mistake}"
    if not given.source.force:
        hint = f"{tested.hint} To take it all the same, add --force.".strip()
        raise InputError(f"{sentence} It {tested.figures()}.", hint)
    build.progress.note(f"{sentence} It is taken all the same.")


def given_labelling_step(work: SaeWork, codes: Step, given: GivenSae) -> Step:
    """Take over the labels of a given SAE, and name features that have none."""
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
