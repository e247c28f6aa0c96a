"""Judges that compare how relevant the results before and after steering are to each label.

Two of them read words alone. A third one embeds documents and labels with another embedder than
the one that the SAE was trained on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.embed import Embedder, EmbedderSettings
from saetui.errors import InputError
from saetui.evaluate.recognition import Comparison, Picks, shares_of_largest
from saetui.interpret.judging.word_space import WordSpace
from saetui.interpret.terms.tokens import Tokens
from saetui.progress import Progress
from saetui.store.bundle import Bundle

WORDS = "words"
"""How fully documents use a label's words, by BM25."""

WORD_SPACE = "word space"
"""How alike documents and a label are by latent semantic analysis of the corpus's words."""

WORD_JUDGES = (WORDS, WORD_SPACE)

_LEAST_SPREAD = 1e-6
_SAMPLE = 1_000
_BATCH = 256
_COMPARED = 16
_THE_SAME = 0.99


@dataclass(frozen=True)
class RelevanceJudge:
    """Picks the labels to which the mean relevance of results rose and fell most.

    Attributes:
        name: Of the measure of relevance.
        relevance: Float32 `(documents, labels)`, each label in standard deviations of the corpus,
            so that labels can be compared.
        rows: int64, ascending, the documents that `relevance` is about.
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
        labels: The labels that can be shown.
        labelled: The feature of each.
        seed: Of the latent semantic analysis.
    """
    everything = np.arange(tokens.documents, dtype=np.int32)
    space = WordSpace(tokens, everything, seed)
    queries = space.queries(list(labels))
    covered = np.asarray((space.saturated @ queries.T).todense(), dtype=np.float32)
    alike = np.asarray(space.vectors @ space.query_vectors(queries).T, dtype=np.float32)
    rows = everything.astype(np.int64)
    return (
        RelevanceJudge(WORDS, _standardised(covered, covered), rows, labelled),
        RelevanceJudge(WORD_SPACE, _standardised(alike, alike), rows, labelled),
    )


class EmbedderJudge:
    """Picks by the cosine of documents and labels in the space of another embedder.

    Only documents that appear among results are embedded, and a sample of the corpus, by which the
    cosines to each label are standardised.

    Args:
        name: What tables call it.
        embedder: Not the one that the SAE was trained on; see `check_is_another`.
        bundle: With the documents.
        names: Label of every feature.
        seed: Of the sample.
    """

    def __init__(
        self, name: str, embedder: Embedder, bundle: Bundle, names: Sequence[str], seed: int
    ) -> None:
        self.name = name
        self._embedder = embedder
        self._bundle = bundle
        self._names = names
        self._seed = seed

    def picks(self, comparisons: Sequence[Comparison], progress: Progress) -> Picks:
        """Embed what the comparisons show, and pick.

        Raises:
            EmbedderError: The embedder failed.
        """
        labelled = np.unique(np.concatenate([each.shown for each in comparisons]))
        size = len(self._bundle)
        drawn = np.random.default_rng(self._seed).permutation(size)[:_SAMPLE]
        seen = [rows for each in comparisons for rows in (each.before, each.after)]
        rows = np.unique(np.concatenate([drawn, *seen]))
        progress.start(
            f"Judging with {self._embedder.name}", len(labelled) + len(rows), "documents and labels"
        )
        labels = []
        for feature in labelled.tolist():
            labels.append(self._embedder.embed_query(self._names[feature]))
            progress.advance()
        batches = [rows[start : start + _BATCH] for start in range(0, len(rows), _BATCH)]
        alike = np.concatenate(
            [
                _document_vectors(self._embedder, self._bundle, batch, progress)
                @ np.stack(labels).T
                for batch in batches
            ]
        )
        relevance = _standardised(alike, alike[np.searchsorted(rows, drawn)])
        return RelevanceJudge(self.name, relevance, rows, labelled).picks(comparisons, progress)


def check_is_another(settings: EmbedderSettings, bundle: Bundle) -> None:
    """Refuse an embedder that cannot judge, before it is loaded.

    Raises:
        InputError: It is the bundle's own, by name, or has no vectors for labels.
    """
    own = EmbedderSettings.from_dict(bundle.manifest.embedder)
    if settings.spec in (own.spec, own.query_spec):
        raise _its_own(settings.spec)
    if settings.kind == "precomputed":
        raise InputError(
            "Vectors that were made elsewhere cannot judge: there are none of the labels.",
            "Name a model, such as --judge embedder:sentence-transformers:MODEL.",
        )


def check_sees_otherwise(embedder: Embedder, bundle: Bundle) -> None:
    """Refuse the bundle's own embedder under another name: its vectors are those of the bundle.

    Raises:
        InputError: It is the bundle's own.
        EmbedderError: The embedder failed.
    """
    if embedder.dimensions != bundle.manifest.dimensions or not len(bundle):
        return
    rows = np.unique(np.linspace(0, len(bundle) - 1, _COMPARED).astype(np.int64))
    own = np.asarray(bundle.embeddings[rows], dtype=np.float32)
    vectors = _document_vectors(embedder, bundle, rows)
    if float(np.median((vectors * own).sum(axis=1))) > _THE_SAME:
        raise _its_own(embedder.name)


def _its_own(spec: str) -> InputError:
    return InputError(
        f"'{spec}' is the embedder that the bundle's SAE was trained on, so it cannot judge it.",
        "Name another one, such as --judge embedder:sentence-transformers:MODEL.",
    )


def _document_vectors(
    embedder: Embedder, bundle: Bundle, rows: NDArray[np.int64], progress: Progress | None = None
) -> Float:
    """The vectors that an embedder gives to documents; float32 `(m, d)` of unit norm."""
    texts = [bundle.documents.document(row).embedding_text for row in rows.tolist()]
    return embedder.embed_documents(texts, progress)


def _standardised(values: Float, sample: Float) -> Float:
    """Relevances, each label in standard deviations of a sample of the corpus."""
    spread = sample.std(axis=0)
    # A label of which no document knows a word says the same of all.
    return np.asarray(
        (values - sample.mean(axis=0)) / np.where(spread > _LEAST_SPREAD, spread, 1), np.float32
    )
