"""Find word sequences, of one to four words, that enough documents contain.

They are found level by level: a sequence can only be frequent if both of its shorter parts are
(Agrawal and Srikant, "Fast Algorithms for Mining Association Rules", 1994), so most of the rare
long sequences are never counted.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Int
from saetui.interpret.terms.tokens import Tokens
from saetui.interpret.terms.words import STOP

LONGEST = 4


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
