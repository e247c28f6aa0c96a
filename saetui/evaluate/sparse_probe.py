"""How much a few features say about something, beside all of the embedding.

SAEs are compared by that, and differences that another seed would have made as well are told apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Postings
from saetui.core.trend_tests import average_ranks

SIZES = (5, 10, 20)
"""How many features a probe has."""

SEEDS = (0, 1, 2)
"""Each seed halves the documents in another way."""

MOST_DOCUMENTS = 20_000
"""A larger corpus is sampled down to this size, which keeps a probe under a second."""

_STRENGTHS = 10.0 ** np.arange(-1, 7)
Target = NDArray[np.bool_] | NDArray[np.float64]
# Two-sided 95% quantiles of Student's distribution for 1, 2, ... degrees of freedom.
_STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14)
_NORMAL = 1.96


@dataclass(frozen=True)
class ProbeScore:
    """How well a linear model predicts a target on documents that it was not fitted on.

    Attributes:
        features: How many features it has; 0 for the whole embedding.
        scores: AUC of a yes or no, R2 of a number; one for each seed.
        chosen: The features of the first seed's model, the most telling first; none for the
            embedding.
    """

    features: int
    scores: tuple[float, ...]
    chosen: tuple[int, ...] = ()

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(self.scores))


def sparse_probe(
    postings: Postings,
    target: NDArray[np.bool_] | NDArray[np.float64],
    *,
    embeddings: NDArray[np.floating] | None = None,
    among: NDArray[np.bool_] | None = None,
    papers: NDArray[np.int64] | None = None,
    sizes: Sequence[int] = SIZES,
    seeds: Sequence[int] = SEEDS,
    most: int = MOST_DOCUMENTS,
) -> list[ProbeScore]:
    """Predict a target from the few features that tell most about it (k-sparse probing).

    For each seed, documents are drawn and halved. On the first half the features are chosen whose
    mean activation differs most, as a share of its spread, between yes and no (for a number: whose
    activation correlates most with it), and ridge regression is fitted, its strength chosen by
    generalised cross-validation; of a yes or no that is Fisher's discriminant. The second half
    gives the scores. Method: Gurnee et al., arXiv 2305.01610.

    Args:
        postings: Of features, or of anything else that documents can have, `n` of them.
        target: Of each document, `(N,)`: bool for a yes or no, scored by AUC; float for a number,
            scored by R2, NaN where it is not known.
        embeddings: `(N, d)`; if given, the last score is that of the same model on all of it.
        among: Which documents take part, bool `(N,)`; None for all whose target is known.
        papers: Of each document, `(N,)`, the paper that it is a passage of. Passages of a paper are
            never in both halves, since one would give the other away.
        sizes: Numbers of features.
        seeds: One model for each size and seed.
        most: The most documents that are drawn.

    Returns:
        A score for each size, then that of the embedding.

    Raises:
        ValueError: One half of the documents has fewer than two, or a yes or no is the same for all
            of a half.
    """
    rows = np.arange(len(target)) if among is None else np.flatnonzero(among)
    yes_or_no = target.dtype == bool
    values = target.astype(np.float64)
    rows = rows[~np.isnan(values[rows])]
    scores: dict[int, list[float]] = {size: [] for size in sizes}
    whole: list[float] = []
    first: list[int] = []
    for place, seed in enumerate(seeds):
        drawn = np.random.default_rng(seed).permutation(rows)[:most]
        train, test = _halves(drawn, papers)
        for half in (train, test):
            if len(half) < 2 or (yes_or_no and np.ptp(values[half]) == 0):
                raise ValueError("too few documents to fit a model on half of them")
        order = _most_telling(postings, values, train)[: max(sizes, default=0)]
        if not place:
            first = order.tolist()
        dense = _activations(postings, order, len(target))
        for size in sizes:
            scores[size].append(_score(dense[:, :size], values, train, test, yes_or_no))
        if embeddings is not None:
            halves = np.asarray(embeddings[np.sort(drawn)], dtype=np.float64)
            places = np.argsort(np.argsort(drawn))
            spots = places[: len(train)], places[len(train) :]
            whole.append(_score(halves, values[np.sort(drawn)], *spots, yes_or_no))
    found = [ProbeScore(size, tuple(scores[size]), tuple(first[:size])) for size in sizes]
    return [*found, ProbeScore(0, tuple(whole))] if embeddings is not None else found


def _halves(
    drawn: NDArray[np.intp], papers: NDArray[np.int64] | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    if papers is None:
        return drawn[: len(drawn) // 2], drawn[len(drawn) // 2 :]
    # Papers in the order in which the first of their passages was drawn.
    _, first, paper = np.unique(papers[drawn], return_index=True, return_inverse=True)
    in_first = (
        np.cumsum(np.bincount(first, np.bincount(paper), len(drawn)))[first] <= len(drawn) / 2
    )
    return drawn[in_first[paper]], drawn[~in_first[paper]]


def auc(scores: NDArray[np.float64], yes: NDArray[np.bool_]) -> float:
    """The chance that a yes scores higher than a no; half of it where they are equal."""
    count = int(yes.sum())
    ranks = float(average_ranks(scores)[yes].sum())
    return (ranks - count * (count + 1) / 2) / (count * (len(yes) - count))


def _most_telling(
    postings: Postings, values: NDArray[np.float64], train: NDArray[np.intp]
) -> NDArray[np.intp]:
    """Features by the size of the correlation of their activation with the target, on some rows."""
    inside = np.zeros(len(values), dtype=bool)
    inside[train] = True
    kept = postings.among(inside)
    features = np.repeat(np.arange(kept.n), kept.counts())
    own = np.asarray(kept.values, dtype=np.float64)
    centred = values - values[train].mean()
    mean = np.bincount(features, weights=own, minlength=kept.n) / len(train)
    square = np.bincount(features, weights=own**2, minlength=kept.n) / len(train)
    together = np.bincount(features, weights=own * centred[kept.rows], minlength=kept.n)
    spread = np.sqrt(np.maximum(square - mean**2, 0))
    told = np.divide(np.abs(together), spread, out=np.zeros(kept.n), where=spread > 1e-12)
    return np.argsort(-told, kind="stable")


def _activations(postings: Postings, features: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Activations of some features on all documents, `(count, len(features))`."""
    dense = np.zeros((count, len(features)))
    for column, feature in enumerate(features.tolist()):
        rows, values = postings.documents(feature)
        dense[rows, column] = values
    return dense


