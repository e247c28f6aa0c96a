"""What is known about each feature of an SAE: figures and labels, in SQLite.

Every label keeps where it came from. A feature may have several; one of them is shown.
"""

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saetui.core.features import Statistics
from saetui.errors import BundleDamaged
from saetui.store.databases import new_database, open_read_only, read_rows, storable

_SCHEMA = """
CREATE TABLE features(
    id INTEGER PRIMARY KEY, documents INTEGER NOT NULL, density REAL NOT NULL,
    mean_activation REAL NOT NULL, max_activation REAL NOT NULL);
CREATE TABLE labels(
    feature INTEGER NOT NULL REFERENCES features(id), version INTEGER NOT NULL,
    text TEXT NOT NULL, terms TEXT NOT NULL, method TEXT NOT NULL, model TEXT NOT NULL,
    prompt_version TEXT NOT NULL, created TEXT NOT NULL, shown INTEGER NOT NULL,
    PRIMARY KEY (feature, version));
"""


@dataclass(frozen=True, slots=True)
class LabelRecord:
    """One label of one feature, with its provenance.

    Attributes:
        feature: Whose label it is.
        text: The label; empty when none could be found.
        terms: Words and phrases it was chosen from, best first.
        method: How it was made.
        model: With which model, or empty.
        prompt_version: With which prompt, or empty.
        created: ISO date.
    """

    feature: int
    text: str
    terms: tuple[str, ...]
    method: str
    model: str = ""
    prompt_version: str = ""
    created: str = ""


@dataclass(frozen=True, slots=True)
class FeatureRecord:
    """One feature as a list shows it.

    Attributes:
        id: Number in its SAE.
        label: The label shown, or empty.
        terms: Words and phrases behind the label.
        documents: How many documents activate it.
        density: Their share of the corpus.
        mean_activation: Over those documents.
        max_activation: The strongest.
    """

    id: int
    label: str
    terms: tuple[str, ...]
    documents: int
    density: float
    mean_activation: float
    max_activation: float

    @property
    def name(self) -> str:
        """What to call it: its label, or its number."""
        if self.label:
            return self.label
        return f"Feature {self.id}" + ("" if self.documents else " (never active)")


def write_features(path: Path, statistics: Statistics, labels: Iterable[LabelRecord]) -> None:
    """Write figures and first labels of every feature; whole or not at all."""
    with new_database(path, _SCHEMA) as connection:
        connection.executemany(
            "INSERT INTO features VALUES(?,?,?,?,?)",
            zip(
                range(len(statistics.documents)),
                statistics.documents.tolist(),
                statistics.density.tolist(),
                statistics.mean_activation.tolist(),
                statistics.max_activation.tolist(),
                strict=True,
            ),
        )
        connection.executemany(
            "INSERT INTO labels VALUES(?,1,?,?,?,?,?,?,1)",
            (
                (
                    label.feature,
                    storable(label.text),
                    storable("\n".join(label.terms)),
                    label.method,
                    label.model,
                    label.prompt_version,
                    label.created,
                )
                for label in labels
            ),
        )


def read_features(path: Path, n: int) -> list[FeatureRecord]:
    """All features in order of their numbers, each with the label that is shown.

    Raises:
        BundleDamaged: The file is missing, damaged, or lacks features.
    """
    statement = """
        SELECT id, COALESCE(text, ''), COALESCE(terms, ''), documents, density, mean_activation,
               max_activation
        FROM features LEFT JOIN labels ON labels.feature = features.id AND labels.shown
        ORDER BY id
    """
    rows = _read(path, statement)
    if [row[0] for row in rows] != list(range(n)):
        raise BundleDamaged(f"{path} does not describe each of the SAE's {n:,} features once.")
    try:
        return [
            FeatureRecord(
                row[0], str(row[1]), _terms(row[2]), int(row[3]), *(float(x) for x in row[4:])
            )
            for row in rows
        ]
    except (ValueError, TypeError) as error:
        raise BundleDamaged(f"{path} holds figures that are not numbers ({error}).") from None


def read_labels(path: Path, feature: int) -> list[LabelRecord]:
    """Every label that a feature has had, oldest first."""
    statement = """
        SELECT feature, text, terms, method, model, prompt_version, created
        FROM labels WHERE feature = ? ORDER BY version
    """
    return [
        LabelRecord(row[0], str(row[1]), _terms(row[2]), *(str(x) for x in row[3:]))
        for row in _read(path, statement, (feature,))
    ]


def _read(path: Path, statement: str, values: tuple[int, ...] = ()) -> list[tuple[Any, ...]]:
    # A connection of its own for each reading leaves nothing to share between threads.
    with contextlib.closing(open_read_only(path)) as connection:
        return read_rows(connection, path, statement, values)


def _terms(joined: object) -> tuple[str, ...]:
    return tuple(str(joined).split("\n")) if joined else ()
