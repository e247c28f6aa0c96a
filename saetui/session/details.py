"""Everything about one feature, one document, or one family."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from saetui.core.documents import Document
from saetui.core.families import Family
from saetui.core.features import Lift, decile_positions, histogram, lift_of
from saetui.core.scores import cosines, single, top, unit
from saetui.interpret.families.co_occurrence import Activations, Block, co_occurrence_block
from saetui.interpret.families.superfeatures import family_documents
from saetui.session.features.annotated_features import AnnotatedFeatures
from saetui.session.search.searcher import Searcher
from saetui.store.features import FeatureRecord
from saetui.store.labels import LabelRecord, ScoreRecord
from saetui.store.notes import FeatureNotes

_HISTOGRAM_BINS = 32
_EXAMPLES_PER_DECILE = 3
# The most documents near a feature's direction that are searched for some that do not activate it.
_NEAR_MISSES = 400


@dataclass(frozen=True, slots=True)
class Example:
    """A document as an example of a feature; one without a title is called by its first words."""

    row: int
    id: str
    title: str
    activation: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A feature that belongs to another feature or to a document.

    Attributes:
        id: Its number.
        name: Its label, or its number.
        value: Cosine of the two directions, or how many documents activate both.
        lift: How many times more often than by chance both are on a document, where that is known.
    """

    id: int
    name: str
    value: float
    lift: Lift | None = None


@dataclass(frozen=True)
class FeatureDetail:
    """Everything about one feature.

    Attributes:
        labels: Every label it has had, oldest first.
        histogram: Counts of activations in equal steps from 0 to the maximum.
        counted: How many of these documents count, see `core.truth`.
        top: The strongest documents that count.
        deciles: Examples from each tenth of the documents that count, strongest tenth first.
        weak: The strongest documents that activate it and do not count.
        near_misses: The documents nearest to its direction that do not activate it; `activation` is
            the cosine.
        nearest: Features of similar direction.
        opposed: Features of opposite direction.
        co_occurring: Features that are active on the same documents.
    """

    record: FeatureRecord
    labels: tuple[LabelRecord, ...]
    scores: tuple[ScoreRecord, ...]
    notes: FeatureNotes
    histogram: tuple[int, ...]
    counted: tuple[int, ...]
    top: tuple[Example, ...]
    deciles: tuple[tuple[Example, ...], ...]
    weak: tuple[Example, ...]
    near_misses: tuple[Example, ...]
    nearest: tuple[Neighbour, ...]
    opposed: tuple[Neighbour, ...]
    co_occurring: tuple[Neighbour, ...]
    families: tuple[Family, ...]

    @property
    def read_sentence(self) -> str:
        """How many documents the reader found the label true of; empty if none was judged."""
        judged = self.notes.judged(self.record.label).values()
        if not judged:
            return ""
        return f"True of {sum(judged):,} of {len(judged):,} that you read"


@dataclass(frozen=True)
class DocumentDetail:
    """Everything about one document.

    Attributes:
        row: Its row in the bundle.
        document: Its text and metadata.
        features: Features that are active on it and for which it counts, strongest first; `value`
            is the activation.
        weak: The other features that are active on it: their labels are probably not true of it.
        neighbours: The nearest other documents, of other papers; `activation` is the cosine.
        passages: The other passages of its paper, in order; `activation` is the cosine.
    """

    row: int
    document: Document
    features: tuple[Neighbour, ...]
    weak: tuple[Neighbour, ...]
    neighbours: tuple[Example, ...]
    passages: tuple[Example, ...] = ()


