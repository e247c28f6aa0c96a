"""Figures of the families of one SAE: scores of their labels, and statistics of their structure.

The statistics are those of the table of O'Neill et al. (arXiv 2408.00657); parents and children are
those of `saetui.interpret.families.building`. Labels are scored as if each family were a feature.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from saetui.core.codec import Codes, Postings
from saetui.core.families import Families, Family
from saetui.interpret.families.superfeatures import family_postings
from saetui.interpret.judging.judges import WORDS, WORDS_AND_EMBEDDER
from saetui.interpret.judging.scores import Scores
from saetui.interpret.judging.trials import TOP
from saetui.interpret.labelling import LabelledSplit
from saetui.interpret.labels import FeatureLabel

RANDOM_ORDERS = 10
_BLOCK_CELLS = 1 << 21

SHOWN_JUDGES = (WORDS_AND_EMBEDDER, WORDS)
"""Offline judges that read the label alone; a family gets the scores of the first that exists."""


@dataclass(frozen=True)
class BlockRatio:
    """How much stronger pairs inside families are than other pairs, compared with random families.

    Attributes:
        families: Mean over pairs of features inside one family, divided by the mean over all other
            pairs; None where there are no such pairs or the latter is zero.
        random: Mean of the same ratio for families of the same sizes, filled at random.
        random_spread: Its standard deviation over the random fillings.
    """

    families: float | None
    random: float | None
    random_spread: float | None


@dataclass(frozen=True)
class FamilyStatistics:
    """Statistics of all families of one SAE on one corpus; None where one is undefined.

    Attributes:
        families: How many there are.
        mean_size: Mean number of members.
        largest_size: Members of the largest.
        clean: Features that could be members.
        member_share: Share of these that are in some family.
        mean_f1: Over the families that were scored.
        mean_pearson: Over the families that were scored.
        parent_child_ratio: `R(C, F)`: mean of `C` over the edges of all families, divided by its
            mean over all pairs of children of one parent.
        co_occurrence: Block-diagonal ratio of `C`, the documents that activate both features.
        similarity: Block-diagonal ratio of `D`, the cosine of their columns of the code matrix.
    """

    families: int
    mean_size: float | None
    largest_size: int
    clean: int
    member_share: float | None
    mean_f1: float | None
    mean_pearson: float | None
    parent_child_ratio: float | None
    co_occurrence: BlockRatio
    similarity: BlockRatio


def family_statistics(
    families: Families,
    codes: Codes,
    postings: Postings,
    *,
    random_orders: int = RANDOM_ORDERS,
    seed: int = 0,
    block_cells: int = _BLOCK_CELLS,
) -> FamilyStatistics:
    """Statistics of an SAE's families.

    For the block-diagonal ratios every clean feature belongs to the largest of its families, if it
    has any. Sums over pairs inside blocks follow from how many features of a block are active on
    each document, so no matrix of features is built.

    Families are compared with `random_orders` fillings at random. The sums of `block_cells`
    documents times blocks are in memory at a time.
    """
    members = {member for family in families for member in family.members}
    blocks = _blocks(families)
    clean = np.array(families.clean, dtype=np.intp)
    ratios = _Ratios(codes, postings, clean, block_cells)
    own = ratios.of(blocks)
    random = np.random.default_rng(seed)
    shuffled = [ratios.of(random.permutation(blocks)) for _ in range(random_orders)]
    sizes = [len(family.members) for family in families]
    return FamilyStatistics(
        families=len(families),
        mean_size=_mean(sizes),
        largest_size=max(sizes, default=0),
        clean=len(clean),
        member_share=len(members) / len(clean) if len(clean) else None,
        mean_f1=_mean(family.f1 for family in families),
        mean_pearson=_mean(family.pearson for family in families),
        parent_child_ratio=_parent_child_ratio(families, postings, len(codes.indices)),
        co_occurrence=_against(own[0], [each[0] for each in shuffled]),
        similarity=_against(own[1], [each[1] for each in shuffled]),
    )


def _blocks(families: Families) -> NDArray[np.intp]:
    """The largest family of every clean feature; -1 for features without one."""
    blocks = np.full(len(families.clean), -1)
    place = {feature: i for i, feature in enumerate(families.clean)}
    # From the smallest up, so that the largest overwrites the others.
    for family in reversed(families.families):
        blocks[[place[member] for member in family.members if member in place]] = family.id
    return blocks


class _Ratios:
    """Block-diagonal ratios of `C` and `D` for any assignment of clean features to blocks."""

    def __init__(
        self, codes: Codes, postings: Postings, clean: NDArray[np.intp], block_cells: int
    ) -> None:
        self._block_cells = block_cells
        self._clean = len(clean)
        places = np.full(codes.n + 1, self._clean, dtype=np.int32)
        places[clean] = np.arange(self._clean)
        features = np.repeat(np.arange(postings.n), postings.counts())
        squares = np.square(postings.values, dtype=np.float64)
        norms = np.ones(self._clean + 1)
        norms[:-1] = np.sqrt(np.bincount(features, squares, minlength=postings.n))[clean]
        norms[norms == 0] = 1
        self._codes = codes
        self._places = places
        self._inverse_norms = 1 / norms
        self._documents = postings.counts()[clean]
        self._total = self._sums(np.zeros(self._clean, dtype=np.intp))

    def of(self, blocks: NDArray[np.intp]) -> tuple[float | None, float | None]:
        """Ratios of `C` and of `D`; `blocks` holds the block of every clean feature, -1: none."""
        sizes = np.bincount(blocks[blocks >= 0])
        inside_pairs = float((sizes * (sizes - 1.0)).sum())
        outside_pairs = self._clean * (self._clean - 1.0) - inside_pairs
        if not inside_pairs or not outside_pairs:
            return None, None
        counts, similarities = (
            _quotient(inside / inside_pairs, (total - inside) / outside_pairs)
            for inside, total in zip(self._sums(blocks), self._total, strict=True)
        )
        return counts, similarities

    def _sums(self, blocks: NDArray[np.intp]) -> tuple[float, float]:
        """Sums of `C_ij` and `D_ij` over all ordered pairs of different features of one block."""
        total = int(blocks.max(initial=-1)) + 1
        # An additional block for features that are in none or not clean; its sums are left out.
        block_of = np.append(np.where(blocks < 0, total, blocks), total)
        counts = similarities = 0.0
        step = max(self._block_cells // (total + 1), 1)
        for start in range(0, len(self._codes.indices), step):
            places = self._places[self._codes.indices[start : start + step]]
            values = self._codes.values[start : start + step] * self._inverse_norms[places]
            cells = block_of[places] + np.arange(len(places))[:, None] * (total + 1)
            shape = (len(places), total + 1)
            size = shape[0] * shape[1]
            active = np.bincount(cells.ravel(), minlength=size).reshape(shape)[:, :-1]
            summed = np.bincount(cells.ravel(), values.ravel(), minlength=size)
            counts += float(np.square(active, dtype=np.float64).sum())
            similarities += float(np.square(summed.reshape(shape)[:, :-1]).sum())
        # The pairs of a feature with itself do not count.
        own = self._documents[blocks >= 0]
        return counts - float(own.sum()), similarities - float(np.count_nonzero(own))


def _parent_child_ratio(families: Families, postings: Postings, documents: int) -> float | None:
    below: dict[int, set[int]] = {}
    for family in families:
        for parent, child, _ in family.edges:
            below.setdefault(parent, set()).add(child)
    edges = parent_child = siblings = child_child = 0.0
    for parent, children in below.items():
        rows = np.concatenate([postings.documents(child)[0] for child in sorted(children)])
        active = np.bincount(rows, minlength=documents)
        edges += len(children)
        parent_child += float(active[postings.documents(parent)[0]].sum())
        siblings += len(children) * (len(children) - 1)
        child_child += float((active * (active - 1)).sum())
    if not edges or not siblings:
        return None
    return _quotient(parent_child / edges, child_child / siblings)


def _against(own: float | None, random: Sequence[float | None]) -> BlockRatio:
    known = [each for each in random if each is not None]
    if not known:
        return BlockRatio(own, None, None)
    return BlockRatio(own, float(np.mean(known)), float(np.std(known)))


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _quotient(above: float, below: float) -> float | None:
    return above / below if below else None


def score_families(split: LabelledSplit, postings: Postings, families: Families) -> Families:
    """The same families with scores of their newest labels by an offline judge.

    A family is judged like a feature that is active on the documents that activate some member
    strongly, by the norm of its members' activations.
    """
    own = split.of(family_postings(postings, families, strong_only=True))
    labels = [
        FeatureLabel(family.id, family.label, family.newest_label.method, (), 0)
        for family in families
    ]
    found = own.score(labels)
    judge = next((name for name in SHOWN_JUDGES if name in found), None)
    return families if judge is None else with_scores(families, found[judge])


def with_scores(families: Families, scores: Scores) -> Families:
    """The same families with scores of their newest labels, where these have any.

    Scores are by number of the family.
    """
    shown = scores.protocols[TOP]
    f1, pearson = shown.f1.value, shown.pearson.value
    return replace(
        families,
        families=tuple(
            family
            if np.isnan(f1[family.id])
            else _scored(family, scores.judge, float(f1[family.id]), float(pearson[family.id]))
            for family in families
        ),
    )


def _scored(family: Family, judge: str, f1: float, pearson: float) -> Family:
    newest = replace(family.newest_label, judge=judge, f1=f1, pearson=pearson)
    return replace(family, f1=f1, pearson=pearson, labels=(*family.labels[:-1], newest))
