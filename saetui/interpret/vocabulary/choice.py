"""Choose between the names of a vocabulary and the label made of a feature's own terms.

The limits were chosen on 768 features of astro-ph (k = 16) and a vocabulary of 330 terms, by
reading what each would let through. Names that documents do not say pass for right too easily: near
in meaning are "planetary atmospheres" and "solar atmosphere". A name with more words than the own
label is true of part of its documents only: "bow shocks" of those about shocks.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from saetui.interpret.judging.judges import OfflineJudge
from saetui.interpret.judging.trials import Trials
from saetui.interpret.labels import (
    FeatureLabel,
    Key,
    Scores,
    contains,
    distinct_terms,
    key_of,
    sentence_case,
)
from saetui.interpret.terms.term_ranking import recognition
from saetui.interpret.vocabulary.candidates import Candidate, Candidates
from saetui.progress import Progress

METHOD = "vocabulary"
"""Of labels whose name is from a vocabulary."""

# Share of the evidence for the documents' own best term that a name must have.
_LEAST_EVIDENCE = 0.7
# How well documents must be recognised by a name, as a correlation, and how much less than by the
# own label: a name that is part of the own label is more general.
_LEAST_RECOGNISED = 0.65
_MARGIN, _MARGIN_OF_GENERAL = 0.05, 0.1
# A name that fewer of the strongest documents say must be recognised so much better. One that adds
# words to the own label is more special, so that more documents must say it.
_LEAST_SAID, _LEAST_SAID_OF_SPECIAL = 0.25, 0.5
_LEAST_RECOGNISED_UNSAID, _GAIN = 0.7, 0.05
# Of names that are recognised equally well within this, the one that more documents say is taken.
_EQUALLY = 0.03


@dataclass(frozen=True)
class Choice:
    """What is known of the names that features could have.

    Attributes:
        candidates: Names of each feature for which enough speaks in its documents.
        recognised: How well a judge recognises each feature's documents by the own label and by
            the candidates, as correlations.
        documents: How many documents say each name of the vocabulary.
    """

    candidates: dict[int, list[Candidate]]
    recognised: dict[int, Scores]
    documents: dict[str, int]

    @classmethod
    def of(
        cls,
        candidates: Candidates,
        labels: Sequence[FeatureLabel],
        singles: Mapping[int, FeatureLabel],
        terms: Mapping[int, Scores],
        *,
        judge: OfflineJudge,
        trials: Trials,
        progress: Progress,
    ) -> "Choice":
        """Try the names on documents.

        Args:
            candidates: Names for some features.
            labels: Own labels of all features.
            singles: The same without a second name joined to the first.
            terms: Terms of each feature's documents, with the evidence for them.
            judge: Reads labels alone.
            trials: On documents of the labelling part.
            progress: Counts every feature.
        """
        enough = {
            feature: some
            for feature, each in candidates.of_features.items()
            if (some := _enough(each, labels[feature].text, terms.get(feature, {})))
        }
        texts = {
            feature: list(
                dict.fromkeys(
                    (labels[feature].text, singles[feature].text, *(each.name for each in some))
                )
            )
            for feature, some in enough.items()
        }
        return cls(enough, recognition(texts, judge, trials, progress), candidates.documents)

    def named(
        self, labels: Sequence[FeatureLabel], taken: Collection[Key] = ()
    ) -> list[FeatureLabel]:
        """Labels, with a name of the vocabulary where one fits about as well as the own.

        Features choose in order of how well their documents are recognised, but one that is called
        so already comes first. If the names that fit a feature are all given, it keeps its own.

        Args:
            labels: Own labels.
            taken: Names that are given already.
        """
        fitting = {label.feature: names for label in labels if (names := self._fitting(label))}
        given = {key_of(label.text) for label in labels if label.feature not in fitting} | {*taken}
        found = {label.feature: label for label in labels}

        def turn(feature: int) -> tuple[bool, float, int]:
            name = fitting[feature][0]
            other = key_of(name) != key_of(found[feature].text)
            return other, -self.recognised[feature][name], feature

        for feature in sorted(fitting, key=turn):
            own = found[feature]
            name = next((each for each in fitting[feature] if key_of(each) not in given), "")
            given.add(key_of(name or own.text))
            if name:
                terms = distinct_terms((name, *own.terms), max(len(own.terms), 1))
                found[feature] = FeatureLabel(
                    feature, sentence_case(name), METHOD, terms, own.version
                )
        return [found[label.feature] for label in labels]

    def _fitting(self, own: FeatureLabel) -> list[str]:
        """The names that may take the place of a label, best first."""
        recognised = self.recognised.get(own.feature, {})
        if own.text not in recognised:
            return []
        fit = {
            each.name: recognised[each.name]
            for each in self.candidates[own.feature]
            if _fits(each, recognised[each.name], own.text, recognised[own.text])
        }
        best, key = max(fit.values(), default=0.0), key_of(own.text)

        def order(name: str) -> tuple[bool, bool, float, str]:
            equally = fit[name] >= best - _EQUALLY
            score = float(self.documents[name]) if equally else fit[name]
            return key_of(name) != key, not equally, -score, name

        return sorted(fit, key=order)


def _enough(candidates: Sequence[Candidate], own: str, terms: Scores) -> list[Candidate]:
    """The names for which about as much speaks as for the best term of the documents."""
    least = _LEAST_EVIDENCE * max(terms.values(), default=0.0)
    same = key_of(own)
    return [each for each in candidates if each.evidence >= least or key_of(each.name) == same]


def _fits(candidate: Candidate, recognised: float, own: str, own_recognised: float) -> bool:
    """Whether a name may take the place of the own label."""
    name, label = key_of(candidate.name), key_of(own)
    if name == label:
        return True
    special, general = contains(name, label), contains(label, name)
    if candidate.said < (_LEAST_SAID_OF_SPECIAL if special else _LEAST_SAID):
        return recognised >= max(own_recognised + _GAIN, _LEAST_RECOGNISED_UNSAID)
    margin = _MARGIN_OF_GENERAL if general else _MARGIN
    return recognised >= max(own_recognised - margin, _LEAST_RECOGNISED)
