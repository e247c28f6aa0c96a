"""Choose the features that families are made of, and rank features by generality."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from saetui.core.families import FamilyParameters
from saetui.core.postings import Postings


def clean_features(
    documents: NDArray[np.integer],
    corpus_size: int,
    parameters: FamilyParameters,
    *,
    f1: NDArray[np.floating] | None = None,
    pearson: NDArray[np.floating] | None = None,
    labels: Sequence[str] | None = None,
) -> NDArray[np.intp]:
    """Features that may be in families: neither rare nor frequent, and with a good label.

    Args:
        documents: How many documents activate each feature, `(n,)`.
        corpus_size: `N`.
        parameters: The limits.
        f1: Of each feature's label, `(n,)`; a feature without a score (nan) is not excluded.
        pearson: The same for Pearson correlations.
        labels: Of each feature. If several clean features have the same label, regardless of case,
            the one with the best scores is kept (Pearson, then F1, then more documents). Empty
            labels are not compared, and without scores none are.

    Returns:
        Feature numbers, ascending.
    """
    frequent = documents >= parameters.minimum_documents
    density = documents / max(corpus_size, 1)
    clean = frequent & (density < parameters.maximum_density)
    if f1 is not None:
        clean &= ~(f1 < parameters.minimum_f1)
    if pearson is not None:
        clean &= ~(pearson < parameters.minimum_pearson)
    features = np.flatnonzero(clean)
    if labels is None or f1 is None or pearson is None:
        return features
    scores = np.stack([pearson, f1, documents.astype(np.float64)])[:, features]
    best_first = features[np.lexsort(np.nan_to_num(-scores, nan=np.inf)[::-1])]
    best: dict[str, int] = {}
    for feature in best_first.tolist():
        best.setdefault(labels[feature].casefold() or str(feature), feature)
    return np.array(sorted(best.values()), dtype=np.intp)


def rank_features(postings: Postings) -> NDArray[np.int64]:
    """Rank of every feature, from the most general to the most specific; int64 `(n,)`.

    Features are sorted by falling number of documents, equally frequent ones by their activations
    from the strongest down, and only features with equal activations by number. So the ranks do
    not depend on the order of documents and features.
    """
    documents = postings.counts()
    # The bytes of positive big-endian floats sort like the numbers.
    activations = np.asarray(postings.values, dtype=">f4")
    order = sorted(
        range(postings.n),
        key=lambda i: (
            documents[i],
            activations[postings.indptr[i] : postings.indptr[i + 1]].tobytes(),
            -i,
        ),
        reverse=True,
    )
    found = np.empty(postings.n, dtype=np.int64)
    found[order] = np.arange(postings.n)
    return found
