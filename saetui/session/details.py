"""Everything about one feature or one document: plain values without behaviour."""

from dataclasses import dataclass

from saetui.core.documents import Document
from saetui.core.families import Family
from saetui.store.features import FeatureRecord
from saetui.store.labels import LabelRecord, ScoreRecord
from saetui.store.notes import FeatureNotes


@dataclass(frozen=True, slots=True)
class Example:
    """A document as an example of a feature.

    Attributes:
        row: Its row in the bundle.
        id: Its id in the corpus.
        title: Its title, or its first words.
        activation: Of the feature on it.
    """

    row: int
    id: str
    title: str
    activation: float


@dataclass(frozen=True, slots=True)
class Neighbour:
    """Another feature, seen from one.

    Attributes:
        id: Number of the other feature.
        name: Its label or number.
        value: Cosine of the directions, or number of documents together.
    """

    id: int
    name: str
    value: float


@dataclass(frozen=True)
class FeatureDetail:
    """Everything about one feature.

    Attributes:
        record: Figures and label.
        labels: Every label it has had.
        scores: Of every label that was scored.
        notes: What the reader said about it.
        histogram: Counts of activations in equal steps from 0 to the maximum.
        top: The documents that activate it most.
        deciles: Examples from each tenth of its documents, strongest tenth first.
        near_misses: Documents nearest to its direction that do not activate it; `activation` is
            their cosine to it.
        nearest: Features of similar direction.
        opposed: Features of opposite direction.
        co_occurring: Features active on the same documents.
        families: Families it is in.
    """

    record: FeatureRecord
    labels: tuple[LabelRecord, ...]
    scores: tuple[ScoreRecord, ...]
    notes: FeatureNotes
    histogram: tuple[int, ...]
    top: tuple[Example, ...]
    deciles: tuple[tuple[Example, ...], ...]
    near_misses: tuple[Example, ...]
    nearest: tuple[Neighbour, ...]
    opposed: tuple[Neighbour, ...]
    co_occurring: tuple[Neighbour, ...]
    families: tuple[Family, ...]


@dataclass(frozen=True)
class DocumentDetail:
    """Everything about one document.

    Attributes:
        row: Its row in the bundle.
        document: Its text and what is known about it.
        features: Features active on it, strongest first; `value` is the activation.
        neighbours: The nearest other documents; `activation` is the cosine.
    """

    row: int
    document: Document
    features: tuple[Neighbour, ...]
    neighbours: tuple[Example, ...]
