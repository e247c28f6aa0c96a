"""Names of single words, by what stands around them in a feature's documents.

"Groups" names little, "Galaxy groups" does; so a word that mostly stands in one phrase is called by
that. "Logarithmic" names nothing, what follows it does: "Logarithmic corrections". And a feature
whose documents share a word rather than a thing is called by the word with what tells its meanings
apart: "Strings (cosmic, theory)".
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.core.unspaced import without_spaces
from saetui.interpret.judging.evidence import Sample
from saetui.interpret.judging.quality import mean_cosine
from saetui.interpret.labels import LONGEST_LABEL, alike, contains, key_of, sentence_case
from saetui.interpret.terms.tokens import Tokens
from saetui.interpret.terms.words import CONTENT, GENERIC, kind_of, word_of

# One phrase is the whole name if so many of the documents with the word have it, and as many as
# `_LEAST_DOCUMENTS`: what follows a modifier, what is before a noun.
_FOLLOWING, _BEFORE = 0.4, 0.34
# Documents that must have each of the two words in parentheses.
_LEAST_DOCUMENTS = 2
# Before "spin" stands "hole", after "binary" stands "black"; a word that has the same one before or
# after it in this share of its occurrences brings that along: "Black hole spin".
_BOUND = 0.7
# An English word of one of these endings that mostly has a noun after it is an adjective.
_ADJECTIVES = ("al", "ic", "ous", "ive", "ary", "able", "ible", "wise", "based", "parallel")
_MOSTLY = 0.6
# Documents with a word of one meaning are more alike than this: on astro-ph and cs.LG below it are
# "Noise", "Mapping", "Seeds" and "Halos", above it "Asteroids", "Neutrinos" and "Quantization".
_LOOSE = 0.13
# Occurrences of a word that say what stands before it, and documents that say how alike they are.
_LOOKED_AT = 500
# Shorter words are symbols more often than words.
_SHORTEST = 3


def bare(label: str) -> str:
    """A label without what stands in parentheses: what a document is asked for."""
    return label.split(" (", 1)[0]


class Contexts:
    """Reads around words.

    Args:
        tokens: Of the corpus.
        sample: Documents that stand for the corpus.
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
        if not modifier and self._is_name(label, rows):
            return label
        phrases = Counter[str]()
        for before, after in found:
            beside = after if modifier else before
            phrases.update(
                f"{label} {word}" if modifier else f"{word} {_lowered(label)}" for word in beside
            )
        best = min(phrases, key=lambda phrase: (-phrases[phrase], phrase), default="")
        share = _FOLLOWING if modifier else _BEFORE
        enough = phrases[best] >= max(share * len(found), _LEAST_DOCUMENTS)
        if enough and len(best) <= LONGEST_LABEL:
            return without_spaces(sentence_case(best))
        return _with(label, [after for _, after in found]) if modifier else label

    def loose(self, labels: Iterable[str]) -> set[str]:
        """Those of some words whose documents have little in common, as those with "noise".

        Args:
            labels: One word each.
        """
        tokens = self._tokens
        numbers = {label: tokens.numbers.get(word_of(label), -1) for label in labels}
        wanted = np.zeros(len(tokens.numbers) + int(tokens.words.max(initial=0)) + 1, dtype=bool)
        wanted[[number for number in numbers.values() if number >= 0]] = True
        places = np.flatnonzero(wanted[tokens.words[tokens.forms]])
        words = tokens.words[tokens.forms[places]]
        documents = tokens.document_of(places)
        found = set()
        for label, number in numbers.items():
            rows = np.unique(documents[words == number])
            of_sample = self._sample.places(rows.astype(np.int32))[:_LOOKED_AT]
            if len(of_sample) > 1:
                vectors = self._sample.vectors[of_sample] - self._sample.mean
                if mean_cosine(vectors) < _LOOSE:
                    found.add(label)
        return found

    def told_apart(self, label: str, rows: Int) -> str:
        """A word of several meanings with the words before and after it that tell these apart.

        The first is the most frequent, the second the one of most documents without the first.
        """
        return _with(label, [before | after for before, after in self._neighbours(label, rows)])

    def _is_name(self, label: str, rows: Int) -> bool:
        """Whether documents mostly write a word with a capital first letter."""
        tokens, number = self._tokens, self._tokens.numbers.get(word_of(label), -1)
        written = Counter[bool]()
        for row in rows.tolist():
            forms = tokens.forms[tokens.bodies[row] : tokens.starts[row + 1]]
            same = forms[tokens.words[forms] == number]
            written.update(tokens.spellings[form][:1].isupper() for form in same.tolist())
        return written[True] > written[False]

    def _neighbours(self, label: str, rows: Int) -> Iterator[tuple[set[str], set[str]]]:
        """For each document with the word, the words of content right before and after it."""
        tokens, key = self._tokens, word_of(label)
        number = tokens.numbers.get(key, -1)
        for row in rows.tolist():
            forms = tokens.forms[tokens.starts[row] : tokens.starts[row + 1]]
            found = np.flatnonzero(tokens.words[forms] == number)
            if len(found):
                before = self._named(forms, found[found > 0] - 1, key)
                after = self._named(forms, found[found < len(forms) - 1] + 1, key)
                yield (
                    {self._bound(word, key) for word in before},
                    {self._bound(word, key) for word in after},
                )

    def _bound(self, word: str, key: str) -> str:
        """A word with the one that nearly always stands before or after it: "black hole".

        Args:
            word: To be completed.
            key: Of the label, beside which it stands and by which it is not completed.
        """
        tokens, number = self._tokens, self._tokens.numbers.get(word_of(word), -1)
        if word not in self._bounds:
            places = np.flatnonzero(tokens.words[tokens.forms] == number)[:_LOOKED_AT]
            last = len(tokens.forms) - 1
            self._bounds[word] = [
                self._nearly_always(tokens.words[tokens.forms[np.clip(beside, 0, last)]])
                for beside in (places - 1, places + 1)
            ]
        before, after = (each if word_of(each) != key else "" for each in self._bounds[word])
        return f"{before} {word}" if before else f"{word} {after}" if after else word

    def _nearly_always(self, words: Int) -> str:
        """The word of content that most of some words are, as it is mostly written, or ""."""
        found, count = next(iter(Counter(words.tolist()).most_common(1)), (0, 0))
        spelling = self._spelled.get(found, "")
        content = self._kinds.get(found) in (CONTENT, GENERIC)
        return self._cased[spelling.lower()] if content and count >= _BOUND * len(words) else ""

    def _named(self, forms: Int, places: NDArray[np.integer], key: str) -> set[str]:
        tokens, some = self._tokens, forms[places]
        some = some[np.isin(tokens.kinds[some], (CONTENT, GENERIC)) & (some > 0)]
        words = (self._cased[tokens.spellings[form].lower()] for form in some.tolist())
        return {word for word in words if word_of(word) != key}