def feature_detail(
    searcher: Searcher, features: AnnotatedFeatures, feature: int, limit: int
) -> FeatureDetail:
    """Everything about one feature, with up to `limit` entries in each list.

    Raises:
        InputError: There is no such feature.
    """
    record = features.record(feature)
    bundle, sae = searcher.bundle, searcher.sae
    rows, values = sae.counted.documents(feature)
    counted = list(zip(rows.tolist(), values.tolist(), strict=True))
    active, activations = sae.postings.documents(feature)
    tail = np.flatnonzero(~np.isin(active, rows))[:limit]
    weak = list(zip(active[tail].tolist(), activations[tail].tolist(), strict=True))
    deciles = [
        [counted[place] for place in span]
        for span in decile_positions(len(rows), _EXAMPLES_PER_DECILE)
    ]
    missed = _near_misses(searcher, feature, limit)
    strongest = counted[:limit]
    headings = bundle.documents.headings(
        {row for each in (strongest, *deciles, missed, weak) for row, _ in each}
    )
    labels, scores = sae.history(feature)
    nearest, opposed = sae.alike(feature, limit)
    highest = float(activations.max(initial=0))
    return FeatureDetail(
        record=record,
        labels=tuple(labels),
        scores=tuple(scores),
        notes=features.notes_on(feature),
        near_misses=_examples(headings, missed),
        histogram=tuple(histogram(activations, _HISTOGRAM_BINS).tolist()),
        counted=tuple(histogram(values, _HISTOGRAM_BINS, highest).tolist()),
        top=_examples(headings, strongest),
        deciles=tuple(_examples(headings, each) for each in deciles),
        weak=_examples(headings, weak),
        nearest=_named(features, nearest),
        opposed=_named(features, opposed),
        co_occurring=_with_lift(features, searcher, feature, sae.co_occurring(feature, limit)),
        families=tuple(sae.families.of_feature(feature)),
    )


def document_detail(
    searcher: Searcher, features: AnnotatedFeatures, row: int, limit: int
) -> DocumentDetail:
    """Everything about one document, with up to `limit` neighbours.

    Raises:
        InputError: There is no such row.
    """
    bundle, codes = searcher.bundle, searcher.sae.codes
    bundle.check_row(row)
    slots = codes.indices[row] >= 0
    active = list(
        zip(codes.indices[row][slots].tolist(), codes.values[row][slots].tolist(), strict=True)
    )
    counts = {i for i, _ in active if row in searcher.sae.counted.documents(i)[0]}
    vector = np.asarray(bundle.embeddings[row], dtype=np.float32)
    papers = bundle.documents.papers
    own = papers.others(row) if papers is not None else []
    found = searcher.ranker.nearest(vector, limit + 1 + len(own), exact=False)
    pairs = zip(found.rows.tolist(), found.scores.tolist(), strict=True)
    others = [(other, cosine) for other, cosine in pairs if other not in {row, *own}][:limit]
    near = cosines(vector, single(bundle.rows.take(np.array(own, dtype=np.int64))))
    headings = bundle.documents.headings([*(other for other, _ in others), *own])
    return DocumentDetail(
        row=row,
        document=bundle.documents.document(row),
        features=_named(features, (each for each in active if each[0] in counts)),
        weak=_named(features, (each for each in active if each[0] not in counts)),
        neighbours=_examples(headings, others),
        passages=_examples(headings, zip(own, near.tolist(), strict=True)),
    )


def _examples(
    headings: Mapping[int, tuple[str, str, str]], found: Iterable[tuple[int, float]]
) -> tuple[Example, ...]:
    """Documents by their rows and activations."""
    return tuple(Example(row, *headings[row][:2], value) for row, value in found)


