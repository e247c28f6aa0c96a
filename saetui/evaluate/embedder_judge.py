"""A judge that is another embedder than the one that the SAE was trained on."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Float
from saetui.embed import Embedder, EmbedderSettings
from saetui.errors import InputError
from saetui.evaluate.judging import Comparison, Picks
from saetui.evaluate.relevance_judges import RelevanceJudge, standardised
from saetui.progress import Progress
from saetui.store.bundle import Bundle

_SAMPLE = 1_000
_BATCH = 256
_COMPARED = 16
_THE_SAME = 0.99


class EmbedderJudge:
    """Picks by the cosine of documents and labels in the space of another embedder.

    Only what appears among results is embedded, and a sample of the corpus, by which the cosines
    to each label are standardised.

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
        alike = np.concatenate(
            [
                document_vectors(
                    self._embedder, self._bundle, rows[start : start + _BATCH], progress
                )
                @ np.stack(labels).T
                for start in range(0, len(rows), _BATCH)
            ]
        )
        relevance = standardised(alike, alike[np.searchsorted(rows, drawn)])
        return RelevanceJudge(self.name, relevance, rows, labelled).picks(comparisons, progress)


def document_vectors(
    embedder: Embedder, bundle: Bundle, rows: NDArray[np.int64], progress: Progress | None = None
) -> Float:
    """Documents as another embedder sees them; float32 `(m, d)` of unit norm."""
    texts = [bundle.documents.document(row).embedding_text for row in rows.tolist()]
    return embedder.embed_documents(texts, progress)


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
        InputError: It is.
        EmbedderError: The embedder failed.
    """
    if embedder.dimensions != bundle.manifest.dimensions or not len(bundle):
        return
    rows = np.unique(np.linspace(0, len(bundle) - 1, _COMPARED).astype(np.int64))
    own = np.asarray(bundle.embeddings[rows], dtype=np.float32)
    vectors = document_vectors(embedder, bundle, rows)
    if float(np.median((vectors * own).sum(axis=1))) > _THE_SAME:
        raise _its_own(embedder.name)


def _its_own(spec: str) -> InputError:
    return InputError(
        f"'{spec}' is the embedder that the bundle's SAE was trained on, so it cannot judge it.",
        "Name another one, such as --judge embedder:sentence-transformers:MODEL.",
    )
