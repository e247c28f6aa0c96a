"""Score the labels of families, as if each family were a feature."""

from dataclasses import replace

import numpy as np

from saetui.core.families import Families, Family
from saetui.core.postings import Postings
from saetui.interpret.families.superfeatures import family_postings
from saetui.interpret.judging.judges import WORDS, WORDS_AND_EMBEDDER
from saetui.interpret.judging.scores import Scores
from saetui.interpret.judging.trials import TOP
from saetui.interpret.labelling import LabelledSplit
from saetui.interpret.labels import FeatureLabel

SHOWN_JUDGES = (WORDS_AND_EMBEDDER, WORDS)
"""Offline judges that read the label alone; a family gets the scores of the first that exists."""


def score_families(split: LabelledSplit, postings: Postings, families: Families) -> Families:
    """The same families with scores of their newest labels by an offline judge.

    A family is judged like a feature that is active on the documents that activate some member
    strongly, by the norm of its members' activations.

    Args:
        split: Of the SAE's features on the corpus.
        postings: Of the SAE.
        families: Named.
    """
    own = split.of(family_postings(postings, families, strong_only=True))
    labels = [
        FeatureLabel(family.id, family.label, family.newest_label.method, (), 0)
        for family in families
    ]
    found = own.score(labels)
    judge = next((name for name in SHOWN_JUDGES if name in found), None)
    return families if judge is None else with_scores(families, found[judge])


def with_scores(families: Families, scores: Scores) -> Families:
    """The same families with scores of their newest labels, where these have any.

    Args:
        families: Named.
        scores: Of these labels, by number of the family.
    """
    shown = scores.protocols[TOP]
    f1, pearson = shown.f1.value, shown.pearson.value
    return replace(
        families,
        families=tuple(
            family
            if np.isnan(f1[family.id])
            else _scored(family, scores.judge, float(f1[family.id]), float(pearson[family.id]))
            for family in families
        ),
    )


def _scored(family: Family, judge: str, f1: float, pearson: float) -> Family:
    newest = replace(family.newest_label, judge=judge, f1=f1, pearson=pearson)
    return replace(family, f1=f1, pearson=pearson, labels=(*family.labels[:-1], newest))
