"""The labels of families of a bundle, while language models add to them."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from saetui.core.families import Families, Family, FamilyLabel
from saetui.errors import InputError
from saetui.interpret.families.statistics import score_families, with_scores
from saetui.interpret.families.superfeatures import family_postings
from saetui.interpret.judging.scores import Scores
from saetui.interpret.llm import CostEstimate, Labels, LLMLabeller
from saetui.pipeline.feature_labels import split_of
from saetui.pipeline.label_store import store_families
from saetui.progress import Progress
from saetui.store.bundle import Bundle
from saetui.store.stored_sae import StoredSae

# The labels of a larger family's most general members say enough of it.
_MOST_MEMBERS = 100


class FamilyLabels:
    """See `Labelled`.

    Args:
        bundle: The open bundle.
        sae: Of the bundle.
        families: Numbers of the families to label, or whose labels to judge; None for all.
        progress: Told of every document read.

    Raises:
        InputError: None of the families has labelled members.
    """

    subject = "families"

    def __init__(
        self,
        bundle: Bundle,
        sae: StoredSae,
        families: Collection[int] | None,
        progress: Progress,
    ) -> None:
        self.sae, self.size = sae, len(sae.families)
        self._path, self._families = bundle.path, sae.families
        self._members = {
            family.id: labels
            for family in sae.families
            if (families is None or family.id in families) and (labels := self._labels_of(family))
        }
        if not self._members:
            raise InputError(
                "None of these families has members with labels.",
                f"See them with: saetui families {bundle.path}",
            )
        self._split = split_of(bundle, sae, progress)
        self.trials = self._split.of(
            family_postings(sae.counted, sae.families, strong_only=True)
        ).trials
        self._new: set[int] = set()

    def _labels_of(self, family: Family) -> list[str]:
        labels = [self.sae.features[member].label for member in family.members]
        return [label for label in labels if label][:_MOST_MEMBERS]

    @property
    def labels(self) -> Mapping[int, str]:
        """See `Labelled`."""
        return {number: self._families[number].label for number in self._members}

    def estimate(self, labeller: LLMLabeller) -> CostEstimate:
        """See `Labelled`."""
        return labeller.estimate_families(list(self._members.values()))

    def write(self, labeller: LLMLabeller, progress: Progress) -> Labels:
        """See `Labelled`; the model sees the labels of the members."""
        return labeller.label_families(list(self._members.values()), progress)

    def add(self, number: int, text: str, labels: Labels) -> bool:
        """See `Labelled`."""
        family, version = self._families[number], labels.prompt_version
        newest = family.newest_label
        if (newest.text, newest.model, newest.prompt_version) == (text, labels.model, version):
            return False
        label = FamilyLabel(text, labels.method, labels.model, version, labels.created)
        self._families = _replaced(self._families, {number: family.called(label)})
        self._new.add(number)
        return True

    def score(self) -> None:
        """See `Labelled`."""
        self._take(score_families(self._split, self.sae.counted, self._families), self._new)

    def take(self, scores: Scores, judged: set[int]) -> None:
        """See `Labelled`."""
        self._take(with_scores(self._families, scores), judged)

    def _take(self, scored: Families, numbers: Collection[int]) -> None:
        self._families = _replaced(self._families, {each: scored[each] for each in numbers})

    def store(self) -> None:
        """See `Labelled`."""
        store_families(self._path, self.sae, self._families)


def _replaced(families: Families, changed: Mapping[int, Family]) -> Families:
    """The families, with others in the place of some of them."""
    return replace(families, families=tuple(changed.get(family.id, family) for family in families))
