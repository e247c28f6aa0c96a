"""Estimate of which documents a feature's label is true, among those that activate it.

Three numbers tell it, in this order: how many of the label's words the document has (weighted as in
BM25), how similar its vocabulary is to the label's (latent semantic analysis), and how large a part
of the document's code the feature is. The weights come from a logistic regression on the judgements
of readers (language models that read blind) of 2,636 pairs of an active document with a label, from
four corpora and ten SAEs, each of twelve sets of pairs weighing alike. The sets differ in how often
labels are true of what looks alike here, by up to two units of log odds. Within a set, the area
under the ROC curve is .86 to .92, that of the activation alone .69 to .83. Fitted without their
sets, labels are true of .78 of what counts on cs.LG and of .82 on cs, and .80 and .85 of the true
ones count; `core.truth` says what features of later drawings gave.
"""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Postings
from saetui.core.truth import COUNTS_FROM, STEPS, Probabilities, stored
from saetui.interpret.judging.evidence import Evidence
from saetui.interpret.judging.quality import LabelEvidence, double_labels
from saetui.interpret.judging.signals import Signals
from saetui.interpret.terms.contexts import bare

VERSION = 3
"""Of the method; raised whenever other documents may count."""

# Weights of the share of the code, the coverage of words, and the similarity of vocabulary.
_WEIGHTS = np.array([3.0, 1.8, 0.31])
_BIAS = -2.4
# The first signals, which need no embedder: coverage and vocabulary.
_BY_WORDS = 2
# Strongest documents and near misses of a feature that tell of its quality.
_LOOKED_AT = 20
# A document has a label's words if it covers more than this of them.
_COVERED = 0.3
# A document without a code cannot be divided by its norm.
_LEAST_NORM = 1e-9


def label_truth(
    signals: Signals, labels: Sequence[str], postings: Postings, read: NDArray[np.bool_]
) -> Probabilities:
    """How probably each feature's label is true of each document that activates it.

    Args:
        signals: Reads labels and documents.
        labels: Of every feature; without a label no document counts by its words.
        postings: Of the SAE on all documents.
        read: Which documents have been read, bool `(N,)`. Of the others only the activation is
            known: they count where documents of the feature that have been read mostly do.

    Returns:
        Uint8 `(nnz,)`, see `core.truth`, in the order of the postings.
    """
    owners = np.repeat(np.arange(postings.n), postings.counts())
    shares = postings.values / _norms(postings, len(read))[postings.rows]
    known = read[postings.rows]
    labels = [bare(label) for label in labels]
    texts = sorted({label for label in labels if label})
    logits = _BIAS + _WEIGHTS[0] * shares.astype(np.float64)
    if texts:
        number = {text: place for place, text in enumerate(texts)}
        reading = signals.read_each(texts)
        places = np.array([number.get(label, -1) for label in labels])[owners]
        asked = np.flatnonzero(known & (places >= 0))
        found = signals.measure(reading, places[asked], postings.rows[asked], first=_BY_WORDS)
        logits[asked] += found @ _WEIGHTS[1:]
    probabilities = 1 / (1 + np.exp(-logits))
    if not known.all():
        _guess_unread(postings, shares, known, probabilities)
    return stored(probabilities)


def label_evidence(
    signals: Signals,
    labels: Sequence[str],
    evidence: Iterable[Evidence],
    postings: Postings,
    truth: Probabilities,
) -> LabelEvidence:
    """What labels say of the documents of their features, and of near misses.

    Args:
        signals: Reads labels and documents.
        labels: Of every feature.
        evidence: Of the features whose documents have been read.
        postings: Of the SAE on all documents.
        truth: What `label_truth` gives for these labels.
    """
    true, near, named = np.full((3, len(labels)), np.nan)
    asked = [each for each in evidence if labels[each.feature]]
    if asked:
        reading = signals.read_each([bare(labels[each.feature]) for each in asked])
        for place, each in enumerate(asked):
            misses, strongest = each.negatives[:_LOOKED_AT], each.rows[:_LOOKED_AT]
            owners = np.full(len(misses) + len(strongest), place)
            rows = np.concatenate([misses, strongest])
            found = signals.measure(reading, owners, rows, first=_BY_WORDS)
            logits = _BIAS + found[: len(misses)] @ _WEIGHTS[1:]
            near[each.feature] = float((1 / (1 + np.exp(-logits))).mean()) if len(misses) else 0.0
            named[each.feature] = float((found[len(misses) :, 0] > _COVERED).mean())
            span = slice(int(postings.indptr[each.feature]), int(postings.indptr[each.feature + 1]))
            true[each.feature] = float(truth[span].mean()) / STEPS
    return LabelEvidence(true, near, named, double_labels(labels))


def _norms(postings: Postings, count: int) -> NDArray[np.float64]:
    squares = np.square(postings.values, dtype=np.float64)
    found = np.sqrt(np.bincount(postings.rows, squares, minlength=count))
    return np.maximum(found, _LEAST_NORM)


def _guess_unread(
    postings: Postings,
    shares: NDArray[np.floating],
    known: NDArray[np.bool_],
    probabilities: NDArray[np.float64],
) -> None:
    """Give unread documents the mean of those read whose share of the code is on the same side.

    The border between the sides is where most read documents of the feature are on the right one.
    """
    for feature in range(postings.n):
        span = slice(int(postings.indptr[feature]), int(postings.indptr[feature + 1]))
        told, own = known[span], probabilities[span]
        if told.all():
            continue
        if not told.any():
            own[:] = 0.0
            continue
        border = _border(shares[span][told], own[told] >= COUNTS_FROM)
        for side in (True, False):
            among = (shares[span] >= border) == side
            read_there = own[told & among]
            own[~told & among] = read_there.mean() if len(read_there) else float(not side)


def _border(shares: NDArray[np.floating], counts: NDArray[np.bool_]) -> float:
    """The share from which documents count, so that the fewest are on the wrong side."""
    order = np.argsort(-shares, kind="stable")
    right = np.concatenate([[0], np.cumsum(np.where(counts[order], 1, -1))])
    best = int(np.argmax(right))
    return float("inf") if best == 0 else float(shares[order[best - 1]])
