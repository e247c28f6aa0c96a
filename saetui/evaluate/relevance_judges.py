"""Judges that measure how relevant documents are to labels, and compare the means of results."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.evaluate.judging import Comparison, Picks, shares_of_largest
from saetui.interpret.judging.word_space import WordSpace
from saetui.interpret.terms.tokens import Tokens
from saetui.progress import Progress

WORDS = "words"
"""How fully documents use a label's words, by BM25."""

WORD_SPACE = "word space"
"""How alike documents and a label are by latent semantic analysis of the corpus's words."""

JUDGES = (WORDS, WORD_SPACE)

_LEAST_SPREAD = 1e-6


@dataclass(frozen=True)
class RelevanceJudge:
    """Picks the labels to which the mean relevance of results rose and fell most.

    Attributes:
        name: Of the measure.
        relevance: Float32 `(documents, labels)`, each label in standard deviations of the corpus,
            so that labels can be compared.
        rows: int64, ascending, the documents that `relevance` is of.
        labelled: int64, ascending, the feature of each label.
    """

    name: str
    relevance: Float
    rows: NDArray[np.int64]
    labelled: NDArray[np.int64]

    def change(self, comparison: Comparison) -> Float:
        """By how much the mean relevance rose, for each label shown; float32."""
        before, after = (
            self.relevance[np.searchsorted(self.rows, rows)].mean(axis=0)
            for rows in (comparison.before, comparison.after)
        )
        change: Float = (after - before)[np.searchsorted(self.labelled, comparison.shown)]
        return change

    def picks(self, comparisons: Sequence[Comparison], progress: Progress) -> Picks:
        """The labels that changed most; nothing here takes long."""
        changes = np.stack([self.change(each) for each in comparisons])
        return Picks(shares_of_largest(changes), shares_of_largest(-changes))


def word_judges(
    tokens: Tokens, labels: Sequence[str], labelled: NDArray[np.int64], seed: int
) -> tuple[RelevanceJudge, ...]:
    """Two judges that read labels and documents by the words of the corpus alone.

    Args:
        tokens: Of all documents.
        labels: What to call relevant.
        labelled: Feature of each.
        seed: Of what is drawn.
    """
    everything = np.arange(tokens.documents, dtype=np.int32)
    space = WordSpace(tokens, everything, seed)
    queries = space.queries(list(labels))
    covered = np.asarray((space.saturated @ queries.T).todense(), dtype=np.float32)
    alike = np.asarray(space.vectors @ space.query_vectors(queries).T, dtype=np.float32)
    rows = everything.astype(np.int64)
    return (
        RelevanceJudge(WORDS, standardised(covered, covered), rows, labelled),
        RelevanceJudge(WORD_SPACE, standardised(alike, alike), rows, labelled),
    )


def standardised(values: Float, sample: Float) -> Float:
    """Relevances, each label in standard deviations of a sample of the corpus."""
    spread = sample.std(axis=0)
    # A label of which no document knows a word says the same of all.
    return np.asarray(
        (values - sample.mean(axis=0)) / np.where(spread > _LEAST_SPREAD, spread, 1), np.float32
    )
