"""Names of single words, by what stands around them in a feature's documents.

"Groups" names little, "Galaxy groups" does; so a word that mostly stands in one phrase is called by
that. "Logarithmic" names nothing, what follows it does: "Logarithmic corrections". And a feature
whose documents share a word rather than a thing is called by the word with what tells its meanings
apart: "Strings (cosmic, theory)".
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.interpret.labels import LONGEST_LABEL, sentence_case
from saetui.interpret.terms.tokens import Tokens
from saetui.interpret.terms.words import CONTENT, GENERIC, word_of

# One phrase is the whole name if so many of the documents with the word have it.
_ONE = 0.4
# Words in parentheses, and the documents that must have each.
_MOST, _LEAST_DOCUMENTS = 2, 2
# Shorter words are symbols more often than words.
_SHORTEST = 3


def bare(label: str) -> str:
    """A label without what stands in parentheses: what a document is asked for."""
    return label.split(" (", 1)[0]


class Contexts:
    """Reads around words.

    Args:
        tokens: Of the corpus.
    """

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens

    def phrase(self, label: str, rows: Int, *, modifier: bool) -> str:
        """A word with the one beside it that it mostly stands with in some documents.

        Args:
            label: One word.
            rows: The feature's documents.
            modifier: Whether the word is no name by itself. Then what follows it completes it, or,
                where that differs, stands in parentheses; else what is before it completes it.
        """
        if not modifier and self._is_name(label, rows):
            return label
        total, phrases, after = 0, Counter[str](), Counter[str]()
        for before_word, after_word in self._neighbours(label, rows):
            total += 1
            after.update(after_word)
            if modifier:
                phrases.update(f"{label} {word}" for word in after_word)
            else:
                phrases.update(f"{word} {_lowered(label)}" for word in before_word)
        best = min(phrases, key=lambda phrase: (-phrases[phrase], phrase), default="")
        count = phrases[best]
        if count >= max(_ONE * total, _LEAST_DOCUMENTS) and len(best) <= LONGEST_LABEL:
            return sentence_case(best)
        return _with(label, _frequent(after)) if modifier else label

    def told_apart(self, label: str, rows: Int) -> str:
        """A word of several meanings with the words before and after it that tell these apart."""
        around = Counter[str]()
        for before, after in self._neighbours(label, rows):
            around.update(before | after)
        return _with(label, _frequent(around))

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
                yield (
                    self._named(forms, found[found > 0] - 1, key),
                    self._named(forms, found[found < len(forms) - 1] + 1, key),
                )

    def _named(self, forms: Int, places: NDArray[np.integer], key: str) -> set[str]:
        tokens, some = self._tokens, forms[places]
        some = some[np.isin(tokens.kinds[some], (CONTENT, GENERIC)) & (some > 0)]
        words = (_lowered(tokens.spellings[form]) for form in some.tolist())
        return {word for word in words if word_of(word) != key}


def _lowered(word: str) -> str:
    """A word without the capital of a title; names and abbreviations keep theirs."""
    return word.lower() if word[1:].islower() and len(word) > _SHORTEST else word


def _frequent(counted: Counter[str]) -> list[str]:
    """Words of enough documents, the most frequent first, equal ones by the alphabet."""
    enough = [word for word, count in counted.items() if count >= _LEAST_DOCUMENTS]
    return sorted(enough, key=lambda word: (-counted[word], word))


def _with(label: str, words: Sequence[str]) -> str:
    chosen = words[:_MOST]
    text = f"{label} ({', '.join(chosen)})"
    return text if len(chosen) == _MOST and len(text) <= LONGEST_LABEL else label
