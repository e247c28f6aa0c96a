"""Have a language model label families of a bundle, or judge the labels they have."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from saetui.core.families import Families, Family, FamilyLabel
from saetui.errors import InputError
from saetui.interpret.families.scoring import score_families, with_scores
from saetui.interpret.families.superfeatures import family_postings
from saetui.interpret.llm import (
    CostEstimate,
    Ledger,
    LLMJudge,
    Spending,
)
from saetui.pipeline.label_store import store_families
from saetui.pipeline.model_questions import (
    Models,
    document_texts,
    judge_scores,
    questions_on,
    study_of,
)
from saetui.progress import Progress
from saetui.store.bundle import Bundle

MOST_MEMBERS = 100
"""Labels that a model reads of one family, the most general; of a larger one they say enough."""


@dataclass(frozen=True)
class FamilyOutcome:
    """What language models did.

    Attributes:
        labelled: Families with a new label.
        known: Families that had the label given, word for word.
        failed: Families without a usable reply, and why.
        judged: Families whose labels were judged by a language model.
        spending: Over all runs of the request.
    """

    labelled: tuple[int, ...]
    known: int
    failed: Mapping[int, str]
    judged: int
    spending: Spending


class FamilyLabelling:
    """One request about the families of one SAE of a bundle.

    Args:
        bundle: The open bundle.
        sae: Name of the SAE; None for the bundle's first.
        models: Who is asked.
        families: Numbers of the families; None for all.
        progress: Told of every step.

    Raises:
        InputError: None of the families has labelled members.
    """

    def __init__(
        self,
        bundle: Bundle,
        sae: str | None,
        models: Models,
        families: Collection[int] | None,
        progress: Progress,
    ) -> None:
        self._bundle, self._sae = bundle, bundle.sae(sae)
        self._models, self._progress = models, progress
        self._members = {
            family.id: self._labels_of(family)
            for family in self._sae.families
            if families is None or family.id in families
        }
        self._members = {number: labels for number, labels in self._members.items() if labels}
        if not self._members:
            raise InputError(
                "None of these families has members with labels.",
                f"See them with: saetui families {bundle.path}",
            )
        self._of_features = study_of(bundle, self._sae, progress)
        self._study = self._of_features.of(
            family_postings(self._sae.postings, self._sae.families, strong_only=True)
        )

    def _labels_of(self, family: Family) -> list[str]:
        records = self._sae.features
        labels = [records[member].label for member in family.members if records[member].label]
        return labels[:MOST_MEMBERS]

    def estimate(self) -> CostEstimate:
        """What it will probably cost; asks nothing."""
        with self._models.ledger(self._bundle, self._sae, "families") as ledger:
            total = CostEstimate()
            labeller = self._models.labeller_in(ledger)
            if labeller is not None:
                total += labeller.estimate_families(list(self._members.values()))
            judge = self._judge(ledger)
            if judge is not None:
                questions = questions_on(self._names(self._sae.families), self._study.trials)
                total += judge.estimate(questions)
            return total

    def run(self) -> FamilyOutcome:
        """Label, score, judge, store. Interrupted, a second run pays for nothing again."""
        families = self._sae.families
        with self._models.ledger(self._bundle, self._sae, "families") as ledger:
            made, failed = self._make(ledger)
            new = {
                number: label for number, label in made.items() if not _has(families[number], label)
            }
            families = replace(
                families,
                families=tuple(
                    family.called(new[family.id]) if family.id in new else family
                    for family in families
                ),
            )
            if new:
                scored = score_families(self._of_features, self._sae.postings, families)
                families = _taken(families, scored, new.keys())
            judged: set[int] = set()
            judge = self._judge(ledger)
            if judge is not None:
                trials = self._study.trials
                questions = questions_on(self._names(families), trials)
                scores, judged = judge_scores(
                    judge, questions, trials, len(families), self._progress
                )
                families = _taken(families, with_scores(families, scores), judged)
            if new or judged:
                store_families(self._bundle.path, self._sae, families)
            return FamilyOutcome(
                tuple(new), len(made) - len(new), failed, len(judged), ledger.spending()
            )

    def _names(self, families: Families) -> dict[int, str]:
        return {number: families[number].label for number in self._members}

    def _make(self, ledger: Ledger) -> tuple[dict[int, FamilyLabel], dict[int, str]]:
        """New labels, and why there are none of some families."""
        labeller = self._models.labeller_in(ledger)
        if labeller is None:
            return {}, {}
        labels = labeller.label_families(list(self._members.values()), self._progress)
        made, failed = {}, {}
        for number, outcome in zip(self._members, labels.outcomes, strict=True):
            if outcome.answer is None:
                failed[number] = outcome.reason
            else:
                made[number] = FamilyLabel(
                    outcome.answer,
                    labels.method,
                    labels.model,
                    labels.prompt_version,
                    labels.created,
                )
        return made, failed

    def _judge(self, ledger: Ledger) -> LLMJudge | None:
        # Half a million texts are not read for nothing.
        texts = document_texts(self._bundle) if self._models.judge is not None else []
        return self._models.judge_in(ledger, texts)


def _has(family: Family, label: FamilyLabel) -> bool:
    """Whether a family is called so by the same model and prompt."""
    newest = family.newest_label
    return (newest.text, newest.model, newest.prompt_version) == (
        label.text,
        label.model,
        label.prompt_version,
    )


def _taken(before: Families, after: Families, numbers: Collection[int]) -> Families:
    """The families of `after` for some numbers, those of `before` for all others."""
    return replace(
        before,
        families=tuple(after[family.id] if family.id in numbers else family for family in before),
    )
