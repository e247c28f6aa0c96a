"""Which documents contain which names of a vocabulary."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from saetui.interpret.terms.phrases import Phrases, assemble
from saetui.interpret.terms.tokens import GAP, Tokens, tokenize
from saetui.interpret.terms.words import word_of
from saetui.interpret.vocabulary.names import Vocabulary

# Longer names are found by their meaning alone.
_MOST_WORDS = 8


def find_names(tokens: Tokens, vocabulary: Vocabulary) -> Phrases:
    """Where documents say the names of a vocabulary, or their alternatives.

    Singular and plural, capitals, and hyphens in place of spaces are taken for the same.

    Args:
        tokens: Of the documents.
        vocabulary: Its concepts, in their order, are the phrases.
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