def _near_misses(searcher: Searcher, feature: int, limit: int) -> list[tuple[int, float]]:
    """Rows and cosines of the documents nearest to a direction that do not activate the feature."""
    bundle, sae, ranker = searcher.bundle, searcher.sae, searcher.ranker
    direction, index = sae.weights.directions[feature], bundle.index
    depth = min(len(bundle), int(sae.postings.counts()[feature]) + limit, _NEAR_MISSES)

    def active(rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        return np.asarray((sae.codes.indices[rows] == feature).any(axis=1))

    if not index.exact:
        rows = bundle.named(index.search(unit(direction), max(depth, index.parameters.candidates)))
        if len(rows):
            # Most of these documents activate the feature, and their embeddings are not read.
            rows = np.sort(rows[~active(rows)])
            cosines = ranker.cosines(direction, rows)
            best = top(cosines, limit)
            return list(zip(rows[best].tolist(), cosines[best].tolist(), strict=True))
    found = ranker.nearest(direction, depth, exact=False)
    missed = ~active(found.rows)
    return list(zip(found.rows[missed].tolist(), found.scores[missed].tolist(), strict=True))[
        :limit
    ]


def _named(
    features: AnnotatedFeatures, values: Iterable[tuple[int, float]]
) -> tuple[Neighbour, ...]:
    return tuple(Neighbour(i, features[i].name, float(value)) for i, value in values)


def _with_lift(
    features: AnnotatedFeatures, searcher: Searcher, feature: int, found: list[tuple[int, int]]
) -> tuple[Neighbour, ...]:
    counts, documents = searcher.sae.counted.counts(), len(searcher.bundle)
    own = int(counts[feature])
    return tuple(
        Neighbour(i, features[i].name, float(both), lift_of(both, own, int(counts[i]), documents))
        for i, both in found
    )


BLOCK_MEMBERS = 500
"""The most members whose co-occurrence is counted; in a larger family they are the most general."""


@dataclass(frozen=True)
class FamilyDetail:
    """Everything about one family.

    Attributes:
        mean_density: Mean share of documents on which its members are active.
        members: The first `BLOCK_MEMBERS` of its members, in the order of `block`.
        block: How these members occur together.
        parent_child: Mean number of documents that activate both a parent and its child; None if
            there are no such pairs.
        child_child: The same for two children of one parent.
        documents: How many documents activate the family.
        top: The documents that activate it most; `activation` is the L2 norm of the members'.
    """

    family: Family
    mean_density: float
    members: tuple[int, ...]
    block: Block
    parent_child: float | None
    child_child: float | None
    documents: int
    top: tuple[Example, ...]

    @property
    def ratio(self) -> float | None:
        """`R(C, F)` of this family alone: parent-child over child-child co-occurrence."""
        if self.parent_child is None or not self.child_child:
            return None
        return self.parent_child / self.child_child

    @cached_property
    def containment(self) -> NDArray[np.float64]:
        """Documents that activate both of two members, as a share of the rarer one's; `(m, m)`."""
        documents = np.diagonal(self.block.counts)
        rarer = np.minimum.outer(documents, documents)
        return np.asarray(self.block.counts / np.maximum(rarer, 1), dtype=np.float64)


def family_detail(
    searcher: Searcher, features: AnnotatedFeatures, family: Family, limit: int
) -> FamilyDetail:
    """Everything about a family, with up to `limit` documents."""
    members = family.members[:BLOCK_MEMBERS]
    activations = Activations.of(searcher.sae.counted, family.members)
    rows, strengths = family_documents(activations)
    headings = searcher.bundle.documents.headings(rows[:limit].tolist())
    block = co_occurrence_block(activations.of_first(len(members)))
    parent_child, child_child = _means(family, members, block.counts)
    densities = [features[member].density for member in family.members]
    return FamilyDetail(
        family=family,
        mean_density=float(np.mean(densities)),
        members=members,
        block=block,
        parent_child=parent_child,
        child_child=child_child,
        documents=len(rows),
        top=_examples(headings, zip(rows[:limit].tolist(), strengths.tolist(), strict=False)),
    )


def _means(
    family: Family, members: tuple[int, ...], counts: NDArray[np.int64]
) -> tuple[float | None, float | None]:
    """Mean co-occurrence of parents and children, and of children of one parent."""
    places = {member: place for place, member in enumerate(members)}
    with_parent = with_sibling = edges = pairs = 0
    for parent in members:
        below = [places[child] for child in family.children(parent) if child in places]
        if not below:
            continue
        with_parent += int(counts[places[parent], below].sum())
        edges += len(below)
        together = counts[np.ix_(below, below)]
        # The matrix holds each pair twice, on both sides of the diagonal.
        with_sibling += int(together.sum() - together.trace()) // 2
        pairs += len(below) * (len(below) - 1) // 2
    return with_parent / edges if edges else None, with_sibling / pairs if pairs else None
