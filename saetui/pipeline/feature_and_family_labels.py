"""The labels of features and families of a bundle, while language models add to them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from saetui.core.families import Families, Family, FamilyLabel
from saetui.embed import EmbedderSettings, load_embedder
from saetui.errors import InputError
from saetui.interpret.families.statistics import score_families, with_scores
from saetui.interpret.families.superfeatures import family_postings
from saetui.interpret.judging.scores import Scores
from saetui.interpret.judging.trials import Examples
from saetui.interpret.labelling import LabelledSplit
from saetui.interpret.labels import FeatureLabel
from saetui.interpret.llm import ActiveText, CostEstimate, FeatureExamples, Labels, LLMLabeller
from saetui.pipeline.label_records import JUDGES, score_records, store_families, store_labels
from saetui.pipeline.sae_work import term_embedder, texts_read
from saetui.progress import Progress
from saetui.store.bundle import Bundle
from saetui.store.labels import LabelRecord, ScoreRecord
from saetui.store.stored_sae import StoredSae

_STRONGEST, _OTHERS, _NEGATIVES = 5, 5, 6


class FeatureLabels:
    """See `Labelled`.

    Raises:
        InputError: None of the features has documents to learn from.
    """

    subject = ""

    def __init__(
        self, bundle: Bundle, sae: StoredSae, features: Sequence[int], progress: Progress
    ) -> None:
        self.sae, self.size = sae, sae.record.n
        self._path, self._documents = bundle.path, bundle.documents
        self._split = split_of(bundle, sae, progress)
        self._examples = self._split.examples(tuple(features))
        if not self._examples:
            raise InputError(
                "None of these features is active on a document to learn from.",
                "Choose others with --only.",
            )
        self.trials = self._split.trials
        self._named = {
            record.id: FeatureLabel(record.id, record.label, "", record.terms, 0)
            for record in sae.features
        }
        self._new: dict[int, LabelRecord] = {}
        self._versions = {record.id: record.version for record in sae.features}
        self._scores: list[ScoreRecord] = []

    @property
    def labels(self) -> Mapping[int, str]:
        """See `Labelled`."""
        return {feature: self._named[feature].text for feature in self._examples}

    def estimate(self, labeller: LLMLabeller) -> CostEstimate:
        """See `Labelled`."""
        return labeller.estimate(self._shown())

    def write(self, labeller: LLMLabeller, progress: Progress) -> Labels:
        """See `Labelled`; the model sees documents that labels may be made from, and no others."""
        return labeller.label(self._shown(), progress)

    def add(self, number: int, text: str, labels: Labels) -> bool:
        """See `Labelled`."""
        record = LabelRecord(
            number, text, (), labels.method, labels.model, labels.prompt_version, labels.created
        )
        self._named[number] = FeatureLabel(number, text, labels.method, (), 0)
        same = [
            label.version
            for label in self.sae.labels(number)
            if replace(label, version=0, created="") == replace(record, created="")
        ]
        if same:
            self._versions[number] = same[-1]
        else:
            # It becomes the newest when it is stored.
            self._new[number], self._versions[number] = record, 0
        return not same

    def score(self) -> None:
        """See `Labelled`."""
        found = self._split.score([self._named[feature] for feature in sorted(self._named)])
        for name in JUDGES:
            if name in found:
                self.take(found[name], set(self._new))

    def take(self, scores: Scores, judged: set[int]) -> None:
        """See `Labelled`."""
        for record in score_records(scores):
            version = self._versions[record.feature]
            if record.feature in judged and (version or record.feature in self._new):
                self._scores.append(replace(record, version=version))

    def store(self) -> None:
        """See `Labelled`."""
        store_labels(self._path, self.sae.record.name, list(self._new.values()), self._scores)

    def _shown(self) -> list[FeatureExamples]:
        return [self._shown_of(examples) for examples in self._examples.values()]

    def _shown_of(self, examples: Examples) -> FeatureExamples:
        active, values = self.sae.postings.documents(examples.feature)
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
            tuple(ActiveText(self._text(row), strengths[row] / highest) for row in rows),
            tuple(map(self._text, inactive)),
        )

    def _text(self, row: int) -> str:
        return self._documents.document(row).embedding_text


def split_of(bundle: Bundle, sae: StoredSae, progress: Progress) -> LabelledSplit:
    """What the bundle's own labels were made and scored with."""
    settings = EmbedderSettings.from_dict(bundle.manifest.embedder)
    embedder = None if settings.kind == "precomputed" else load_embedder(settings)
    return LabelledSplit(
        texts_read(bundle.documents, embedder if bundle.passages is None else None),
        sae.postings,
        embeddings=bundle.embeddings,
        embed=None if embedder is None else term_embedder(embedder),
        seed=0,
        progress=progress,
    )


# The labels of a larger family's most general members say enough of it.
_MOST_MEMBERS = 100


class FamilyLabels:
    """See `Labelled`.

    Without numbers of families, it is about all.

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
    return replace(families, families=tuple(changed.get(family.id, family) for family in families))
