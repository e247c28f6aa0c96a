"""Label features, score the labels and assess the features, all without a language model."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int, Postings
from saetui.core.truth import STEPS, Probabilities
from saetui.interpret.judging.evidence import Evidence, Sample, gather_evidence
from saetui.interpret.judging.judges import OfflineJudge, judged, label_judge, read_on
from saetui.interpret.judging.quality import Quality, assess
from saetui.interpret.judging.scores import Scores
from saetui.interpret.judging.signals import Signals
from saetui.interpret.judging.split import Split, documents_to_read, restricted, split_documents
from saetui.interpret.judging.trials import Examples, ExampleSource, Trials, make_trials
from saetui.interpret.judging.truth import label_evidence, label_truth
from saetui.interpret.labels import FeatureLabel, key_of
from saetui.interpret.terms.contexts import Contexts, in_a_phrase, told_apart
from saetui.interpret.terms.contrast import Embed, remembering
from saetui.interpret.terms.naming import name_features
from saetui.interpret.terms.term_ranking import try_terms
from saetui.interpret.terms.tokens import read_documents
from saetui.interpret.terms.vocabulary import Vocabulary
from saetui.interpret.terms.vocabulary_choice import Choice, vocabulary_candidates
from saetui.progress import Progress

# When a corpus has grown, only a handful of features are named. Judges still learn how labels and
# documents go together from this many.
_LEARNED_FROM = 200


@dataclass(frozen=True)
class LabelledFeatures:
    """The labels of one SAE's features, with scores and quality.

    Attributes:
        labels: One per feature, in order of features.
        scores: By judge name, on held-out documents only; empty where there were too few.
        quality: Of each feature, whatever its label.
        truth: How probably each label is true of each document that activates the feature, in the
            order of the postings.
        split: Which documents labels were made from, and which they were scored on.
    """

    labels: list[FeatureLabel]
    scores: dict[str, Scores]
    quality: Quality
    truth: Probabilities
    split: Split


class LabelledSplit:
    """The documents of one corpus, split into some to label features from and some to score on.

    Only a sample of a large corpus is read, see `documents_to_read`; the rest is in neither part.

    Args:
        documents: `(title, text)` of every document by row; read once.
        postings: Of the SAE on these documents.
        embeddings: Of these documents, `(N, d)`, of any floating type, may be memory-mapped.
        embed: Embeds terms as the documents were embedded; None to use words alone.
        seed: Of the split and of all examples.
        progress: Counts every document, feature and term.
        vocabulary: Names that labels have where they fit; None for none.

    Raises:
        BuildError: The numbers of documents and embeddings differ.
        EmbedderError: `embed` failed to return one vector of width `d` per term; from methods.

    Attributes:
        split: Which documents are in which part.
    """

    def __init__(
        self,
        documents: Iterable[tuple[str, str]],
        postings: Postings,
        *,
        embeddings: NDArray[np.floating],
        embed: Embed | None,
        seed: int,
        progress: Progress,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self._read = documents_to_read(postings, len(embeddings), seed)
        if len(self._read) < len(embeddings):
            progress.note(
                f"Labels are made from {len(self._read):,} of {len(embeddings):,} documents, "
                "the strongest of each feature among them, and judged on these."
            )
        self._tokens = read_documents(documents, len(embeddings), progress, self._read)
        self.split: Split = split_documents(self._tokens, seed, self._read)
        self._postings, self._embeddings = postings, embeddings
        self._embed = remembering(embed) if embed else None
        self._seed, self._progress = seed, progress
        self._vocabulary = vocabulary
        self._evidence: dict[int, Evidence] | None = None
        self._drawn: dict[tuple[bool, tuple[int, ...]], Trials] = {}
        # What features are called by one name, and what else they could be called, best first.
        self._single: dict[int, FeatureLabel] = {}
        self._terms: dict[int, list[str]] = {}

    def name(
        self, only: Collection[int] | None = None, known: Sequence[FeatureLabel] = ()
    ) -> list[FeatureLabel]:
        """Name features by the term from which a judge best recognises their documents.

        If only some are to be named, the others keep their labels in `known`.
        """
        named = name_features(
            self._tokens,
            self._postings,
            self.split.labelling,
            embeddings=self._embeddings,
            embed=self._embed,
            progress=self._progress,
            only=only,
        )
        self._evidence = named.evidence
        if only is not None:
            kept = [new if new.feature in only else known[new.feature] for new in named.labels]
            named = replace(named, labels=kept)
        trials = self._trials(self.split.labelling, self._learned_from(named.labels, only))
        if not len(trials.features):
            return named.labels
        (measured,) = read_on(named.labels, self._signals, [trials], self._progress)
        judge = label_judge(self._signals, measured, trials)
        tried = try_terms(
            named.candidates,
            named.parts,
            judge,
            trials,
            self._progress,
            joint=" & " if self._tokens.languages else " and ",
        )
        self._terms = {feature: list(each.terms) for feature, each in tried.items()}
        modifiers = {key_of(term) for term in named.parts}
        single = {feature: replace(each, joined="") for feature, each in tried.items()}
        self._single = {each.feature: each for each in named.renamed(single)}
        renamed = [
            in_a_phrase(
                label,
                self._known().get(label.feature),
                lambda: self._contexts,
                modifier=key_of(label.text) in modifiers,
            )
            for label in named.renamed(tried)
        ]
        if only is not None:
            renamed = [
                new if new.feature in only else old
                for new, old in zip(renamed, named.labels, strict=True)
            ]
        if self._vocabulary is None:
            return renamed
        return self._from_vocabulary(
            self._vocabulary, renamed, named.candidates, only, judge=judge, trials=trials
        )

    def _from_vocabulary(
        self,
        vocabulary: Vocabulary,
        labels: Sequence[FeatureLabel],
        terms: Mapping[int, dict[str, float]],
        only: Collection[int] | None,
        *,
        judge: OfflineJudge,
        trials: Trials,
    ) -> list[FeatureLabel]:
        """Labels with names of a vocabulary where these are recognised nearly as well."""
        wanted = {f: each for f, each in self._known().items() if only is None or f in only}
        found = vocabulary_candidates(
            vocabulary,
            self._tokens,
            self.split.labelling,
            wanted,
            covariance=Sample(self._embeddings, self.split.labelling).covariance(),
            embed=self._embed,
            progress=self._progress,
        )
        chosen = Choice.of(
            found, labels, self._single, terms, judge=judge, trials=trials, progress=self._progress
        )
        named = chosen.named(labels)
        taken = {key_of(label.text) for label in named}
        singles = [self._single[feature] for feature in sorted(self._single)]
        self._single = {each.feature: each for each in chosen.named(singles, taken=taken)}
        return named

    @cached_property
    def _contexts(self) -> Contexts:
        sample = Sample(self._embeddings, np.arange(len(self._embeddings), dtype=np.int32))
        return Contexts(self._tokens, sample)

    def _learned_from(
        self, labels: Sequence[FeatureLabel], only: Collection[int] | None
    ) -> list[int]:
        """Features that judges learn from: those that are named, and enough others with a label."""
        evident = sorted(self._known())
        if only is None:
            return evident
        others = [f for f in evident if f not in only and labels[f].text]
        chosen = others[:: max(len(others) // _LEARNED_FROM, 1)]
        return sorted({*chosen, *(f for f in evident if f in only)})

    def label_and_score(self, stability: NDArray[np.floating] | None = None) -> LabelledFeatures:
        """Name every feature from one part of the corpus and score the names on the other."""
        labels = self.name()
        return self._scored(labels, range(len(labels)), stability)

    def complete(self, known: Sequence[FeatureLabel]) -> LabelledFeatures:
        """Name the features that have no label yet, and score the labels of all.

        `known` holds the labels of all features, by number; some have no text.
        """
        missing = {label.feature for label in known if not label.text}
        return self._scored(self.name(missing, known) if missing else list(known), missing, None)

    def relabel(
        self,
        features: Collection[int],
        known: Sequence[FeatureLabel],
        stability: NDArray[np.floating] | None = None,
    ) -> LabelledFeatures:
        """Name some features anew and score their names; other features may have no scores.

        `known` holds the labels of all features, by number; from some of them judges learn.
        """
        return self._scored(self.name(features, known), features, stability, only_named=True)

    def _scored(
        self,
        labels: list[FeatureLabel],
        named: Collection[int],
        stability: NDArray[np.floating] | None,
        *,
        only_named: bool = False,
    ) -> LabelledFeatures:
        """All labels with scores and quality; those of named features are told apart first.

        `only_named` leaves out the scores of features that judges do not learn from.
        """
        quality = self.assess([label.text for label in labels], stability)
        labels = told_apart(
            labels,
            quality,
            named,
            self._known(),
            single=self._single,
            terms=self._terms,
            contexts=lambda: self._contexts,
        )
        shown = labels
        if only_named:
            asked = set(self._learned_from(labels, named))
            shown = [each if each.feature in asked else replace(each, text="") for each in labels]
        truth = self.truth([label.text for label in labels])
        return LabelledFeatures(labels, self.score(shown), quality, truth, self.split)

    def assess(
        self, labels: Sequence[str], stability: NDArray[np.floating] | None = None
    ) -> Quality:
        """The quality of every feature."""
        known = self._known().values()
        told = None
        if known:
            truth = self.truth(labels)
            told = label_evidence(self._signals, labels, known, self._postings, truth)
        return assess(self._postings, self._embeddings, stability, told)

    def truth(self, labels: Sequence[str]) -> Probabilities:
        """How probably labels are true of the documents of their features; see `label_truth`."""
        if not len(self.split.labelling):
            # Nothing is known of words, so no document is held back.
            return np.full(len(self._postings.rows), STEPS, dtype=np.uint8)
        read = np.zeros(len(self._embeddings), dtype=bool)
        read[self._read] = True
        return label_truth(self._signals, labels, self._postings, read)

    def of(self, postings: Postings) -> "LabelledSplit":
        """The same split for other features, without reading the documents again."""
        other = copy(self)
        other._postings, other._evidence = postings, None
        for known in ("trials", "_seen"):
            other.__dict__.pop(known, None)
        return other

    def examples(self, features: Sequence[int]) -> dict[int, Examples]:
        """Documents that each feature may be labelled from; features without any are left out."""
        wanted = [self._known()[feature] for feature in features if feature in self._known()]
        drawn = self._source(self.split.labelling).draw(wanted)
        return {examples.feature: examples for examples in drawn}

    @cached_property
    def trials(self) -> Trials:
        """The held-out documents that labels are scored on."""
        return self._trials(self.split.held_out, sorted(self._known()))

    def score(self, labels: Sequence[FeatureLabel]) -> dict[str, Scores]:
        """Scores by offline judge: judges are calibrated on one part and asked about the other.

        Labels are in order of features; those without text are not scored.
        """
        named = [feature for feature in sorted(self._known()) if labels[feature].text]
        labelling = self._trials(self.split.labelling, named)
        held_out = self._trials(self.split.held_out, named)
        if not len(held_out.features):
            return {}
        return judged(labels, self._signals, labelling, held_out, self._progress)

    @cached_property
    def _signals(self) -> Signals:
        return Signals(
            self._tokens, self._embeddings, self.split.labelling, self._embed, self._seed
        )

    def _trials(self, rows: Int, features: Sequence[int]) -> Trials:
        """The documents of one part on which some features are tried; drawn once and kept."""
        key = (rows is self.split.labelling, tuple(features))
        if key not in self._drawn:
            known = self._known()
            evidence = [known[feature] for feature in features]
            self._drawn[key] = make_trials(self._source(rows).draw(evidence))
        return self._drawn[key]

    def _known(self) -> dict[int, Evidence]:
        """Evidence of each feature that is active on a labelling document."""
        if self._evidence is None:
            seen = restricted(self._postings, self.split.labelling)
            found = (
                gather_evidence(
                    seen, self._embeddings, Sample(self._embeddings, self.split.labelling)
                )
                if seen.counts().any()
                else ()
            )
            self._evidence = {each.feature: each for each in found}
        return self._evidence

    def _source(self, rows: Int) -> ExampleSource:
        return ExampleSource(
            self._seen, self._embeddings, rows, seed=self._seed, among=len(self._read)
        )

    @cached_property
    def _seen(self) -> Postings:
        """The postings of the documents that are read."""
        everything = len(self._read) == len(self._embeddings)
        return self._postings if everything else restricted(self._postings, self._read)
