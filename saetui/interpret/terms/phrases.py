"""Find the noun phrases of a corpus, without a part-of-speech tagger, and how they are written.

Sequences of one to four words that enough documents contain are found level by level: a sequence
can only be frequent if both of its shorter parts are (Agrawal and Srikant, "Fast Algorithms for
Mining Association Rules", 1994), so most of the rare long sequences are never counted.

A sequence is a phrase if its surroundings say so:

- It often ends before a gap or a stop word ("supermassive black" never does).
- It often begins after one ("matter halos" does not: mostly "dark" is before it).
- It is not nearly always part of the same longer sequence, as "tidal disruption" is of "tidal
  disruption events".
- If it is a single word, it rarely has an object, as "constrain" in "constrain the".
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.core.words import UNSPACED
from saetui.interpret.terms.tokens import Tokens
from saetui.interpret.terms.words import (
    CONTENT,
    DETERMINERS,
    GENERIC,
    NUMBER,
    STOP,
    without_elision,
)

LONGEST = 4
# Shares of a sequence's occurrences. Lower ones admit fragments, higher ones lose rare terms.
_LEAST_FINAL = 0.25
_LEAST_INITIAL = 0.15
_LEAST_VALID = 0.5
_MOST_EXTENDED = 0.7
# A single word that rarely stands alone must at least combine with many others.
_MOST_EXTENDED_PART = 0.35
# A word with more objects is a verb ("constrain", "simulating"). Nouns that are also verbs
# ("mapping", "rendering") have fewer.
_MOST_OBJECTS = 0.12
# How many occurrences, evenly spread, decide how a phrase is written.
_OCCURRENCES_READ = 100


@dataclass(frozen=True)
class Level:
    """The frequent sequences of one length, `S` of them, and where they occur.

    Attributes:
        length: Words of each sequence.
        positions: int64 `(m,)`, where each occurrence begins, ascending.
        sequences: int32 `(m,)`, the number of the sequence that occurs there.
        counts: int64 `(S,)`, occurrences of each sequence.
        extended: int64 `(S,)`, how many of these are part of the most frequent sequence that is
            one word longer; 0 if there is none.
    """

    length: int
    positions: NDArray[np.int64]
    sequences: Int
    counts: NDArray[np.int64]
    extended: NDArray[np.int64]

    def by_position(self, size: int) -> Int:
        """The number of the sequence that begins at each of `size` positions; -1 for none."""
        placed = np.full(size, -1, dtype=np.int32)
        placed[self.positions] = self.sequences
        return placed


@dataclass(frozen=True)
class Phrases:
    """Which documents contain which phrases, `P` of them.

    Attributes:
        tokens: The corpus that they were found in.
        lengths: int64 `(P,)`, words of each phrase.
        whole: bool `(P,)`; false for single words that mostly occur as part of longer phrases, as
            "blue" and "Higgs" do. They are poor names unless documents share nothing else.
        indptr: int64 `(N + 1,)`; document `i` owns `members[indptr[i]:indptr[i + 1]]`.
        members: int32 `(nnz,)`, phrases of each document, ascending.
        in_title: bool `(nnz,)`, whether the document's title contains the phrase.
        places: int64 `(P + 1,)`; phrase `p` begins at `positions[places[p]:places[p + 1]]`.
        positions: int64, places in `tokens.forms`, ascending for each phrase.
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
class _Selection:
    """The phrases of one length, numbered from 0, and where they occur."""

    lengths: NDArray[np.int64]
    whole: NDArray[np.bool_]
    positions: NDArray[np.int64]
    numbers: NDArray[np.int64]


def find_phrases(tokens: Tokens) -> Phrases:
    """All phrases of a corpus that could name a concept, shorter ones first."""
    kinds = tokens.kinds[tokens.forms]
    selections = [_select(level, kinds, tokens) for level in frequent_sequences(tokens)]
    sizes = [len(selection.lengths) for selection in selections]
    before = np.cumsum([0, *sizes[:-1]])
    phrases = [each.numbers + first for each, first in zip(selections, before, strict=True)]
    return assemble(
        tokens,
        np.concatenate([each.lengths for each in selections]),
        np.concatenate([each.whole for each in selections]),
        np.concatenate([each.positions for each in selections]),
        np.concatenate(phrases),
    )


