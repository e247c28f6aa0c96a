"""How far offline labels can be trusted, and how long they take.

    python tests/benchmarks/label_scores.py BUNDLE... [--show 40] [--seed 0]

Labels the first SAE of each bundle anew from one part of its documents and scores the labels on the
part held out; nothing is written. Prints for every judge and protocol the quartiles of F1, Pearson
and balanced accuracy, and the share of clean features (F1 and Pearson from 0.8, density below 0.2).
Then, so that one can tell what holds scores down: scores by quality word, and the ceiling, a judge
that is given no label but the mean of the feature's own labelling documents. With --show, that many
features picked at random, each with its scores (F1 by protocol) and the titles of its strongest
documents.
"""

import argparse
import resource
import time
from collections import Counter
from pathlib import Path

import numpy as np

from saetui.embed import load_embedder
from saetui.embed.precomputed import PrecomputedVectors
from saetui.embed.protocol import EmbedderSettings
from saetui.interpret.judging.evidence import Sample, gather_evidence
from saetui.interpret.judging.judges import WORDS_AND_EMBEDDER, calibrate
from saetui.interpret.judging.scores import detection_scores
from saetui.interpret.judging.signals import Projection
from saetui.interpret.judging.split import restricted
from saetui.interpret.judging.trials import PROTOCOLS, ExampleSource, make_trials
from saetui.interpret.labelling import LabelledSplit
from saetui.progress import Silent
from saetui.store.bundle import Bundle

FIGURES = ("f1", "pearson", "balanced_accuracy")


def quartiles(values):
    known = values[~np.isnan(values)]
    if not len(known):
        return "   -    -    -"
    return " ".join(f"{value:5.2f}" for value in np.percentile(known, (25, 50, 75)))


def print_scores(scores, density):
    for name, found in scores.protocols.items():
        with np.errstate(invalid="ignore"):
            clean = (found.f1.value >= 0.8) & (found.pearson.value >= 0.8) & (density < 0.2)
        scored = found.documents > 0
        figures = "   ".join(quartiles(getattr(found, figure).value) for figure in FIGURES)
        documents = np.median(found.documents[scored]) if scored.any() else 0
        share = clean[scored].mean() if scored.any() else 0
        print(
            f"{scores.judge:<22} {name:<8} {figures}   {share:6.1%} {scored.sum():8,}"
            f" {documents:9.0f}"
        )


def ceiling(bundle, postings, split, seed):
    """Scores of a judge that knows each feature's own labelling documents instead of a label."""
    seen = restricted(postings, split.labelling)
    sample = Sample(bundle.embeddings, split.labelling)
    evidence = gather_evidence(seen, bundle.embeddings, sample)
    place = {each.feature: i for i, each in enumerate(evidence)}
    directions = Projection(sample.vectors).discriminating(
        np.stack([each.centroid for each in evidence])
    )
    measured = []
    for rows in (split.labelling, split.held_out):
        source = ExampleSource(postings, bundle.embeddings, rows, seed=seed)
        trials = make_trials(source.draw(evidence))
        owners = np.array([place[feature] for feature in trials.owners().tolist()])
        vectors = np.asarray(bundle.embeddings[trials.rows], dtype=np.float32)
        along = np.einsum("ij,ij->i", directions.vectors[owners], vectors)
        measured.append((trials, (along - directions.centres[owners])[:, None]))
    calibration = calibrate(measured[0][1], measured[0][0])
    trials, signals = measured[1]
    return detection_scores("(own documents)", trials, calibration.confidences(signals), postings.n)


def measure(path, show, seed):
    bundle = Bundle(path)
    sae = bundle.sae()
    postings = sae.postings
    embedder = load_embedder(EmbedderSettings.from_dict(bundle.manifest.embedder))
    embed = None if isinstance(embedder, PrecomputedVectors) else embedder.embed_documents
    titles = [document.title for document in bundle.documents]
    started, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_utime
    split = LabelledSplit(
        ((document.title, document.text) for document in bundle.documents),
        postings,
        embeddings=bundle.embeddings,
        embed=embed,
        seed=seed,
        progress=Silent(),
    )
    found = split.label_and_score()
    seconds = time.perf_counter() - started
    used = resource.getrusage(resource.RUSAGE_SELF).ru_utime - used
    print(
        f"\n{path}: {len(bundle):,} documents ({len(found.split.labelling):,} to label from, "
        f"{len(found.split.held_out):,} held out), {postings.n:,} features, "
        f"{seconds:.0f} s, {used:.0f} s of processor"
    )
    heading = "   ".join(f"{figure:<17}" for figure in ("F1 quartiles", "Pearson", "bal. accuracy"))
    print(f"{'judge':<22} {'protocol':<8} {heading}    clean features documents")
    for scores in found.scores.values():
        print_scores(scores, found.quality.density)
    print_scores(ceiling(bundle, postings, found.split, seed), found.quality.density)
    print_by_quality(found)
    if show:
        print_labels(found, postings, titles, show, seed)
    bundle.close()


def print_by_quality(found):
    words = np.array(found.quality.words)
    print(f"\nMedian F1 by quality, judge {WORDS_AND_EMBEDDER}:")
    for word, count in Counter(found.quality.words).most_common():
        medians = [
            quartiles(scores.f1.value[words == word])
            for scores in found.scores[WORDS_AND_EMBEDDER].protocols.values()
        ]
        print(f"{word:<10} {count:6,}   {'   '.join(medians)}")


def print_labels(found, postings, titles, show, seed):
    active = np.flatnonzero(postings.counts())
    drawn = np.random.default_rng(seed).choice(active, min(show, len(active)), replace=False)
    protocols = found.scores[WORDS_AND_EMBEDDER].protocols
    print()
    for feature in drawn.tolist():
        label = found.labels[feature]
        f1 = " ".join(f"{protocols[name].f1.value[feature]:.2f}" for name in PROTOCOLS)
        rows, _ = postings.documents(feature)
        print(
            f"{feature:>6}  {label.text}   [{f1}, {found.quality.words[feature]}, "
            f"{len(rows):,} documents]  {' / '.join(label.terms[1:4])}"
        )
        for row in rows[:3].tolist():
            print(f"            {titles[row][:100]}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("bundles", nargs="+", type=Path)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for path in arguments.bundles:
        measure(path, arguments.show, arguments.seed)


if __name__ == "__main__":
    main()
