"""Choose a label among candidate terms by trying each on documents.

What sets a feature's strongest documents apart is not always what tells all of them: a rare word of
a few stands beside a plainer one of the rest. So each candidate is put to an offline judge, as if
it were the label, on documents of the labelling part from every tenth of the activations, against
random ones and near misses. A feature with two heads gets both: where two terms together are
recognised clearly better than the best alone, they are joined.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.interpret.judging.judges import OfflineJudge
from saetui.interpret.judging.trials import Trial, Trials
from saetui.interpret.labels import LONGEST_LABEL, Scores, abbreviates, completed, key_of
from saetui.progress import Progress

# How many candidates are tried, best first; those behind them are hardly ever chosen.
_TRIED = 8
# Correlation is from 0 to 1, as is evidence over that of the feature's best candidate.
_RECOGNITION_WORTH = 1.25
# A second term must have this share of the best one's evidence, and add this much correlation.
_LEAST_EVIDENCE = 0.6
_LEAST_GAIN = 0.05
# Of two possible partners the one with more evidence is preferred by so much at most.
_EVIDENCE_WORTH = 0.2
# Letters that words must share from their beginning to count as one.
_SAME_BEGINNING = 4
# Features whose candidates are in memory at once.
_FEATURES = 512


@dataclass(frozen=True)
class Tried:
    """Candidates of one feature after they were tried.

    Attributes:
        terms: Best first, with evidence and recognition together.
        joined: Two of them in one, or "" where one says as much.
    """

    terms: Scores
    joined: str


def try_terms(
    candidates: Mapping[int, Scores],
    parts: Collection[str],
    judge: OfflineJudge,
    trials: Trials,
    progress: Progress,
) -> dict[int, Tried]:
    """Rank candidates by the evidence for them and by how well a judge recognises documents.

    Args:
        candidates: Of each feature with their evidence, best first.
        parts: Terms that mostly are part of longer ones; see `completed`.
        judge: Reads labels alone.
        trials: On documents of the labelling part. A feature that is not among them keeps the
            order of its candidates.
        progress: Is told of every feature.
    """
    places = {feature: place for place, feature in enumerate(trials.features.tolist())}
    tried = {
        feature: Tried(completed(scores, parts), "")
        for feature, scores in candidates.items()
        if feature not in places or not scores
    }
    features = [feature for feature in candidates if feature not in tried]
    asked = _by_feature(trials)
    progress.start("Trying terms", len(features), "features")
    for start in range(0, len(features), _FEATURES):
        block = features[start : start + _FEATURES]
        terms = {feature: list(candidates[feature])[:_TRIED] for feature in block}
        texts = sorted({term for each in terms.values() for term in each})
        number = {text: place for place, text in enumerate(texts)}
        readings = judge.signals.read_each(texts)
        for feature in block:
            owners = np.array([number[term] for term in terms[feature]], dtype=np.int64)
            rows, trial = trials.rows_of(places[feature]), asked[places[feature]]
            confidences = judge.of_signals(judge.signals.grid(readings, owners, rows))
            tried[feature] = _tried(candidates[feature], parts, confidences, trial)
        progress.advance(len(block))
    return tried


def _by_feature(trials: Trials) -> list[list[Trial]]:
    """The protocols of each feature, with places counted from the first of its own rows."""
    found: list[list[Trial]] = [[] for _ in trials.features]
    for trial in trials.protocols.values():
        bounds = np.searchsorted(trial.places, trials.indptr)
        for place, (start, end) in enumerate(pairwise(bounds.tolist())):
            if start < end:
                own = trial.places[start:end] - trials.indptr[place]
                found[place].append(Trial(own, trial.active[start:end]))
    return found


def _tried(
    scores: Scores, parts: Collection[str], confidences: Float, asked: Sequence[Trial]
) -> Tried:
    terms = list(scores)[: len(confidences)]
    evidence = np.array([scores[term] for term in terms])
    evidence = evidence / max(float(evidence.max()), 1e-9)
    recognised = _correlation(confidences, asked)
    total = evidence + _RECOGNITION_WORTH * recognised
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
    # Two terms are read as a text that holds both, which lies halfway between them.
    together = _correlation((confidences[partners] + confidences[best]) / 2, asked)
    worth = together + _EVIDENCE_WORTH * evidence[partners]
    chosen = int(np.argmax(worth))
    gain = together[chosen] - recognised[best]
    joined = f"{terms[best]} and {terms[partners[chosen]]}" if gain > _LEAST_GAIN else ""
    return Tried(ranked, joined)


def _says_more(term: str, best: str) -> bool:
    """Whether a term may stand beside the best one: other words, and room for both."""
    return (
        not any(_alike(one, other) for one in key_of(term) for other in key_of(best))
        and not abbreviates(term, best)
        and not abbreviates(best, term)
        and len(term) + len(best) + len(" and ") <= LONGEST_LABEL
    )


def _alike(word: str, other: str) -> bool:
    """Whether two words are the same or one goes on from the other: "Chandra", "Chandrasekhar"."""
    short, long = sorted((word, other), key=len)
    return long == short or (len(short) >= _SAME_BEGINNING and long.startswith(short))


def _correlation(confidences: Float, asked: Sequence[Trial]) -> NDArray[np.float64]:
    """Pearson correlation with being active, mean over protocols, for each row `(k, r)`; `(k,)`."""
    found = np.zeros(len(confidences))
    for trial in asked:
        said = confidences[:, trial.places].astype(np.float64)
        said -= said.mean(axis=1, keepdims=True)
        active = trial.active - trial.active.mean()
        spread = np.sqrt((said**2).sum(axis=1) * (active @ active))
        found += said @ active / np.maximum(spread, 1e-9)
    return found / max(len(asked), 1)