def frequent_sequences(tokens: Tokens) -> list[Level]:
    """Levels of one to four words, without sequences that contain a stop word or a gap."""
    positions = np.flatnonzero(tokens.kinds[tokens.forms] != STOP)
    codes = tokens.words[tokens.forms[positions]].astype(np.int64)
    level = _frequent(tokens, 1, positions, codes)
    words = level.by_position(len(tokens.forms))
    levels = [level]
    for length in range(2, LONGEST + 1):
        shorter = level.by_position(len(words))
        positions = level.positions[shorter[level.positions + 1] >= 0]
        # The last word is part of a frequent sequence, so it has a number.
        codes = shorter[positions].astype(np.int64) * len(levels[0].counts)
        level = _frequent(tokens, length, positions, codes + words[positions + length - 1])
        _note_extensions(levels[-1], shorter, level)
        levels.append(level)
    return levels


def _frequent(
    tokens: Tokens, length: int, positions: NDArray[np.int64], codes: NDArray[np.int64]
) -> Level:
    """The sequences, given by `codes`, that enough documents contain."""
    _, numbers = np.unique(codes, return_inverse=True)
    pairs = np.unique(numbers * np.int64(tokens.documents) + tokens.document_of(positions))
    spread = np.bincount(pairs // max(tokens.documents, 1))
    frequent = spread >= _least_documents(tokens.documents)
    renumbered = (np.cumsum(frequent) - 1).astype(np.int32)
    keep = frequent[numbers]
    sequences = renumbered[numbers[keep]]
    counts = np.bincount(sequences, minlength=int(frequent.sum()))
    return Level(length, positions[keep], sequences, counts, np.zeros_like(counts))


def _note_extensions(level: Level, placed: Int, longer: Level) -> None:
    """Note how often each sequence of `level` is part of its most frequent extension."""
    _, first = np.unique(longer.sequences, return_index=True)
    for offset in (0, 1):
        part = placed[longer.positions[first] + offset]
        np.maximum.at(level.extended, part, longer.counts)


def _least_documents(corpus_size: int) -> int:
    """How many documents must contain a sequence; more in large corpora, to limit their number."""
    for limit, least in ((50, 1), (2_000, 2), (50_000, 3)):
        if corpus_size < limit:
            return least
    return 5


def _select(level: Level, kinds: NDArray[np.uint8], tokens: Tokens) -> _Selection:
    valid = _valid(level, kinds, tokens)
    whole = _stand_alone(level, kinds)
    limit = np.where(whole, _MOST_EXTENDED, _MOST_EXTENDED_PART)
    fit = (_share(level, valid) >= _LEAST_VALID) & (level.extended <= limit * level.counts)
    if level.length > 1:
        fit &= whole
    else:
        fit &= _share(level, _before_objects(level, tokens)) <= _MOST_OBJECTS
    numbers = np.cumsum(fit) - 1
    keep = valid & fit[level.sequences]
    return _Selection(
        np.full(int(fit.sum()), level.length, dtype=np.int64),
        whole[fit],
        level.positions[keep],
        numbers[level.sequences[keep]],
    )


def _valid(level: Level, kinds: NDArray[np.uint8], tokens: Tokens) -> NDArray[np.bool_]:
    """Which occurrences could be a term by the kinds of their words, `(m,)`."""
    spans = kinds[level.positions[:, None] + np.arange(level.length)]
    last = spans[:, -1]
    valid: NDArray[np.bool_] = np.isin(last, (CONTENT, GENERIC))
    valid &= (spans == CONTENT).any(axis=1)
    if level.length == 1:
        readable = np.array([len(spelling) > 1 for spelling in tokens.spellings])
        valid &= readable[tokens.forms[level.positions]]
    else:
        # Variables of formulas make poor phrases: "word w", "h t". But "H II" and "p value" do not.
        variable = np.array([len(each) == 1 and not each.isupper() for each in tokens.spellings])
        valid &= ~variable[tokens.forms[level.positions + level.length - 1]]
        # "number 32 report": where no spaces are between words, numbers only count things.
        unspaced = np.array([UNSPACED.match(spelling) is not None for spelling in tokens.spellings])
        forms = tokens.forms[level.positions[:, None] + np.arange(level.length)]
        valid &= ~((spans == NUMBER).any(axis=1) & unspaced[forms].any(axis=1))
        # A name in Latin letters begins anew after a word of such a script, but not before it.
        valid &= ~(unspaced[forms[:, :-1]].any(axis=1) & ~unspaced[forms[:, -1]])
        # "Abell 1689", "Planck 2015": a number may come last after a name.
        named = np.array([spelling[:1].isupper() for spelling in tokens.spellings])
        before = tokens.forms[level.positions + level.length - 2]
        after_name = named[before] & (spans[:, -2] == CONTENT) & (spans[:, 0] != NUMBER)
        valid |= after_name & (last == NUMBER)
    return valid


def _stand_alone(level: Level, kinds: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which sequences begin and end noun phrases often enough, `(S,)`."""
    first = _share(level, kinds[level.positions - 1] == STOP) >= _LEAST_INITIAL
    last = _share(level, kinds[level.positions + level.length] == STOP) >= _LEAST_FINAL
    return np.logical_and(first, last)


def _before_objects(level: Level, tokens: Tokens) -> NDArray[np.bool_]:
    """Which occurrences stand right before a determiner, `(m,)`."""
    # Capitals are left out: the "A" of "Sagittarius A" is none.
    determines = np.array([spelling in DETERMINERS for spelling in tokens.spellings])
    return np.asarray(determines[tokens.forms[level.positions + level.length]])


def _share(level: Level, where: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each sequence, the share of its occurrences for which `where` is true, `(S,)`."""
    hits = np.bincount(level.sequences[where], minlength=len(level.counts))
    return hits / np.maximum(level.counts, 1)


def assemble(
    tokens: Tokens,
    lengths: NDArray[np.int64],
    whole: NDArray[np.bool_],
    positions: NDArray[np.int64],
    phrases: NDArray[np.int64],
) -> Phrases:
    """Phrases from where they occur.

    Args:
        tokens: The corpus.
        lengths: Words of each phrase.
        whole: Of each phrase, see `Phrases`.
        positions: Where each occurrence begins in `tokens.forms`.
        phrases: The number of the phrase that occurs there.
    """
    size = max(len(lengths), 1)
    documents = tokens.document_of(positions)
    body = positions >= tokens.bodies[documents]
    # A pair has a lower key in the title than in the body, so `np.unique` keeps the title's.
    keys = np.unique((documents * size + phrases) * 2 + body)
    pairs, first = np.unique(keys // 2, return_index=True)
    order = np.lexsort((positions, phrases))
    return Phrases(
        tokens,
        lengths,
        whole,
        np.searchsorted(pairs // size, np.arange(tokens.documents + 1)),
        (pairs % size).astype(np.int32),
        keys[first] % 2 == 0,
        np.searchsorted(phrases[order], np.arange(len(lengths) + 1)),
        positions[order],
    )


def spell(phrases: Phrases, phrase: int) -> str:
    """A phrase as the corpus mostly writes it.

    Singular or plural is decided where it ends a noun phrase, because English nouns before other
    nouns are singular. Capitals are decided in bodies, because titles often capitalise every word.
    Of equally frequent spellings the first by alphabet wins, then the one with fewer capitals.
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
    return without_elision(
        " ".join(min(each, key=lambda form: (-each[form], form.swapcase())) for each in columns)
    )


def _preferred(span: NDArray[np.int64], wanted: NDArray[np.bool_]) -> NDArray[np.int64]:
    return span[wanted] if wanted.any() else span
