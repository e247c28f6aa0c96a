"""The whole of what can be said offline about a feature: label, scores, quality."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.core.postings import Postings
from saetui.interpret.examples import ExampleSource
from saetui.interpret.judges import OfflineJudge, measure, offline_judges
from saetui.interpret.labels import FeatureLabel
from saetui.interpret.quality import Quality, assess
from saetui.interpret.scores import Scores, detection_scores
from saetui.interpret.separation import Embed
from saetui.interpret.signals import Signals
from saetui.interpret.split import Split, split_documents
from saetui.interpret.terms import NamedFeatures, name_features
from saetui.interpret.tokens import read_documents
from saetui.interpret.trials import Trials, make_trials
from saetui.progress import Progress


@dataclass(frozen=True)
class LabelledFeatures:
    """What was found out about the features of one SAE.

    Attributes:
        labels: One per feature, in order of features.
        scores: By judge name, on held-out documents only; empty where there were too few.
        quality: What can be said of each feature without its label.
        split: Which documents labels were made from, and which they were scored on.
    """

    labels: list[FeatureLabel]
    scores: dict[str, Scores]
    quality: Quality
    split: Split


def label_and_score(
    documents: Iterable[tuple[str, str]],
    postings: Postings,
    *,
    embeddings: NDArray[np.floating],
    embed: Embed | None,
    seed: int,
    stability: NDArray[np.floating] | None = None,
    progress: Progress,
) -> LabelledFeatures:
    """Label every feature from one part of the corpus and score the labels on the other.

    Args:
        documents: `(title, text)` of every document by row; read once.
        postings: Of the SAE on these documents.
        embeddings: Of these documents, `(N, d)`, of any floating type, maybe memory-mapped.
        embed: Embeds terms as the documents were embedded; None for labels without it.
        seed: Of the split and of all examples.
        stability: Of each feature, if known; see `Quality`.
        progress: Is told of every document, feature and term.

    Raises:
        BuildError: There are more or fewer documents than embeddings.
        EmbedderError: `embed` failed to return one vector of width `d` per term.
    """
    tokens = read_documents(documents, len(embeddings), progress)
    split = split_documents(tokens, seed)
    embed = _remembering(embed) if embed else None
    named = name_features(
        tokens,
        postings,
        split.labelling,
        embeddings=embeddings,
        embed=embed,
        progress=progress,
    )
    quality = assess(postings, embeddings, stability)
    labelling, held_out = (
        _trials(named, postings, embeddings, rows, seed)
        for rows in (split.labelling, split.held_out)
    )
    if not len(held_out.features):
        return LabelledFeatures(named.labels, {}, quality, split)
    signals = Signals(tokens, embeddings, split.labelling, embed, seed)
    scores = _scored(named.labels, signals, labelling, held_out, progress)
    return LabelledFeatures(named.labels, scores, quality, split)


def _trials(
    named: NamedFeatures,
    postings: Postings,
    embeddings: NDArray[np.floating],
    rows: NDArray[np.int32],
    seed: int,
) -> Trials:
    source = ExampleSource(postings, embeddings, rows, seed=seed)
    return make_trials(source.draw(list(named.evidence.values())))


def _scored(
    labels: list[FeatureLabel],
    signals: Signals,
    labelling: Trials,
    held_out: Trials,
    progress: Progress,
) -> dict[str, Scores]:
    """Scores by judge: judges learn on one part, and are asked about the other."""
    names, of_labelling, of_held_out = _measured(labels, signals, labelling, held_out, progress)
    judges: list[OfflineJudge] = offline_judges(signals, names, of_labelling, labelling)
    return {
        judge.name: detection_scores(
            judge.name, held_out, judge.of_signals(of_held_out), len(labels)
        )
        for judge in judges
    }


def _measured(
    labels: list[FeatureLabel],
    signals: Signals,
    labelling: Trials,
    held_out: Trials,
    progress: Progress,
) -> tuple[tuple[str, ...], Float, Float]:
    asked = np.union1d(labelling.features, held_out.features)
    texts = [(labels[feature].text, labels[feature].terms) for feature in asked.tolist()]
    readings = signals.read(texts, progress)
    parts = [
        measure(signals, readings, np.searchsorted(asked, trials.owners()), trials.rows)
        for trials in (labelling, held_out)
    ]
    return readings[0].names, parts[0], parts[1]


def _remembering(embed: Embed) -> Embed:
    """The same, but no text is embedded twice."""
    known: dict[str, Float] = {}

    def remembered(texts: Sequence[str]) -> Float:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        vectors = np.asarray(embed(new) if new else [], dtype=np.float32)
        if len(vectors) != len(new):
            return vectors  # Too many or too few: whoever asked refuses them.
        known.update(zip(new, vectors, strict=True))
        return np.stack([known[text] for text in texts])

    return remembered
