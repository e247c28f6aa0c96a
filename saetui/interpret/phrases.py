"""The noun phrases of a corpus: word sequences that stand by themselves often enough.

Sequences of one to four words are grown level by level: a sequence can be frequent only if both
sequences that it is made of are (Agrawal and Srikant's Apriori). Without a tagger, what makes a
phrase is read off its surroundings: it often stands before a gap or a stop word, as nouns do and
adjectives do not ("supermassive black" always goes on); it often stands after one ("matter halos"
mostly follows "dark"); and it is not nearly always part of one and the same longer sequence.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.interpret.tokens import CONTENT, GENERIC, NUMBER, STOP, Tokens

MAXIMUM_WORDS = 4

# Shares of a sequence's occurrences. Lower ones let fragments in, higher ones lose rare terms.
_LEAST_FINAL = 0.25
_LEAST_INITIAL = 0.15
_LEAST_VALID = 0.5
_MOST_EXTENDED = 0.7

# As many occurrences tell how a phrase is written.
_OCCURRENCES_READ = 100


@dataclass(frozen=True)
class Phrases:
    """Which documents contain which phrases.

    Attributes:
        tokens: The corpus that the phrases were found in.
        lengths: int64 `(P,)`, words of each phrase.
        whole: bool `(P,)`; false for single words that mostly are part of something longer, as
            "blue" and "Higgs" are: no good names, unless they are all that documents share.
        indptr: int64 `(N + 1,)`; document `i` owns `members[indptr[i]:indptr[i + 1]]`.
        members: int32 `(nnz,)`, phrases of each document, ascending.
        in_title: bool `(nnz,)`, whether the document's title has the phrase.
        places: int64 `(P + 1,)`; phrase `p` begins at `positions[places[p]:places[p + 1]]`.
        positions: int64, ascending for each phrase.
    """

    tokens: Tokens
    lengths: NDArray[np.int64]
    whole: NDArray[np.bool_]
    indptr: NDArray[np.int64]
    members: Int
    in_title: NDArray[np.bool_]
    places: NDArray[np.int64]
    positions: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.lengths)


@dataclass(frozen=True)
class _Level:
    """The frequent sequences of one length, and where they occur.

    Attributes:
        length: Words of each sequence.
        positions: int64 `(m,)`, where each occurrence begins, ascending.
        sequences: int32 `(m,)`, the number of the sequence that occurs there.
        counts: int64, occurrences of each sequence.
    """

    length: int
    positions: NDArray[np.int64]
    sequences: Int
    counts: NDArray[np.int64]

    def by_position(self, size: int) -> Int:
        """The sequence that begins at each of `size` positions, -1 where none does."""
        placed = np.full(size, -1, dtype=np.int32)
        placed[self.positions] = self.sequences
        return placed


def least_documents(corpus_size: int) -> int:
    """In how many documents a sequence must occur to count; keeps the vocabulary small."""
    for limit, least in ((50, 1), (2_000, 2), (50_000, 3)):
        if corpus_size < limit:
            return least
    return 5


def find_phrases(tokens: Tokens) -> Phrases:
    """All phrases of a corpus that could name something."""
    kinds = tokens.kinds[tokens.forms]
    levels, extended = _grow(tokens, kinds)
    lengths, whole, occurrences, phrases = [], [], [], []
    count = 0
    for level, longest in zip(levels, extended, strict=True):
        valid = _valid(level, kinds, tokens)
        fit = _mostly(level, valid) & (longest <= _MOST_EXTENDED * level.counts)
        complete = _stand_alone(level, kinds)
        if level.length > 1:
            fit &= complete
        number = np.where(fit, count + np.cumsum(fit) - 1, -1)
        keep = valid & fit[level.sequences]
        occurrences.append(level.positions[keep])
        phrases.append(number[level.sequences[keep]])
        lengths.append(np.full(int(fit.sum()), level.length))
        whole.append(complete[fit])
        count += int(fit.sum())
    return _assemble(
        tokens,
        np.concatenate(lengths),
        np.concatenate(whole),
        np.concatenate(occurrences),
        np.concatenate(phrases),
    )


def _grow(tokens: Tokens, kinds: NDArray[np.uint8]) -> tuple[list[_Level], list[NDArray[np.int64]]]:
    """Frequent sequences of each length, and how often each has its most frequent extension."""
    positions = np.flatnonzero(kinds != STOP)
    codes = tokens.words[tokens.forms[positions]].astype(np.int64)
    level, _ = _frequent(tokens, 1, positions, codes)
    words = level.by_position(len(tokens.forms) + MAXIMUM_WORDS)
    levels, extended = [level], []
    size = len(level.counts)
    for length in range(2, MAXIMUM_WORDS + 1):
        shorter = level.by_position(len(words))
        positions = level.positions[shorter[level.positions + 1] >= 0]
        codes = shorter[positions].astype(np.int64) * size + words[positions + length - 1]
        longer, first = _frequent(tokens, length, positions, codes)
        most = np.zeros(len(level.counts), dtype=np.int64)
        for offset in (0, 1):
            np.maximum.at(most, shorter[longer.positions[first] + offset], longer.counts)
        extended.append(most)
        levels.append(longer)
        level = longer
    extended.append(np.zeros(len(level.counts), dtype=np.int64))
    return levels, extended


def _frequent(
    tokens: Tokens, length: int, positions: NDArray[np.int64], codes: NDArray[np.int64]
) -> tuple[_Level, NDArray[np.intp]]:
    """The occurrences whose code enough documents share, and the first of each code."""
    _, numbers = np.unique(codes, return_inverse=True)
    documents = tokens.document_of(positions)
    pairs = np.unique(numbers * np.int64(tokens.documents) + documents)
    spread = np.bincount(pairs // max(tokens.documents, 1))
    frequent = spread >= least_documents(tokens.documents)
    renumbered = np.where(frequent, np.cumsum(frequent) - 1, -1).astype(np.int32)
    keep = frequent[numbers]
    positions, sequences = positions[keep], renumbered[numbers[keep]]
    _, first = np.unique(sequences, return_index=True)
    return _Level(length, positions, sequences, np.bincount(sequences).astype(np.int64)), first


def _valid(level: _Level, kinds: NDArray[np.uint8], tokens: Tokens) -> NDArray[np.bool_]:
    """Which occurrences could be a term by the kinds of their words, `(m,)`."""
    spans = kinds[level.positions[:, None] + np.arange(level.length)]
    last = spans[:, -1]
    valid = (spans == CONTENT).any(axis=1) & ((last == CONTENT) | (last == GENERIC))
    if level.length == 1:
        readable = np.array([len(spelling) > 1 for spelling in tokens.spellings])
        return valid & readable[tokens.forms[level.positions]]
    # "Abell 1689", "Planck 2015": a number may come last after a name.
    named = np.array([spelling[:1].isupper() for spelling in tokens.spellings])
    before = tokens.forms[level.positions + level.length - 2]
    after_name = (last == NUMBER) & named[before] & (spans[:, -2] == CONTENT)
    return valid | (after_name & (spans[:, 0] != NUMBER))


def _stand_alone(level: _Level, kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which sequences begin and end noun phrases often enough, one per sequence."""
    before = kinds[level.positions - 1] == STOP
    after = kinds[level.positions + level.length] == STOP
    return (_share(level, after) >= _LEAST_FINAL) & (_share(level, before) >= _LEAST_INITIAL)


