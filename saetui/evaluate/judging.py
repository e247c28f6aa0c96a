"""Who tells from results alone what steering did; none of them knows the SAE or its embedder."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.interpret.tokens import Tokens
from saetui.interpret.word_space import WordSpace

WORDS = "words"
"""How fully documents use a label's words, by BM25."""

WORD_SPACE = "word space"
"""How alike documents and a label are by latent semantic analysis of the corpus's words."""

JUDGES = (WORDS, WORD_SPACE)

_LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class Relevance:
    """How relevant documents are to labels, for each judge.

    Attributes:
        judges: By name, relevance float32 `(N, labels)`, each label in standard deviations of the
            corpus, so that labels can be compared.
    """

    judges: dict[str, Float]

    def change(self, judge: str, before: NDArray[np.int64], after: NDArray[np.int64]) -> Float:
        """By how much the mean relevance of results rose, for each label; float32 `(labels,)`."""
        relevance = self.judges[judge]
        change: Float = relevance[after].mean(axis=0) - relevance[before].mean(axis=0)
        return change


def relevance(tokens: Tokens, labels: Sequence[str], seed: int) -> Relevance:
    """Read labels and documents by the words of the corpus alone.

    Args:
        tokens: Of all documents.
        labels: What to call relevant.
        seed: Of what is drawn.
    """
    everything = np.arange(tokens.documents, dtype=np.int32)
    space = WordSpace(tokens, everything, seed)
    queries = space.queries(list(labels))
    covered = np.asarray((space.saturated @ queries.T).todense(), dtype=np.float32)
    alike = np.asarray(space.vectors @ space.query_vectors(queries).T, dtype=np.float32)
    return Relevance({WORDS: _standard(covered), WORD_SPACE: _standard(alike)})


def _standard(values: Float) -> Float:
    spread = values.std(axis=0)
    # A label of which no document knows a word says the same of all.
    return np.asarray(
        (values - values.mean(axis=0)) / np.where(spread > _LEAST_SPREAD, spread, 1), np.float32
    )


def credit(changes: Float, right: int) -> float:
    """1 where the largest change is that of the label `right`, a share where several are largest.

    Args:
        changes: Of each label shown; negated to ask for the one that went down.
        right: Position of the right label.
    """
    largest = changes >= changes.max() - np.float32(1e-6)
    return float(largest[right]) / int(largest.sum())