def _score(
    x: NDArray[np.float64],
    values: NDArray[np.float64],
    train: NDArray[np.intp],
    test: NDArray[np.intp],
    yes_or_no: bool,
) -> float:
    mean, spread = x[train].mean(axis=0), x[train].std(axis=0)
    scale = np.where(spread > 1e-12, spread, 1.0)
    told = values[train].mean()
    weights = _ridge((x[train] - mean) / scale, values[train] - told)
    predicted = (x[test] - mean) / scale @ weights + told
    if yes_or_no:
        return auc(predicted, values[test] > 0.5)
    around = float(np.square(values[test] - values[test].mean()).sum())
    if not around:
        return 0.0
    return 1 - float(np.square(values[test] - predicted).sum()) / around


def _ridge(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ridge regression of centred data; its strength is chosen by generalised cross-validation."""
    count = len(y)
    powers, axes = np.linalg.eigh(x.T @ x)
    powers = np.maximum(powers, 0.0)
    along = axes.T @ (x.T @ y)
    whole = float(y @ y)

    def risk(strength: float) -> float:
        left = whole - float((along**2 * (powers + 2 * strength) / (powers + strength) ** 2).sum())
        free = count - 1 - float((powers / (powers + strength)).sum())
        return left / max(free, 1e-9) ** 2

    best = min(_STRENGTHS.tolist(), key=risk)
    return np.asarray(axes @ (along / (powers + best)))


@dataclass(frozen=True)
class FieldProbe:
    """How much a few features tell of a field, beside all of the embedding.

    Attributes:
        field: Of the metadata.
        measure: "AUC" if it has categories, each told from all others; "R2" if it is a number.
        targets: What was predicted: the categories, or the field.
        scores: By the number of features, with 0 for the whole embedding: the mean over targets,
            one for each way of halving the documents.
    """

    field: str
    measure: str
    targets: tuple[str, ...]
    scores: Mapping[int, tuple[float, ...]]

    @property
    def figures(self) -> dict[str, float]:
        """Means by name, such as "AUC of categories, 5 features", without the embedding."""
        return {
            f"{self.measure} of {self.field}, {size} features": float(np.mean(scores))
            for size, scores in self.scores.items()
            if size
        }


def probe_field(
    field: str,
    targets: Mapping[str, Target],
    postings: Postings,
    embeddings: NDArray[np.floating] | None = None,
    *,
    sizes: Sequence[int] = SIZES,
) -> FieldProbe | None:
    """Predict a field from a few features; None if too few documents have it.

    Targets have names, and are as in `sparse_probe`.
    """
    found: dict[str, list[ProbeScore]] = {}
    for name, target in targets.items():
        try:
            found[name] = sparse_probe(postings, target, embeddings=embeddings, sizes=sizes)
        except ValueError:
            # Too few documents on one side to say anything.
            continue
    if not found:
        return None
    places = zip(*found.values(), strict=True)
    scores = {
        each[0].features: tuple(np.mean([score.scores for score in each], axis=0).tolist())
        for each in places
    }
    yes_or_no = all(target.dtype == bool for target in targets.values())
    return FieldProbe(field, "AUC" if yes_or_no else "R2", tuple(found), scores)


@dataclass(frozen=True)
class SeedFigures:
    """A figure of an SAE that was trained with several seeds, one value for each."""

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Over the seeds."""
        return float(np.mean(self.values))

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds; None for one seed."""
        return float(np.std(self.values, ddof=1)) if len(self.values) > 1 else None


@dataclass(frozen=True)
class Difference:
    """How a figure of an SAE differs from that of another.

    Attributes:
        figure: Its name.
        sae: The one SAE.
        other: The other, from which it differs.
        difference: Of the means over seeds.
        noise: A larger difference comes about by other seeds alone in less than 5 of 100 cases;
            None if that cannot be said.
    """

    figure: str
    sae: str
    other: str
    difference: float
    noise: float | None

    @property
    def claimed(self) -> bool:
        """Whether seeds alone do not explain it."""
        return self.noise is not None and abs(self.difference) > self.noise


def by_figure(
    runs: Mapping[str, Sequence[Mapping[str, float]]],
) -> dict[str, dict[str, SeedFigures]]:
    """Figures by their names, then by SAE.

    `runs` has for each SAE its figures by name, once for each seed.
    """
    found: dict[str, dict[str, SeedFigures]] = {}
    for sae, seeds in runs.items():
        for figure in dict.fromkeys(name for each in seeds for name in each):
            values = tuple(each[figure] for each in seeds if figure in each)
            found.setdefault(figure, {})[sae] = SeedFigures(values)
    return found


def differences(figures: Mapping[str, Mapping[str, SeedFigures]]) -> list[Difference]:
    """How each SAE differs from the first one, with the noise of seeds by Student's t."""
    found = []
    for figure, saes in figures.items():
        (other, base), *others = saes.items()
        for sae, own in others:
            noise = _noise(base.values, own.values)
            found.append(Difference(figure, sae, other, own.mean - base.mean, noise))
    return found


def _noise(one: Sequence[float], other: Sequence[float]) -> float | None:
    freedom = len(one) + len(other) - 2
    if min(len(one), len(other)) < 2:
        return None
    squares = sum(float(np.square(np.subtract(each, np.mean(each))).sum()) for each in (one, other))
    quantile = _STUDENT[freedom - 1] if freedom <= len(_STUDENT) else _NORMAL
    return quantile * float(np.sqrt(squares / freedom * (1 / len(one) + 1 / len(other))))
