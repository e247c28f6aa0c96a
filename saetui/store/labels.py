"""Labels of features, with their provenance and scores, in SQLite.

A feature may have several labels, counted from 1 in the order in which they were made. The newest
is shown unless a reader decides otherwise; none is ever overwritten.
"""

import contextlib
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from saetui.store.databases import (
    ReadOnlyDatabase,
    changed_database,
    only_numbers,
    real,
    storable,
    whole,
)

SCHEMA = """
CREATE TABLE labels(
    feature INTEGER NOT NULL REFERENCES features(id), version INTEGER NOT NULL,
    text TEXT NOT NULL, terms TEXT NOT NULL, method TEXT NOT NULL, model TEXT NOT NULL,
    prompt_version TEXT NOT NULL, created TEXT NOT NULL,
    PRIMARY KEY (feature, version));
CREATE TABLE scores(
    feature INTEGER NOT NULL, version INTEGER NOT NULL, judge TEXT NOT NULL,
    protocol TEXT NOT NULL, documents INTEGER NOT NULL,
    f1 REAL, f1_low REAL, f1_high REAL, pearson REAL, pearson_low REAL, pearson_high REAL,
    balanced_accuracy REAL, balanced_accuracy_low REAL, balanced_accuracy_high REAL,
    PRIMARY KEY (feature, version, judge, protocol),
    FOREIGN KEY (feature, version) REFERENCES labels(feature, version));
"""

# Only a database with labels that have reasons has this table.
_REASONS = """
CREATE TABLE IF NOT EXISTS reasons(
    feature INTEGER NOT NULL, version INTEGER NOT NULL, text TEXT NOT NULL,
    PRIMARY KEY (feature, version));
"""

_FIGURES = """
    version, judge, protocol, documents, f1, f1_low, f1_high, pearson, pearson_low, pearson_high,
    balanced_accuracy, balanced_accuracy_low, balanced_accuracy_high
"""

Estimate = tuple[float | None, float | None, float | None]
"""A figure and the ends of its 95% interval; None if unknown."""

UNKNOWN: Estimate = (None, None, None)


@dataclass(frozen=True, slots=True)
class LabelRecord:
    """One label of one feature, with its provenance.

    Attributes:
        feature: Number of the labelled feature.
        text: The label; empty if none was found.
        terms: Words and phrases that it was chosen from, best first.
        method: How it was made.
        model: The model that made it, or empty.
        prompt_version: Version of the prompt, or empty.
        created: ISO date.
        version: Number among the feature's labels, from 1; 0 before it is stored.
        reasoning: The reason that came with the label; may be empty.
    """

    feature: int
    text: str
    terms: tuple[str, ...]
    method: str
    model: str = ""
    prompt_version: str = ""
    created: str = ""
    version: int = 0
    reasoning: str = ""


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """How well a judge can tell from one label which documents activate its feature.

    Attributes:
        feature: Number of the labelled feature.
        version: Of the label; 0 stands for the label that is stored with the scores.
        judge: Name of the judge.
        protocol: How the judged documents were chosen.
        documents: Number of judged documents.
        f1: Of confidence above 0.
        pearson: Correlation of confidence with being active.
        balanced_accuracy: Mean of the shares of active and inactive documents recognised.
    """

    feature: int
    version: int
    judge: str
    protocol: str
    documents: int
    f1: Estimate = UNKNOWN
    pearson: Estimate = UNKNOWN
    balanced_accuracy: Estimate = UNKNOWN


def insert_labels(
    connection: sqlite3.Connection, labels: Iterable[LabelRecord], scores: Iterable[ScoreRecord]
) -> None:
    """Add labels to an open database, each as the newest of its feature, with their scores."""
    newest = dict(
        connection.execute("SELECT feature, MAX(version) FROM labels GROUP BY feature").fetchall()
    )
    for label in labels:
        newest[label.feature] = newest.get(label.feature, 0) + 1
        connection.execute(
            "INSERT INTO labels VALUES(?,?,?,?,?,?,?,?)",
            (
                label.feature,
                newest[label.feature],
                storable(label.text),
                storable("\n".join(label.terms)),
                label.method,
                label.model,
                label.prompt_version,
                label.created,
            ),
        )
        if label.reasoning:
            connection.execute(_REASONS)
            values = (label.feature, newest[label.feature], storable(label.reasoning))
            connection.execute("INSERT INTO reasons VALUES(?,?,?)", values)
    connection.executemany(
        "INSERT OR REPLACE INTO scores VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
        (
            (
                score.feature,
                score.version or newest.get(score.feature, 0),
                storable(score.judge),
                score.protocol,
                score.documents,
                *score.f1,
                *score.pearson,
                *score.balanced_accuracy,
            )
            for score in scores
        ),
    )


