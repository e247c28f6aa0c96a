"""Compare SAEs, and say which differences another seed would not have made as well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from saetui.core.postings import Postings
from saetui.evaluate.sparse_probe import SEEDS, SIZES, ProbeScore, sparse_probe

Target = NDArray[np.bool_] | NDArray[np.float64]

# Two-sided 95% quantiles of Student's distribution for 1, 2, ... degrees of freedom.
_STUDENT = (12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23, 2.20, 2.18, 2.16, 2.14)
_NORMAL = 1.96


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
    seeds: Sequence[int] = SEEDS,
) -> FieldProbe | None:
    """Predict a field from a few features; None if too few documents have it.

    Args:
        field: Its name.
        targets: What to predict, by name, as in `sparse_probe`.
        postings: Of the features.
        embeddings: Of all documents, to be compared with; None leaves that out.
        sizes: Numbers of features.
        seeds: One halving of the documents for each.
    """
    found: dict[str, list[ProbeScore]] = {}
    for name, target in targets.items():
        try:
            found[name] = sparse_probe(
                postings, target, embeddings=embeddings, sizes=sizes, seeds=seeds
            )
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
    """A figure of an SAE that was trained with several seeds.

    Attributes:
        values: One for each seed.
    """

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

    Args:
        runs: For each SAE its figures by name, once for each seed.
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
