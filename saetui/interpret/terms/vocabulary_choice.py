"""Choose between the names of a vocabulary and the label made of a feature's own terms.

Candidates are the names that a feature's documents say, and those near to them in meaning. The
limits were chosen on 768 features of astro-ph (k = 16) and a vocabulary of 330 terms, by reading
what each would let through. Names that documents do not say pass for right too easily: near in
meaning are "planetary atmospheres" and "solar atmosphere". A name with more words than the own
label is true of part of its documents only: "bow shocks" of those about shocks.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float, Int
from saetui.core.scores import top
from saetui.interpret.judging.evidence import Evidence
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
from saetui.interpret.terms.contrast import Counts, Embed, PhraseContrast, embedded, spread_of
from saetui.interpret.terms.phrases import Phrases, assemble
from saetui.interpret.terms.term_ranking import recognition
from saetui.interpret.terms.tokens import GAP, Tokens, tokenize
from saetui.interpret.terms.vocabulary import Vocabulary
from saetui.interpret.terms.words import word_of
from saetui.progress import Progress

# Longer names are found by their meaning alone.
_MOST_WORDS = 8
# Names of each feature that are tried: the best by words, and the best by meaning.
_BY_WORDS, _BY_MEANING = 6, 4
# Names whose meaning is looked at, at most; MiniLM reads some hundred a second on two cores.
_MOST_EMBEDDED = 4_000
_BATCH = 256

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
class Candidate:
    """A name that a feature could have.

    Attributes:
        name: As the vocabulary has it.
        evidence: What speaks for it in standard errors, as terms of documents have it.
        said: Share of the feature's strongest documents that say it or an alternative, weighted by
            their activations.
        documents: How many documents of the labelling part say it.
    """

    name: str
    evidence: float
    said: float
    documents: int


@dataclass(frozen=True)
class Choice:
    """What is known of the names that features could have.

    Attributes:
        candidates: Names of each feature for which enough speaks in its documents.
        recognised: How well a judge recognises each feature's documents by the own label and by
            the candidates, as correlations.
    """

    candidates: dict[int, list[Candidate]]
    recognised: dict[int, Scores]

    @classmethod
    def of(
        cls,
        candidates: Mapping[int, list[Candidate]],
        labels: Sequence[FeatureLabel],
        singles: Mapping[int, FeatureLabel],
        terms: Mapping[int, Scores],
        *,
        judge: OfflineJudge,
        trials: Trials,
        progress: Progress,
    ) -> "Choice":
        """Try the names on documents.

        `singles` are the own labels without a second name joined to the first. Terms of
        each feature's documents come with the evidence for them. Trials are on documents of
        the labelling part.
        """
        enough = {
            feature: some
            for feature, each in candidates.items()
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
        return cls(enough, recognition(texts, judge, trials, progress))

    def named(
        self, labels: Sequence[FeatureLabel], taken: Collection[Key] = ()
    ) -> list[FeatureLabel]:
        """Labels, with a name of the vocabulary where one fits about as well as the own.

        Features choose in order of how well their documents are recognised, but one that is called
        so already comes first. If the names that fit a feature are all given, it keeps its own.

        Names in `taken` are given already.
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
        fit = [
            each
            for each in self.candidates[own.feature]
            if _fits(each, recognised[each.name], own.text, recognised[own.text])
        ]
        best = max((recognised[each.name] for each in fit), default=0.0)
        key = key_of(own.text)

        def order(each: Candidate) -> tuple[bool, bool, float, str]:
            equally = recognised[each.name] >= best - _EQUALLY
            score = float(each.documents) if equally else recognised[each.name]
            return key_of(each.name) != key, not equally, -score, each.name

        return [each.name for each in sorted(fit, key=order)]


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


def vocabulary_candidates(
    vocabulary: Vocabulary,
    tokens: Tokens,
    labelling: Int,
    evidence: Mapping[int, Evidence],
    *,
    covariance: Float,
    embed: Embed | None,
    progress: Progress,
) -> dict[int, list[Candidate]]:
    """The names that set each feature's strongest documents apart most, at most ten.

    Half of them are chosen because these documents say them, or an alternative, more often than
    others do; the rest because these documents are nearer to them in meaning than others are.

    Args:
        vocabulary: The names.
        tokens: Of all documents.
        labelling: Rows of the documents that may be read, ascending.
        evidence: Of each feature that is to have candidates.
        covariance: Of the corpus's embeddings, `(d, d)`.
        embed: Embeds names as the documents were embedded; None to use words alone.
        progress: Counts every name that is embedded.

    Raises:
        EmbedderError: `embed` failed to return one vector of width `d` per name.
    """
    said = find_names(tokens.only(labelling), vocabulary)
    contrast = PhraseContrast(said)
    names = [each.name for each in vocabulary.concepts]
    found: dict[int, Scores] = {}
    shares: dict[int, Counts] = {}
    for feature, each in evidence.items():
        placed = replace(
            each,
            rows=np.searchsorted(labelling, each.rows).astype(np.int32),
            negatives=np.searchsorted(labelling, each.negatives).astype(np.int32),
        )
        strongest = contrast.strongest(placed, _BY_WORDS)
        found[feature] = {names[phrase]: score for phrase, score in strongest if score > 0}
        shares[feature] = _shares(said, placed)
    if embed is not None:
        _add_meaning(
            found, said, names, evidence, covariance=covariance, embed=embed, progress=progress
        )
    documents = np.bincount(said.members, minlength=len(names)).tolist()
    places = {name: place for place, name in enumerate(names)}
    return {
        feature: [
            Candidate(name, score, float(shares[feature][places[name]]), documents[places[name]])
            for name, score in scores.items()
        ]
        for feature, scores in found.items()
    }