def _lowered(word: str) -> str:
    """A word without the capital of a title; names and abbreviations keep theirs."""
    return word.lower() if word[1:].islower() and len(word) > _SHORTEST else word


def _with(label: str, documents: Sequence[set[str]]) -> str:
    """A label with the words, in parentheses, that divide its documents best, if there are any.

    Args:
        label: One word.
        documents: The words beside it in each document.
    """
    frequent = _frequent(documents)
    chosen = frequent[:1]
    if chosen:
        without = [each for each in documents if not any(_related(chosen[0], w) for w in each)]
        other = (word for word in [*_frequent(without), *frequent] if not _related(chosen[0], word))
        chosen.extend(islice(other, 1))
    text = without_spaces(f"{label} ({', '.join(chosen)})")
    return text if len(chosen) == 2 and len(text) <= LONGEST_LABEL else label


def _frequent(documents: Iterable[set[str]]) -> list[str]:
    """Words of enough documents, the most frequent first, equal ones by the alphabet.

    Of the forms of a word the most frequent stands for all; words such as "method" are left out.
    """
    counted = Counter(word for each in documents for word in each)
    forms: dict[str, list[str]] = {}
    for word in sorted(counted, key=lambda word: (-counted[word], word)):
        if kind_of(word) != GENERIC:
            forms.setdefault(word_of(word.casefold()), []).append(word)
    totals = {each[0]: sum(counted[form] for form in each) for each in forms.values()}
    enough = [word for word, count in totals.items() if count >= _LEAST_DOCUMENTS]
    return sorted(enough, key=lambda word: (-totals[word], word))


def _related(one: str, other: str) -> bool:
    """Whether words say the same, as "black" and "black hole" do, or "star" and "starry"."""
    short, long = sorted((key_of(one.casefold()), key_of(other.casefold())), key=len)
    return contains(long, short) or any(alike(a, b) for a in short for b in long)