def add_labels(
    path: Path,
    labels: Sequence[LabelRecord],
    scores: Sequence[ScoreRecord],
    original: Path | None = None,
) -> None:
    """Add labels, each as the newest of its feature, and scores; whole or not at all.

    Scores are of these labels, or of earlier ones by their versions. The database at `original` is
    copied and added to; without it, the one at `path` is replaced.

    Raises:
        BuildError: It cannot be written.
        BundleDamaged: It is not the database that belongs there.
    """
    with changed_database(path, original or path) as connection:
        insert_labels(connection, labels, scores)


def read_history(path: Path, feature: int) -> tuple[list[LabelRecord], list[ScoreRecord]]:
    """Every label that a feature has had, oldest first, and the scores of all of them as stored."""
    # Each reading opens its own connection, so threads share nothing.
    with contextlib.closing(ReadOnlyDatabase(path)) as database:
        labels = database.rows(
            """
            SELECT text, terms, method, model, prompt_version, created, version
            FROM labels WHERE feature = ? ORDER BY version
            """,
            (feature,),
        )
        scores = database.rows(
            f"SELECT {_FIGURES} FROM scores WHERE feature = ? ORDER BY version, rowid",
            (feature,),
        )
        reasons = dict[int, str]()
        if database.has_table("reasons"):
            reasons = dict(
                database.rows("SELECT version, text FROM reasons WHERE feature = ?", (feature,))
            )
    with only_numbers(path):
        return [_label(feature, row, reasons) for row in labels], [
            _score(feature, row) for row in scores
        ]


def read_labels(path: Path) -> list[LabelRecord]:
    """Every label of every feature, in order of features, oldest first."""
    with contextlib.closing(ReadOnlyDatabase(path)) as database:
        found = database.rows(
            """
            SELECT feature, text, terms, method, model, prompt_version, created, version
            FROM labels ORDER BY feature, version
            """
        )
        reasons: dict[int, dict[int, object]] = {}
        if database.has_table("reasons"):
            for feature, version, text in database.rows("SELECT * FROM reasons"):
                reasons.setdefault(feature, {})[version] = text
    with only_numbers(path):
        return [_label(whole(f), row, reasons.get(f, {})) for f, *row in found]


def newest_scores(path: Path) -> list[ScoreRecord]:
    """Scores of the newest label of every feature, in order of features."""
    statement = f"""
        WITH newest AS (SELECT feature, MAX(version) AS version FROM labels GROUP BY feature)
        SELECT scores.feature, {_FIGURES}
        FROM scores JOIN newest USING (feature, version)
        ORDER BY scores.feature, scores.rowid
    """
    with contextlib.closing(ReadOnlyDatabase(path)) as database:
        found = database.rows(statement)
    with only_numbers(path):
        return [_score(whole(feature), row) for feature, *row in found]


def _label(feature: int, row: Sequence[Any], reasons: Mapping[int, object]) -> LabelRecord:
    text, terms, method, model, prompt, created, version = row
    return LabelRecord(
        feature,
        str(text),
        terms_of(terms),
        str(method),
        str(model),
        str(prompt),
        str(created),
        version=whole(version),
        reasoning=str(reasons.get(version, "")),
    )


def _score(feature: int, row: Sequence[Any]) -> ScoreRecord:
    figures = [None if value is None else real(value) for value in row[4:]]
    return ScoreRecord(
        feature=feature,
        version=whole(row[0]),
        judge=str(row[1]),
        protocol=str(row[2]),
        documents=whole(row[3]),
        f1=(figures[0], figures[1], figures[2]),
        pearson=(figures[3], figures[4], figures[5]),
        balanced_accuracy=(figures[6], figures[7], figures[8]),
    )


def terms_of(joined: object) -> tuple[str, ...]:
    """The terms in a column of the table."""
    return tuple(str(joined).split("\n")) if joined else ()
