"""Judges, which say from a label alone which documents activate the feature."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Int
from saetui.interpret.judging.calibration import Calibration, calibrate
from saetui.interpret.judging.signals import BY_EMBEDDER, BY_WORDS, Readings, Signals
from saetui.interpret.judging.trials import Trials
from saetui.progress import Progress

WORDS = "words"
"""Uses the documents' words only, and nothing of the embedder that the SAE was trained on."""

EMBEDDER = "embedder"
"""Uses the embeddings of label and documents only, by the embedder that the SAE was trained on."""

WORDS_AND_EMBEDDER = "words+embedder"
"""Uses both."""

AND_TERMS = ", terms"
"""Ending of a judge's name that reads the label's supporting terms as well."""


@dataclass(frozen=True)
class LabelToJudge:
    """A label, and the documents of which a judge says whether it is true.

    Attributes:
        feature: Number of the labelled feature.
        label: Its label.
        terms: The terms that support the label. The names of judges that read them say so.
        rows: int32, documents to judge.
    """

    feature: int
    label: str
    terms: tuple[str, ...]
    rows: Int


@dataclass(frozen=True)
class OfflineJudge:
    """A judge that needs neither a network nor a language model.

    Attributes:
        name: Says which signals it uses.
        signals: Reads labels and documents.
        columns: The signals that it uses, among those for label and terms together.
        calibration: Turns them into a confidence.
    """

    name: str
    signals: Signals
    columns: NDArray[np.intp]
    calibration: Calibration

    def confidences(self, labels: Sequence[LabelToJudge], progress: Progress) -> list[Float]:
        """For each label one confidence per document, float32 from -1 to 1.

        Above 0 means that the label is true of the document.
        """
        if not labels:
            return []
        readings = self.signals.read([(each.label, each.terms) for each in labels], progress)
        sizes = [len(each.rows) for each in labels]
        owners = np.repeat(np.arange(len(labels)), sizes)
        rows = np.concatenate([each.rows for each in labels])
        found = self.of_signals(measure(self.signals, readings, owners, rows))
        return np.split(found, np.cumsum(sizes)[:-1])

    def of_signals(self, signals: Float) -> Float:
        """Confidences from signals `(..., S)`, as `measure` returns them."""
        return self.calibration.confidences(signals[..., self.columns])


def measure(
    signals: Signals, readings: tuple[Readings, Readings], owners: NDArray[np.integer], rows: Int
) -> Float:
    """Signals for the labels, followed by those for the terms, float32 `(m, 2 S)`."""
    return np.hstack([signals.measure(reading, owners, rows) for reading in readings])


def offline_judges(
    signals: Signals, names: Sequence[str], measured: Float, trials: Trials
) -> list[OfflineJudge]:
    """Every offline judge that these signals allow, calibrated.

    Args:
        signals: The signals that they use.
        names: Names of the signals for labels.
        measured: Signals `(len(trials.rows), 2 S)` of labels and terms.
        trials: On documents of the labelling part.

    Returns:
        Judges that read labels only, then those that read terms as well.
    """
    return [
        _judge(kind, ending, signals, names, measured, trials)
        for ending in ("", AND_TERMS)
        for kind, used in _signals_of(names).items()
        if any(used)
    ]


def label_judge(
    signals: Signals, names: Sequence[str], measured: Float, trials: Trials
) -> OfflineJudge:
    """The judge that uses all signals of labels alone; arguments as for `offline_judges`."""
    return _judge(WORDS_AND_EMBEDDER, "", signals, names, measured, trials)


def _signals_of(names: Sequence[str]) -> dict[str, list[bool]]:
    """Which of the signals each kind of judge uses."""
    return {
        WORDS: [name in BY_WORDS for name in names],
        EMBEDDER: [name in BY_EMBEDDER for name in names],
        WORDS_AND_EMBEDDER: [True] * len(names),
    }


def _judge(  # noqa: PLR0917
    kind: str,
    ending: str,
    signals: Signals,
    names: Sequence[str],
    measured: Float,
    trials: Trials,
) -> OfflineJudge:
    used = _signals_of(names)[kind]
    columns = np.flatnonzero([*used, *(used if ending else [])])
    calibration = calibrate(measured[:, columns], trials)
    return OfflineJudge(kind + ending, signals, columns, calibration)
