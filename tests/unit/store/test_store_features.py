"""Figures and labels come back as they were written."""

import sqlite3
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.core.features import Statistics
from saetui.errors import BuildError, BundleDamaged
from saetui.store.databases import storable
from saetui.store.features import FeatureQuality, read_features, write_features
from saetui.store.labels import LabelRecord, ScoreRecord, add_labels, read_history

words = st.text(st.characters(exclude_characters="\n"), min_size=1, max_size=8)
labels = st.builds(
    LabelRecord,
    feature=st.just(0),
    text=st.text(max_size=12),
    terms=st.lists(words, max_size=4).map(tuple),
    method=st.sampled_from(["terms", "openai"]),
    model=st.sampled_from(["", "model-1"]),
    prompt_version=st.sampled_from(["", "2"]),
    created=st.sampled_from(["", "2024-08-01"]),
)


def figures(n: int) -> Statistics:
    random = np.random.default_rng(n)
    return Statistics(random.integers(0, 99, n), *(random.random(n) for _ in range(3)))


@given(st.lists(labels, max_size=6))
def test_features_come_back_as_they_were_written(drawn: list[LabelRecord]) -> None:
    n, statistics = len(drawn), figures(len(drawn))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.sqlite"
        write_features(
            path,
            statistics,
            [
                LabelRecord(
                    i, label.text, label.terms, label.method, label.model, created=label.created
                )
                for i, label in enumerate(drawn)
            ],
        )
        features = read_features(path, n)
        for i, (feature, label) in enumerate(zip(features, drawn, strict=True)):
            assert (feature.id, feature.label) == (i, storable(label.text))
            assert feature.terms == tuple(storable(term) for term in label.terms)
            assert feature.documents == statistics.documents[i]
            assert feature.density == statistics.density[i]
            assert feature.mean_activation == statistics.mean_activation[i]
            assert feature.max_activation == statistics.max_activation[i]
            (known,) = read_history(path, i)[0]
            assert (known.feature, known.text, known.method) == (i, feature.label, label.method)
            assert (known.model, known.created) == (label.model, label.created)
        assert read_history(path, n)[0] == []


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "features.sqlite"
    write_features(path, figures(3), [LabelRecord(0, "Zero", ("nought",), "terms")])
    return path


def test_a_feature_without_a_label_is_known_by_its_number(tmp_path: Path) -> None:
    zeros = np.zeros(2)
    statistics = Statistics(np.array([0, 4]), zeros, zeros, zeros)
    write_features(tmp_path / "f", statistics, [])
    assert [feature.name for feature in read_features(tmp_path / "f", 2)] == [
        "Feature 0 (never active)",
        "Feature 1",
    ]


def test_of_several_labels_the_newest_is_read_and_none_is_lost(path: Path) -> None:
    newer = [
        LabelRecord(0, "Nil", (), "llm", "model-1", "2", "2025"),
        LabelRecord(2, "Two", (), "llm"),
    ]
    add_labels(path, newer, [])
    assert [feature.label for feature in read_features(path, 3)] == ["Nil", "", "Two"]
    assert [feature.version for feature in read_features(path, 3)] == [2, 0, 1]
    known = read_history(path, 0)[0]
    assert [(label.text, label.version) for label in known] == [("Zero", 1), ("Nil", 2)]
    assert (known[1].model, known[1].prompt_version, known[1].created) == ("model-1", "2", "2025")


def score(version: int, judge: str, protocol: str, f1: float) -> ScoreRecord:
    figures = ((f1, f1 - 0.1, f1 + 0.1), (0.5, None, None), (None, None, None))
    return ScoreRecord(0, version, judge, protocol, 12, *figures)


def test_scores_stay_with_the_label_that_they_are_about(tmp_path: Path) -> None:
    path = tmp_path / "features.sqlite"
    first = [score(0, "words", "top", 0.8), score(0, "words", "hard", 0.6)]
    write_features(path, figures(2), [LabelRecord(0, "Zero", (), "terms")], scores=first)
    (feature, other) = read_features(path, 2)
    assert (feature.f1, feature.pearson, feature.judge) == (0.8, 0.5, "words")
    assert (other.f1, other.judge) == (None, "")
    add_labels(path, [LabelRecord(0, "Nil", (), "llm")], [])
    assert read_features(path, 2)[0].f1 is None
    add_labels(path, [], [score(1, "llm", "top", 0.7), score(2, "llm", "top", 0.9)])
    assert read_features(path, 2)[0].f1 == 0.9
    found = [(each.version, each.judge, each.protocol) for each in read_history(path, 0)[1]]
    assert found == [
        (1, "words", "top"), (1, "words", "hard"), (1, "llm", "top"), (2, "llm", "top")
    ]  # fmt: skip
    assert read_history(path, 0)[1][0] == score(1, "words", "top", 0.8)
    assert read_history(path, 1)[1] == []


def test_the_judge_asked_last_counts(path: Path) -> None:
    add_labels(path, [], [score(1, "words", "top", 0.8), score(1, "llm", "top", 0.9)])
    assert read_features(path, 3)[0].judge == "llm"
    add_labels(path, [], [score(1, "words", "top", 0.7)])
    assert (read_features(path, 3)[0].judge, read_features(path, 3)[0].f1) == ("words", 0.7)


def test_a_failed_addition_leaves_the_labels_as_they_were(path: Path) -> None:
    before = path.read_bytes()
    with pytest.raises(BuildError, match="cannot be written"):
        add_labels(path, [LabelRecord(0, "Nil", (), None)], [])  # type: ignore[arg-type]
    assert path.read_bytes() == before
    assert list(path.parent.iterdir()) == [path]


def test_qualities_come_back(tmp_path: Path) -> None:
    quality = [FeatureQuality("mixed", 0.1, 0.9), FeatureQuality("dead")]
    write_features(tmp_path / "f", figures(2), [], quality=quality)
    assert [feature.quality for feature in read_features(tmp_path / "f", 2)] == quality


def test_threads_read_at_once(path: Path) -> None:
    expected = read_features(path, 3), read_history(path, 0)[0]
    with ThreadPoolExecutor(8) as pool:
        found = pool.map(lambda _: (read_features(path, 3), read_history(path, 0)[0]), range(40))
    assert all(each == expected for each in found)


def in_sql(statement: str) -> Callable[[Path], None]:
    def damage(path: Path) -> None:
        connection = sqlite3.connect(path)
        connection.executescript(statement)
        connection.close()

    return damage


@pytest.mark.parametrize(
    "damage",
    [
        in_sql("DELETE FROM features WHERE id = 1"),
        in_sql("UPDATE features SET id = 9 WHERE id = 1"),
        in_sql(
            "INSERT INTO scores(feature,version,judge,protocol,documents,f1) "
            "VALUES(0,1,'words','top',9,'high')"
        ),
        in_sql("UPDATE features SET density = 'high' WHERE id = 2"),
        in_sql("UPDATE features SET documents = x'00' WHERE id = 2"),
        in_sql("DROP TABLE labels"),
        in_sql("DROP TABLE features; CREATE TABLE features(id)"),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:5_000]),
        lambda path: path.write_bytes(b"no database at all"),
        lambda path: path.unlink(),
    ],
)
def test_other_files_are_refused(path: Path, damage: Callable[[Path], object]) -> None:
    damage(path)
    with pytest.raises(BundleDamaged, match=r"features\.sqlite"):
        read_features(path, 3)


def test_the_number_of_features_must_be_the_saes(path: Path) -> None:
    for n in (2, 4):
        with pytest.raises(BundleDamaged, match=f"each of the SAE's {n} features once"):
            read_features(path, n)
