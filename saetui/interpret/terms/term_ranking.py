"""Choose a label among candidate terms by trying each on documents.

A term that sets a feature's strongest documents apart need not be true of all its documents: it may
be a rare word of a few, while the rest share a plainer one. So an offline judge is asked about each
candidate as if it were the label, on documents of the labelling part from every tenth of the
activations, against random documents and near misses. Documents that have the words of a candidate
speak for it, too: between terms that are recognised alike, the one that more documents use is the
more general one. Where two terms together are recognised clearly better than any alone, they are
joined: such a feature mixes two concepts.

The weight of these documents was chosen on 55,251 abstracts of cs. It changes the label of one
feature in four there. Readers (language models that read blind) found such a new label true of more
of the documents that activate the feature: of .47 instead of .30 with half the weight, and of .49
instead of .26 where the other half changed it again. On cs.LG and astro-ph, half the weight gave
.58 instead of .47 and .47 instead of .38. Twice the weight gave no more that differs from chance.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.interpret.judging.judges import OfflineJudge
from saetui.interpret.judging.trials import Trial, Trials
from saetui.interpret.labels import (
    LONGEST_LABEL,
    Scores,
    abbreviates,
    alike,
    completed,
    key_of,
)
from saetui.progress import Progress

# How many candidates are tried, best first; later ones are hardly ever chosen.
_TRIED = 8
# Weight of the correlation against the evidence, which is divided by that of the best candidate.
_RECOGNITION_WORTH = 1.25
# Weight of the share of active documents that have all words of a candidate.
_MENTION_WORTH = 1.0
# A second term must have this share of the best one's evidence, and add this much correlation.
_LEAST_EVIDENCE = 0.6
_LEAST_GAIN = 0.1
# Weight of the evidence against the correlation when the second term is chosen.
_EVIDENCE_WORTH = 0.2
# Features whose candidates are in memory at once.
_FEATURES = 512


@dataclass(frozen=True)
class Tried:
    """Candidates of one feature after they were tried.

    Attributes:
        terms: Best first, with the sum of evidence and recognition.
        joined: A label of two terms, or "" where one is as good.
    """

    terms: Scores
    joined: str


def try_terms(
    candidates: Mapping[int, Scores],
    parts: Collection[str],
    judge: OfflineJudge,
    trials: Trials,
    progress: Progress,
    *,
    joint: str = " and ",
) -> dict[int, Tried]:
    """Rank candidates by the evidence for them and by how well a judge recognises documents.

    Args:
        candidates: Of each feature with their evidence, best first.
        parts: Terms that mostly occur as part of longer ones; see `completed`.
        judge: Reads labels alone.
        trials: On documents of the labelling part. A feature without trials keeps the order of
            its candidates.
        progress: Counts every feature.
        joint: What stands between two terms that are joined.
    """
    known = set(trials.features.tolist())
    tried = {
        feature: Tried(completed(scores, parts), "")
        for feature, scores in candidates.items()
        if feature not in known or not scores
    }
    terms = {f: list(each)[:_TRIED] for f, each in candidates.items() if f not in tried}
    for feature, read in _read_on_trials(terms, judge, trials, progress):
        tried[feature] = _tried(candidates[feature], parts, read, joint)
    return tried


def recognition(
    texts: Mapping[int, Sequence[str]], judge: OfflineJudge, trials: Trials, progress: Progress
) -> dict[int, Scores]:
    """How well a judge recognises the documents of features by some texts.

    A feature without trials on documents of the labelling part is left out.

    Returns:
        Of each text the correlation of the judge's confidence with being active.
    """
    known = set(trials.features.tolist())
    asked = {feature: each for feature, each in texts.items() if feature in known and each}
    return {
        feature: dict(
            zip(asked[feature], _correlation(read.confidences, read.trials).tolist(), strict=True)
        )
        for feature, read in _read_on_trials(asked, judge, trials, progress)
    }


class _Read(NamedTuple):
    """What is known of the `r` documents of one feature's trials for each of `k` terms.

    Attributes:
        confidences: A judge's, `(k, r)`.
        mentioned: Whether the document has all words of the term, bool `(k, r)`.
        trials: Which documents each protocol asks about, and which of them are active.
    """

    confidences: Float
    mentioned: NDArray[np.bool_]
    trials: list[Trial]


def _read_on_trials(
    terms: Mapping[int, Sequence[str]], judge: OfflineJudge, trials: Trials, progress: Progress
) -> Iterator[tuple[int, _Read]]:
    """What is known of the documents of each feature's trials for each of its terms."""
    places = {feature: place for place, feature in enumerate(trials.features.tolist())}
    features, asked = list(terms), _by_feature(trials)
    progress.start("Trying terms", len(features), "features")
    for start in range(0, len(features), _FEATURES):
        block = features[start : start + _FEATURES]
        texts = sorted({term for feature in block for term in terms[feature]})
        number = {text: place for place, text in enumerate(texts)}
        readings = judge.signals.read_each(texts)
        for feature in block:
            owners = np.array([number[term] for term in terms[feature]], dtype=np.int64)
            rows = trials.rows_of(places[feature])
            yield (
                feature,
                _Read(
                    judge.confidences(judge.signals.grid(readings, owners, rows)),
                    judge.signals.mentioned(readings, owners, rows),
                    asked[places[feature]],
                ),
            )
        progress.advance(len(block))


