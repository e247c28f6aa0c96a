"""Read labels on the documents that they are tried on, and score what judges say of these."""

from collections.abc import Sequence

import numpy as np

from saetui.core.codec import Float
from saetui.interpret.judging.judges import OfflineJudge, measure, offline_judges
from saetui.interpret.judging.scores import Scores, detection_scores
from saetui.interpret.judging.signals import Signals
from saetui.interpret.judging.trials import Trials
from saetui.interpret.labels import FeatureLabel
from saetui.progress import Progress


def judged(
    labels: Sequence[FeatureLabel],
    signals: Signals,
    labelling: Trials,
    held_out: Trials,
    progress: Progress,
) -> dict[str, Scores]:
    """Scores by offline judge, which is calibrated on one part and asked about the other."""
    parts = [labelling, held_out]
    names, (of_labelling, of_held_out) = read_on(labels, signals, parts, progress)
    judges: list[OfflineJudge] = offline_judges(signals, names, of_labelling, labelling)
    return {
        judge.name: detection_scores(
            judge.name, held_out, judge.of_signals(of_held_out), len(labels)
        )
        for judge in judges
    }


def read_on(
    labels: Sequence[FeatureLabel], signals: Signals, parts: Sequence[Trials], progress: Progress
) -> tuple[tuple[str, ...], list[Float]]:
    """Names of the signals for labels, and their values on each part."""
    asked = np.unique(np.concatenate([trials.features for trials in parts]))
    texts = [(labels[feature].text, labels[feature].terms) for feature in asked.tolist()]
    readings = signals.read(texts, progress)
    measured = [
        measure(signals, readings, np.searchsorted(asked, trials.owners()), trials.rows)
        for trials in parts
    ]
    return readings[0].names, measured
