"""Have a language model label features of a bundle, or judge the labels they have."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from saetui.errors import InputError
from saetui.interpret.examples import Examples
from saetui.interpret.judging.judges import LabelToJudge
from saetui.interpret.labels import FeatureLabel
from saetui.interpret.llm import (
    ActiveText,
    CostEstimate,
    FeatureExamples,
    Ledger,
    LLMJudge,
    Spending,
)
from saetui.pipeline.label_records import JUDGES, score_records
from saetui.pipeline.label_store import store_labels
from saetui.pipeline.model_questions import (
    Models,
    document_texts,
    judge_scores,
    questions_on,
    study_of,
)
from saetui.progress import Progress
from saetui.store.bundle import Bundle
from saetui.store.labels import LabelRecord, ScoreRecord

_STRONGEST, _OTHERS, _NEGATIVES = 5, 5, 6


@dataclass(frozen=True)
class ModelOutcome:
    """What language models did.

    Attributes:
        labelled: New labels that were stored.
        known: Labels that were given before, word for word, and not stored again.
        failed: Features without a usable reply, and why.
        judged: Labels judged.
        spending: Over all runs of the request.
    """

    labelled: tuple[LabelRecord, ...]
    known: int
    failed: Mapping[int, str]
    judged: int
    spending: Spending


class ModelLabelling:
    """One request about one SAE of a bundle.

    Args:
        bundle: The open bundle.
        sae: Name of the SAE; None for the bundle's first.
        models: Who is asked.
        features: What about.
        progress: Told of every step.

    Raises:
        InputError: None of the features has documents to learn from.
    """

    def __init__(
        self,
        bundle: Bundle,
        sae: str | None,
        models: Models,
        features: Sequence[int],
        progress: Progress,
    ) -> None:
        self._bundle, self._sae = bundle, bundle.sae(sae)
        self._models, self._progress = models, progress
        self._texts = document_texts(bundle)
        self._study = study_of(bundle, self._sae, progress)
        self._examples = self._study.examples(tuple(features))
        if not self._examples:
            raise InputError(
                "None of these features is active on a document to learn from.",
                "Choose others with --only.",
            )

    def estimate(self) -> CostEstimate:
        """What it will probably cost; asks nothing."""
        with self._models.ledger(self._bundle, self._sae) as ledger:
            total = CostEstimate()
            labeller = self._models.labeller_in(ledger)
            if labeller is not None:
                total += labeller.estimate(self._shown())
            judge = self._models.judge_in(ledger, self._texts)
            if judge is not None:
                total += judge.estimate(self._questions(self._labels_now()))
            return total

    def run(self) -> ModelOutcome:
        """Label, score, judge, store. Interrupted, a second run pays for nothing again."""
        with self._models.ledger(self._bundle, self._sae) as ledger:
            made, failed = self._make(ledger)
            labels = self._labels_now()
            for record in made:
                labels[record.feature] = _as_label(record)
            scores = self._offline(labels, {record.feature for record in made})
            judge = self._models.judge_in(ledger, self._texts)
            judged = self._judged(judge, labels) if judge is not None else []
            new, scores = self._told_apart(made, [*scores, *judged])
            store_labels(
                self._bundle.path,
                self._sae.record.name,
                new,
                scores,
            )
            return ModelOutcome(
                tuple(new),
                len(made) - len(new),
                failed,
                len({score.feature for score in judged}),
                ledger.spending(),
            )

    def _make(self, ledger: Ledger) -> tuple[list[LabelRecord], dict[int, str]]:
        """New labels, and why there are none of some features."""
        labeller = self._models.labeller_in(ledger)
        if labeller is None:
            return [], {}
        shown = self._shown()
        labels = labeller.label(shown, self._progress)
        made, failed = [], {}
        for each, outcome in zip(shown, labels.outcomes, strict=True):
            if outcome.answer is None:
                failed[each.feature] = outcome.reason
                continue
            made.append(
                LabelRecord(
                    each.feature,
                    outcome.answer,
                    (),
                    labels.method,
                    labels.model,
                    labels.prompt_version,
                    labels.created,
                )
            )
        return made, failed

    def _shown(self) -> list[FeatureExamples]:
        """What the labeller sees, all of it from documents that labels may be made from."""
        return [self._shown_of(examples) for examples in self._examples.values()]

    def _shown_of(self, examples: Examples) -> FeatureExamples:
        active, values = self._sae.postings.documents(examples.feature)
        strengths = dict(zip(active.tolist(), values.tolist(), strict=True))
        others = [row for row in examples.deciles.tolist() if row not in examples.strongest]
        rows = [
            *examples.strongest.tolist()[:_STRONGEST],
            *others[:: max(1, len(others) // _OTHERS)],
        ]
        rows = sorted(rows[: _STRONGEST + _OTHERS], key=lambda row: -strengths[row])
        highest = max(strengths.values())
        half = _NEGATIVES // 2
        inactive = [*examples.near_misses.tolist()[:half], *examples.random.tolist()[:half]]
        return FeatureExamples(
            examples.feature,
            tuple(ActiveText(self._texts[row], strengths[row] / highest) for row in rows),
            tuple(self._texts[row] for row in inactive),
        )

    def _labels_now(self) -> dict[int, FeatureLabel]:
        return {
            record.id: FeatureLabel(record.id, record.label, "", record.terms, 0)
            for record in self._sae.features
        }

    def _questions(self, labels: Mapping[int, FeatureLabel]) -> list[LabelToJudge]:
        """The labels of the features asked about, with the held-out documents to judge."""
        asked = {feature: labels[feature].text for feature in self._examples}
        return questions_on(asked, self._study.trials)

    def _judged(self, judge: LLMJudge, labels: Mapping[int, FeatureLabel]) -> list[ScoreRecord]:
        """Scores by the language model of labels that it could judge."""
        questions = self._questions(labels)
        scores, usable = judge_scores(
            judge, questions, self._study.trials, len(labels), self._progress
        )
        return [record for record in score_records(scores) if record.feature in usable]

    def _offline(self, labels: Mapping[int, FeatureLabel], wanted: set[int]) -> list[ScoreRecord]:
        """Scores of new labels by the offline judges."""
        if not wanted:
            return []
        found = self._study.score([labels[feature] for feature in sorted(labels)])
        return [
            record
            for name in JUDGES
            if name in found
            for record in score_records(found[name])
            if record.feature in wanted
        ]

    def _told_apart(
        self, made: Sequence[LabelRecord], scores: Sequence[ScoreRecord]
    ) -> tuple[list[LabelRecord], list[ScoreRecord]]:
        """Labels that features do not have yet, and scores with the versions they are of."""
        new, versions = [], {}
        for record in made:
            same = [
                label.version
                for label in self._sae.labels(record.feature)
                if replace(label, version=0, created="") == replace(record, created="")
            ]
            if same:
                versions[record.feature] = same[-1]
            else:
                new.append(record)
        added = {record.feature for record in new}
        for feature in self._sae.features:
            if feature.id not in added:
                versions.setdefault(feature.id, feature.version)
        numbered = [replace(score, version=versions.get(score.feature, 0)) for score in scores]
        return new, [score for score in numbered if score.version or score.feature in added]


def _as_label(record: LabelRecord) -> FeatureLabel:
    return FeatureLabel(record.feature, record.text, record.method, record.terms, 0)