def _by_feature(trials: Trials) -> list[list[Trial]]:
    """The trials of each feature, with positions counted from the first of its own rows."""
    found: list[list[Trial]] = [[] for _ in trials.features]
    for trial in trials.protocols.values():
        bounds = np.searchsorted(trial.places, trials.indptr)
        for place, (start, end) in enumerate(pairwise(bounds.tolist())):
            if start < end:
                own = trial.places[start:end] - trials.indptr[place]
                found[place].append(Trial(own, trial.active[start:end]))
    return found


def _tried(scores: Scores, parts: Collection[str], read: _Read, joint: str) -> Tried:
    confidences, mentioned, asked = read
    terms = list(scores)[: len(confidences)]
    evidence = np.array([scores[term] for term in terms])
    evidence = evidence / max(float(evidence.max()), 1e-9)
    recognised = _correlation(confidences, asked)
    active = np.unique(np.concatenate([trial.places[trial.active] for trial in asked]))
    total = evidence + _RECOGNITION_WORTH * recognised
    total += _MENTION_WORTH * mentioned[:, active].mean(axis=1)
    order = np.argsort(-total, kind="stable").tolist()
    ranked = completed({terms[i]: float(total[i]) for i in order}, parts)
    best = terms.index(next(iter(ranked)))
    partners = [
        i
        for i, term in enumerate(terms)
        if evidence[i] >= _LEAST_EVIDENCE and _says_more(term, terms[best])
    ]
    if not partners:
        return Tried(ranked, "")
    # A label of two terms is taken to be recognised halfway between them.
    together = _correlation((confidences[partners] + confidences[best]) / 2, asked)
    worth = together + _EVIDENCE_WORTH * evidence[partners]
    chosen = int(np.argmax(worth))
    gain = together[chosen] - recognised.max()
    joined = joint.join((terms[best], terms[partners[chosen]])) if gain > _LEAST_GAIN else ""
    return Tried(ranked, joined)


def _says_more(term: str, best: str) -> bool:
    """Whether a term may be joined to the best one: it has other words, and both fit a label."""
    return (
        not any(alike(one, other) for one in key_of(term) for other in key_of(best))
        and not abbreviates(term, best)
        and not abbreviates(best, term)
        and len(term) + len(best) + len(" and ") <= LONGEST_LABEL
    )


def _correlation(confidences: Float, asked: Sequence[Trial]) -> NDArray[np.float64]:
    """Correlation of each row of confidences `(k, r)` with being active, mean over protocols."""
    found = np.zeros(len(confidences))
    for trial in asked:
        said = confidences[:, trial.places].astype(np.float64)
        said -= said.mean(axis=1, keepdims=True)
        active = trial.active - trial.active.mean()
        spread = np.sqrt((said**2).sum(axis=1) * (active @ active))
        found += said @ active / np.maximum(spread, 1e-9)
    return found / max(len(asked), 1)