def _shares(said: Phrases, evidence: Evidence) -> Counts:
    """Of each name the share of a feature's strongest documents that say it."""
    shares = np.zeros(len(said))
    for row, weight in zip(evidence.rows.tolist(), evidence.weights.tolist(), strict=True):
        shares[said.members[said.indptr[row] : said.indptr[row + 1]]] += weight
    return np.asarray(shares / evidence.weights.sum())


def _add_meaning(
    found: dict[int, Scores],
    said: Phrases,
    names: list[str],
    evidence: Mapping[int, Evidence],
    *,
    covariance: Float,
    embed: Embed,
    progress: Progress,
) -> None:
    """Add what the meaning of names says for them, and the names for which it says most."""
    # Of a large vocabulary, the names that most documents say.
    documents = np.bincount(said.members, minlength=len(names))
    asked = np.sort(np.argsort(-documents, kind="stable")[:_MOST_EMBEDDED])
    vectors = np.empty((len(asked), len(covariance)), dtype=np.float32)
    progress.start("Embedding the vocabulary", len(asked), "names")
    for start in range(0, len(asked), _BATCH):
        batch = [names[place] for place in asked[start : start + _BATCH].tolist()]
        vectors[start : start + len(batch)] = embedded(embed, batch, len(covariance))
        progress.advance(len(batch))
    directions = vectors / spread_of(vectors, covariance)[:, None]
    known = [names[place] for place in asked.tolist()]
    places = {name: place for place, name in enumerate(known)}
    for feature, scores in found.items():
        each = evidence[feature]
        meaning = each.root_size * (directions @ each.shift)
        nearest = {known[place]: 0.0 for place in top(meaning, _BY_MEANING).tolist()}
        found[feature] = {
            name: score + float(meaning[places[name]]) if name in places else score
            for name, score in (nearest | scores).items()
        }


def find_names(tokens: Tokens, vocabulary: Vocabulary) -> Phrases:
    """Where documents say the names of a vocabulary, or their alternatives.

    Singular and plural, capitals, and hyphens in place of spaces are taken for the same.

    The vocabulary's concepts, in their order, are the phrases.
    """
    tree = _Tree(vocabulary, tokens)
    positions, names = tree.occurrences(tokens)
    count = len(vocabulary.concepts)
    lengths = np.array([len(each.name.split()) for each in vocabulary.concepts], dtype=np.int64)
    return assemble(tokens, lengths, np.ones(count, dtype=bool), positions, names)


class _Tree:
    """All names as sequences of the corpus's word numbers, a state for each beginning."""

    def __init__(self, vocabulary: Vocabulary, tokens: Tokens) -> None:
        self._words = max(len(tokens.words), 1)
        self._edges: dict[int, int] = {}
        self._names: list[int] = [-1]
        numbers = tokens.numbers
        texts = [(each.name, *each.alternatives) for each in vocabulary.concepts]
        # A name belongs to its own concept, even if others have it as an alternative.
        for column in range(max((len(each) for each in texts), default=0)):
            owners = [place for place, each in enumerate(texts) if len(each) > column]
            for place, words in zip(
                owners, _words_of([texts[place][column] for place in owners]), strict=True
            ):
                for written in _ways_to_write(words):
                    if all(word in numbers for word in written):
                        self._add([numbers[word] for word in written], place)

    def _add(self, words: list[int], name: int) -> None:
        state = 0
        for word in words:
            state = self._edges.setdefault(state * self._words + word, len(self._names))
            if state == len(self._names):
                self._names.append(-1)
        if self._names[state] < 0:
            self._names[state] = name

    def occurrences(self, tokens: Tokens) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where names begin in `tokens.forms`, and which these are."""
        keys = np.array(sorted(self._edges), dtype=np.int64)
        states = np.array([self._edges[key] for key in keys.tolist()], dtype=np.int64)
        names = np.array(self._names, dtype=np.int64)
        begun = np.flatnonzero(tokens.forms != GAP)
        reached = np.zeros(len(begun), dtype=np.int64)
        found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        depth = 0
        while len(begun) and len(keys):
            wanted = reached * self._words + tokens.words[tokens.forms[begun + depth]]
            places = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
            goes_on = keys[places] == wanted
            begun, reached = begun[goes_on], states[places[goes_on]]
            ends = names[reached] >= 0
            found.append((begun[ends], names[reached[ends]]))
            depth += 1
        positions, numbers = zip(*found, strict=True) if found else ((), ())
        nothing = np.empty(0, dtype=np.int64)
        return np.concatenate([nothing, *positions]), np.concatenate([nothing, *numbers])


def _words_of(names: list[str]) -> Iterator[list[str]]:
    """The words of each name; none where punctuation parts it, or where it is too long."""
    read = tokenize(("", name) for name in names)
    for start, end in zip(read.bodies.tolist(), read.starts[1:].tolist(), strict=True):
        spellings = [read.spellings[form] for form in read.forms[start : end - 1].tolist()]
        whole = all(spellings) and len(spellings) <= _MOST_WORDS
        yield [word_of(spelling) for spelling in spellings] if whole else []


def _ways_to_write(words: list[str]) -> Iterator[list[str]]:
    """With and without hyphens: "low-mass star", "low mass star"; "dark-matter halo"."""
    if not words:
        return
    yield words
    parted = [word_of(part) for word in words for part in word.split("-") if part]
    if parted != words:
        yield parted
    if len(parted) > 1:
        yield [f"{parted[0]}-{parted[1]}", *parted[2:]]