def _mostly(level: _Level, where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which sequences have at least half of their occurrences `where`."""
    return _share(level, where) >= _LEAST_VALID


def _share(level: _Level, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    hits = np.bincount(level.sequences[where], minlength=len(level.counts))
    return hits / np.maximum(level.counts, 1)


def _assemble(
    tokens: Tokens,
    lengths: NDArray[np.int64],
    whole: NDArray[np.bool_],
    positions: NDArray[np.int64],
    phrases: NDArray[np.int64],
) -> Phrases:
    size = max(len(lengths), 1)
    documents = tokens.document_of(positions)
    body = positions >= tokens.bodies[documents]
    # The lower of two equal pairs is the one in the title, so that one is kept.
    keys = np.unique((documents.astype(np.int64) * size + phrases) * 2 + body)
    pairs, first = np.unique(keys // 2, return_index=True)
    order = np.lexsort((positions, phrases))
    indptr = np.searchsorted(pairs // size, np.arange(tokens.documents + 1))
    return Phrases(
        tokens,
        lengths,
        whole,
        indptr,
        (pairs % size).astype(np.int32),
        keys[first] % 2 == 0,
        np.searchsorted(phrases[order], np.arange(len(lengths) + 1)),
        positions[order],
    )


def spell(phrases: Phrases, phrase: int) -> str:
    """A phrase as the corpus mostly writes it: its usual number, and capitals where they belong.

    Where it stands at the end of a noun phrase tells its number, because English nouns before
    other nouns are singular. Bodies tell capitals, because titles often capitalise every word.
    """
    tokens, length = phrases.tokens, int(phrases.lengths[phrase])
    span = phrases.positions[phrases.places[phrase] : phrases.places[phrase + 1]]
    span = _preferred(span, tokens.kinds[tokens.forms[span + length]] == STOP)
    span = _preferred(span, span >= tokens.bodies[tokens.document_of(span)])
    read = span[:: -(-len(span) // _OCCURRENCES_READ)]
    written = [
        tuple(tokens.spellings[form] for form in row)
        for row in tokens.forms[read[:, None] + np.arange(length)].tolist()
    ]
    folded = Counter(" ".join(row).lower() for row in written)
    usual = min(folded, key=lambda text: (-folded[text], text))
    alike = [row for row in written if " ".join(row).lower() == usual]
    columns = [Counter(column) for column in zip(*alike, strict=True)]
    # Between equally frequent spellings the one with fewer capitals wins.
    return " ".join(min(each, key=lambda form: (-each[form], form.swapcase())) for each in columns)


def _preferred(span: NDArray[np.int64], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    return span[wanted] if wanted.any() else span
