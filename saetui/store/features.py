"""The statistics of each feature of an SAE, and its labels with scores, in SQLite."""

import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from saetui.core.features import MIXED, ONE, RARE, TWO, WORD, Statistics, statistics
from saetui.core.truth import TrueShare, Truth
from saetui.errors import BundleDamaged
from saetui.store.databases import (
    ReadOnlyDatabase,
    changed_database,
    new_database,
    only_numbers,
    real,
    whole,
)
from saetui.store.labels import SCHEMA, LabelRecord, ScoreRecord, insert_labels, terms_of

_SCHEMA = (
    """
CREATE TABLE features(
    id INTEGER PRIMARY KEY, documents INTEGER NOT NULL, density REAL NOT NULL,
    mean_activation REAL NOT NULL, max_activation REAL NOT NULL,
    cohesion REAL, stability REAL, quality TEXT NOT NULL);
"""
    + SCHEMA
)

_QUALITIES = {
    ONE: "one concept",
    TWO: "two concepts",
    WORD: "a word or a manner of writing rather than a thing",
    MIXED: "mixed, several concepts or none",
    RARE: "rare, too few documents to judge",
}

SHOWN_PROTOCOL = "top"
"""The protocol whose scores are shown with a label in lists: the paper's."""


@dataclass(frozen=True, slots=True)
class FeatureQuality:
    """The quality of a feature, whatever its label.

    Attributes:
        word: One of `core.features.QUALITIES`; empty if unknown.
        cohesion: How similar its strongest documents are, from 0 (as any two) to 1, if known.
        stability: Its cosine to the nearest feature trained from another seed, if known.
    """

    word: str = ""
    cohesion: float | None = None
    stability: float | None = None

    @property
    def words(self) -> str:
        """The word, such that it needs no explanation."""
        return _QUALITIES.get(self.word, self.word)


@dataclass(frozen=True, slots=True)
class FeatureRecord:
    """One feature with its current label.

    Attributes:
        id: Number in its SAE.
        label: Its current label, or empty.
        terms: Words and phrases that the label was chosen from.
        documents: How many documents count for it, see `core.truth`; where that is not known, how
            many activate it.
        density: Their share of the corpus.
        mean_activation: Over those documents.
        max_activation: The strongest.
        quality: Whatever its label.
        f1: Of the current label, if it was scored.
        pearson: Of the current label, if it was scored.
        judge: Who scored it, or empty.
        version: Of the current label; 0 if there is none, or if the user wrote it.
        active: How many documents activate it.
        true: Of how many of the documents that count the label is true, if it is known.
    """

    id: int
    label: str
    terms: tuple[str, ...]
    documents: int
    density: float
    mean_activation: float
    max_activation: float
    quality: FeatureQuality = FeatureQuality()
    f1: float | None = None
    pearson: float | None = None
    judge: str = ""
    version: int = 0
    active: int = 0
    true: TrueShare | None = None

    @property
    def name(self) -> str:
        """Its label, or its number if it has none."""
        if self.label:
            return self.label
        return f"Feature {self.id}" + ("" if self.documents else " (never active)")


def write_features(
    path: Path,
    statistics: Statistics,
    labels: Iterable[LabelRecord],
    *,
    original: Path | None = None,
    quality: Sequence[FeatureQuality] = (),
    scores: Iterable[ScoreRecord] = (),
) -> None:
    """Write statistics, labels and scores of these labels; whole or not at all.

    With the database `original`, features keep the labels that they have there, and the added ones
    become the newest. `quality` is of every feature, or empty if unknown.
    """
    count = len(statistics.documents)
    known = quality or [FeatureQuality()] * count
    opened = changed_database(path, original) if original else new_database(path, _SCHEMA)
    with opened as connection:
        connection.execute("DELETE FROM features")
        connection.executemany(
            "INSERT INTO features VALUES(?,?,?,?,?,?,?,?)",
            zip(
                range(count),
                statistics.documents.tolist(),
                statistics.density.tolist(),
                statistics.mean_activation.tolist(),
                statistics.max_activation.tolist(),
                [each.cohesion for each in known],
                [each.stability for each in known],
                [each.word for each in known],
                strict=True,
            ),
        )
        insert_labels(connection, labels, scores)


def read_features(path: Path, n: int) -> list[FeatureRecord]:
    """All features in order of their numbers, each with its newest label and the label's scores.

    If several judges scored a label, the scores stored last are used.

    Raises:
        BundleDamaged: The file is missing, damaged, or lacks features.
    """
    statement = """
        WITH newest AS (SELECT feature, MAX(version) AS version FROM labels GROUP BY feature),
        judged AS (
            SELECT feature, version, MAX(rowid) AS place FROM scores
            WHERE protocol = ? GROUP BY feature, version)
        SELECT id, COALESCE(text, ''), COALESCE(terms, ''), features.documents, density,
               mean_activation, max_activation, quality, cohesion, stability,
               scores.f1, scores.pearson, COALESCE(scores.judge, ''), COALESCE(labels.version, 0)
        FROM features
        LEFT JOIN newest ON newest.feature = id
        LEFT JOIN labels ON labels.feature = id AND labels.version = newest.version
        LEFT JOIN judged ON judged.feature = id AND judged.version = newest.version
        LEFT JOIN scores ON scores.rowid = judged.place
        ORDER BY id LIMIT ?
    """
    with contextlib.closing(ReadOnlyDatabase(path)) as database:
        rows = database.rows(statement, (SHOWN_PROTOCOL, n + 1))
    if [row[0] for row in rows] != list(range(n)):
        raise BundleDamaged(f"{path} does not describe each of the SAE's {n:,} features once.")
    with only_numbers(path):
        return [
            FeatureRecord(
                id=int(row[0]),
                label=str(row[1]),
                terms=terms_of(row[2]),
                documents=whole(row[3]),
                density=real(row[4]),
                mean_activation=real(row[5]),
                max_activation=real(row[6]),
                active=whole(row[3]),
                quality=FeatureQuality(str(row[7]), _number(row[8]), _number(row[9])),
                f1=_number(row[10]),
                pearson=_number(row[11]),
                judge=str(row[12]),
                version=whole(row[13]),
            )
            for row in rows
        ]


def with_truth(
    records: Sequence[FeatureRecord],
    truth: Truth,
    documents: int,
    versions: Sequence[int] | None,
) -> list[FeatureRecord]:
    """Features with figures of the documents that count, in place of all active ones.

    `versions` are of the labels that the truth is about, one per feature; None for those of the
    records. A label that was added since has no share of its own yet.
    """
    labels = [record.version for record in records] if versions is None else versions
    found = statistics(truth.counted, documents)
    figures = zip(
        records,
        found.documents.tolist(),
        found.density.tolist(),
        found.mean_activation.tolist(),
        truth.shares(),
        labels,
        strict=True,
    )
    return [
        replace(
            record,
            documents=count,
            density=density,
            mean_activation=mean,
            true=share if record.label and record.version == version else None,
        )
        for record, count, density, mean, share, version in figures
    ]


def _number(value: object) -> float | None:
    return None if value is None else real(value)
