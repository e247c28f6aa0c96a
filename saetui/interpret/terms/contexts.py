"""Names of single words, by what stands around them in a feature's documents.

"Groups" names little, "Galaxy groups" does; so a word that mostly stands in one phrase is called by
that. "Logarithmic" names nothing, what follows it does: "Logarithmic corrections". And a feature
whose documents share a word rather than a thing is called by the word with what tells its meanings
apart: "Strings (cosmic, theory)".
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.core.features import TWO, WORD
from saetui.core.words import UNSPACED, without_spaces
from saetui.interpret.judging.evidence import Evidence, Sample
from saetui.interpret.judging.quality import Quality, mean_cosine
from saetui.interpret.labels import (
    LONGEST_LABEL,
    FeatureLabel,
    alike,
    contains,
    is_joined,
    key_of,
    sentence_case,
)
from saetui.interpret.terms.tokens import Tokens
from saetui.interpret.terms.vocabulary_choice import METHOD as FROM_VOCABULARY
from saetui.interpret.terms.words import CONTENT, GENERIC, kind_of, without_elision, word_of

# A phrase becomes the whole name if this share of the documents with the word have it, and at least
# `_LEAST_DOCUMENTS`: first for what follows a modifier, then for what stands before a noun.
_FOLLOWING, _BEFORE = 0.4, 0.34
# Documents that must have each of the two words in parentheses; one is enough for a word that this
# many documents of the corpus have beside the label.
_LEAST_DOCUMENTS, _USUAL = 2, 2
# Before "spin" stands "hole", after "binary" stands "black"; a word that has the same one before or
# after it in this share of its occurrences brings that along: "Black hole spin".
_BOUND = 0.7
# An English word of one of these endings that mostly has a noun after it is an adjective.
_ADJECTIVES = ("al", "ic", "ous", "ive", "ary", "able", "ible", "wise", "based", "parallel")
_MOSTLY = 0.6
# Documents with a word of one meaning are more alike than this: on astro-ph and cs.LG below it are
# "Noise", "Mapping", "Water" and "Filaments", above it "Asteroids", "Neutrinos" and "Lithium".
_LOOSE = 0.155
# Occurrences of a word that say what stands before it, and documents that say how alike they are.
_LOOKED_AT = 500
# Shorter words are symbols more often than words.
_SHORTEST = 3


def bare(label: str) -> str:
    """A label without what stands in parentheses: what a document is asked for."""
    return label.split(" (", 1)[0]


class Contexts:
    """Reads around words.

    The sample stands for the corpus.
    """

    def __init__(self, tokens: Tokens, sample: Sample) -> None:
        self._tokens, self._sample = tokens, sample
        # The most frequent of the ways to write each word.
        counts = np.bincount(tokens.forms, minlength=len(tokens.spellings)).tolist()
        forms = [*zip(tokens.words.tolist(), tokens.spellings, counts, strict=True)]
        forms.sort(key=lambda form: (form[2], form[1]))
        self._spelled = {word: spelling for word, spelling, _ in forms}
        # By the corpus, which knows the function words of its languages.
        by_spelling = dict(zip(tokens.spellings, tokens.kinds.tolist(), strict=True))
        self._kinds = {word: by_spelling[spelling] for word, spelling in self._spelled.items()}
        # And of the capitals of each spelling; the first words of titles have more than others.
        self._cased = {spelling.lower(): spelling for _, spelling, _ in forms}
        self._bounds: dict[str, list[str]] = {}
        # The word at each place, and all places sorted by word.
        self._words = tokens.words[tokens.forms]
        self._places = np.argsort(self._words, kind="stable")
        self._starts = np.searchsorted(self._words[self._places], np.arange(len(tokens.words) + 1))

    def phrase(self, label: str, rows: Int, *, modifier: bool) -> str:
        """A word with the one beside it that it often stands with in some documents.

        Args:
            label: One word.
            rows: The feature's documents.
            modifier: Whether the word is no name by itself. Then what follows it completes it, or,
                where that differs, stands in parentheses; else what is before it completes it.
        """
        found = list(self._neighbours(label, rows))
        followed = sum(bool(after) for _, after in found)
        if label.casefold().endswith(_ADJECTIVES) and followed >= _MOSTLY * len(found):
            modifier = True
        if not modifier and self.is_name(label, rows):
            return label
        phrases = Counter[str]()
        for before, after in found:
            beside = after if modifier else before
            phrases.update(
                f"{label} {word}" if modifier else f"{word} {self._linked(label)}"
                for word in beside
            )
        best = min(phrases, key=lambda phrase: (-phrases[phrase], phrase), default="")
        share = _FOLLOWING if modifier else _BEFORE
        enough = phrases[best] >= max(share * len(found), _LEAST_DOCUMENTS)
        if enough and len(best) <= LONGEST_LABEL:
            return without_spaces(sentence_case(without_elision(best)))
        return self._with(label, [after for _, after in found]) if modifier else label

    def loose(self, labels: Iterable[str]) -> set[str]:
        """Those of some words whose documents have little in common, as those with "noise"."""
        found = set()
        for label in labels:
            rows = np.unique(self._tokens.document_of(self._places_of(label)))
            of_sample = self._sample.places(rows.astype(np.int32))[:_LOOKED_AT]
            if len(of_sample) > 1:
                vectors = self._sample.vectors[of_sample] - self._sample.mean
                if mean_cosine(vectors) < _LOOSE:
                    found.add(label)
        return found

    def told_apart(self, label: str, rows: Int) -> str:
        """A label of several meanings with the words before and after it that tell these apart.

        The first is the most frequent, the second the one of most documents without the first.
        """
        documents = [before | after for before, after in self._neighbours(label, rows)]
        return self._with(label, documents)

    def _with(self, label: str, documents: Sequence[set[str]]) -> str:
        """A label with the words, in parentheses, that divide its documents best, if there are any.

        `documents` holds the words beside it in each document.
        """
        found = np.unique(self._tokens.document_of(self._places_of(label)))
        anywhere = found[:_LOOKED_AT].astype(np.int32)
        beside = Counter(
            word for before, after in self._neighbours(label, anywhere) for word in before | after
        )
        usual = {word for word, count in beside.items() if count >= _USUAL}
        frequent = _frequent(documents, usual)
        chosen = frequent[:1]
        if chosen:
            without = [each for each in documents if not any(_related(chosen[0], w) for w in each)]
            others = (*_frequent(without, usual), *frequent)
            chosen.extend(islice((word for word in others if not _related(chosen[0], word)), 1))
        text = without_spaces(f"{label} ({', '.join(map(without_elision, chosen))})")
        return text if len(chosen) == 2 and len(text) <= LONGEST_LABEL else label

    def is_name(self, label: str, rows: Int) -> bool:
        """Whether some documents mostly write a word with a capital first letter."""
        tokens, number = self._tokens, self._tokens.numbers.get(word_of(label), -1)
        written = Counter[bool]()
        for row in rows.tolist():
            forms = tokens.forms[tokens.bodies[row] : tokens.starts[row + 1]]
            same = forms[tokens.words[forms] == number]
            written.update(tokens.spellings[form][:1].isupper() for form in same.tolist())
        return written[True] > written[False]

    def _places_of(self, label: str) -> NDArray[np.int64]:
        """Where the first word of a label stands, wherever the others follow it; ascending."""
        numbers = [
            self._tokens.numbers.get(word_of(word), -1) for word in self._tokens.words_in(label)
        ]
        if not numbers or min(numbers) < 0:
            return np.zeros(0, dtype=np.int64)
        places = self._places[self._starts[numbers[0]] : self._starts[numbers[0] + 1]]
        for distance, number in enumerate(numbers[1:], 1):
            places = places[places < len(self._words) - distance]
            places = places[self._words[places + distance] == number]
        return places

    def _neighbours(self, label: str, rows: Int) -> Iterator[tuple[set[str], set[str]]]:
        """For each document with the label, the words of content right before and after it."""
        tokens = self._tokens
        words = tokens.words_in(label)
        keys, places, length = set(map(word_of, words)), self._places_of(label), len(words)
        for row in rows.tolist():
            start, end = tokens.starts[row : row + 2].tolist()
            found = places[slice(*np.searchsorted(places, (start, end)).tolist())]
            if len(found):
                before = self._named(found[found > start] - 1, keys)
                after = self._named(found[found < end - length] + length, keys)
                yield (
                    {self._bound(word, keys) for word in before},
                    {self._bound(word, keys) for word in after},
                )

    def _bound(self, word: str, keys: Collection[str]) -> str:
        """A word with the one that nearly always stands before or after it: "black hole".

        It is not completed by a word of the label, whose keys are given.
        """
        if word not in self._bounds:
            places, last = self._places_of(word)[:_LOOKED_AT], len(self._words) - 1
            self._bounds[word] = [
                self._nearly_always(self._words[np.clip(beside, 0, last)])
                for beside in (places - 1, places + 1)
            ]
        before, after = (each if word_of(each) not in keys else "" for each in self._bounds[word])
        return f"{before} {word}" if before else f"{word} {after}" if after else word

    def _nearly_always(self, words: Int) -> str:
        """The word of content that most of some words are, as it is mostly written, or ""."""
        found, count = next(iter(Counter(words.tolist()).most_common(1)), (0, 0))
        spelling = self._spelled.get(found, "")
        content = self._kinds.get(found) in (CONTENT, GENERIC)
        return self._cased[spelling.lower()] if content and count >= _BOUND * len(words) else ""

    def _linked(self, label: str) -> str:
        """A word as it stands after another: "image" as "d'image" where it is mostly written so."""
        spelled = self._spelled.get(self._tokens.numbers.get(word_of(label), -1), "")
        return spelled if without_elision(spelled) != spelled else _lowered(label)

    def _named(self, places: NDArray[np.int64], keys: Collection[str]) -> set[str]:
        tokens, some = self._tokens, self._tokens.forms[places]
        some = some[np.isin(tokens.kinds[some], (CONTENT, GENERIC)) & (some > 0)]
        words = (self._cased[tokens.spellings[form].lower()] for form in some.tolist())
        # A letter of Chinese by itself is a part of a word that the segmenter does not know.
        whole = (word for word in words if len(word) > 1 or not UNSPACED.match(word))
        return {word for word in whole if word_of(word) not in keys}


def in_a_phrase(
    label: FeatureLabel,
    evidence: Evidence | None,
    contexts: Callable[[], Contexts],
    *,
    modifier: bool,
) -> FeatureLabel:
    """A label that is no whole name with the word that it mostly stands with, if there is one.

    A `modifier` is no name by itself. The contexts of words are worked out when they are
    needed.
    """
    if evidence is None or not (_is_word(label) or modifier):
        return label
    text = contexts().phrase(label.text, evidence.rows, modifier=modifier)
    return replace(label, text=text)


def told_apart(
    labels: Sequence[FeatureLabel],
    quality: Quality,
    only: Collection[int],
    known: Mapping[int, Evidence],
    *,
    single: Mapping[int, FeatureLabel],
    terms: Mapping[int, Sequence[str]],
    contexts: Callable[[], Contexts],
) -> list[FeatureLabel]:
    """Labels that fit the quality of their features.

    Two names stay joined only where a feature is two concepts. A word with several meanings gets
    the words that tell these apart.

    Only labels of features in `only` change. `single` are labels by one name, `terms` what
    features could be called, best first. Contexts are worked out when they are needed.
    """
    found = list(labels)
    words = {labels[feature].text for feature in only if _is_word(labels[feature])}
    loose = contexts().loose(words) if words else set()
    taken = {key_of(label.text) for label in labels}
    for feature in only:
        kind = quality.words[feature]
        joined = is_joined(labels[feature].text) and labels[feature].method != FROM_VOCABULARY
        if joined and kind != TWO and feature in single:
            found[feature] = single[feature]
        evidence, label = known.get(feature), found[feature]
        if evidence is None or not _is_from_documents(label) or bare(label.text) != label.text:
            continue
        # "Proteins, implicit representations": another feature has the name "Proteins".
        first, *others = label.text.split(", ")
        vague = label.text in loose and not contexts().is_name(label.text, evidence.rows)
        if others or vague or (kind == WORD and _is_word(label)):
            told = contexts().told_apart(first, evidence.rows)
            if told == first:
                told = _longer(first, terms.get(feature, ()))
            if told != first and (not others or key_of(told) not in taken):
                taken.add(key_of(told))
                found[feature] = replace(label, text=told)
    return found


def _longer(label: str, terms: Sequence[str]) -> str:
    """The best term that contains a label, or the label."""
    key = key_of(label)
    longer = (term for term in terms if key_of(term) != key and contains(key_of(term), key))
    return without_spaces(sentence_case(next(longer, label)))


def _is_word(label: FeatureLabel) -> bool:
    """Whether a label is one word, taken from the documents."""
    return _is_from_documents(label) and len(label.text.split()) == 1


def _is_from_documents(label: FeatureLabel) -> bool:
    """Whether a label is a term of the documents."""
    return label.method not in ("none", "title", FROM_VOCABULARY)


def _lowered(word: str) -> str:
    """A word without the capital of a title; names and abbreviations keep theirs."""
    return word.lower() if word[1:].islower() and len(word) > _SHORTEST else word


def _frequent(documents: Iterable[set[str]], usual: Collection[str]) -> list[str]:
    """Words of enough documents, the most frequent first, equal ones by the alphabet.

    Of the forms of a word the most frequent stands for all; words such as "method" are left out.

    Of `usual` words, one document is enough.
    """
    counted = Counter(word for each in documents for word in each)
    forms: dict[str, list[str]] = {}
    for word in sorted(counted, key=lambda word: (-counted[word], word)):
        if kind_of(word) != GENERIC:
            forms.setdefault(word_of(word.casefold()), []).append(word)
    totals = {each[0]: sum(counted[form] for form in each) for each in forms.values()}
    enough = [word for word, count in totals.items() if count >= _LEAST_DOCUMENTS or word in usual]
    return sorted(enough, key=lambda word: (-totals[word], word))


def _related(one: str, other: str) -> bool:
    """Whether words say the same, as "black" and "black hole" do, or "star" and "starry"."""
    short, long = sorted((key_of(one.casefold()), key_of(other.casefold())), key=len)
    return contains(long, short) or any(alike(a, b) for a in short for b in long)
