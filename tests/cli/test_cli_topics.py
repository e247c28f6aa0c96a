import csv
from pathlib import Path

from command_line import Run

NAMES = ("Black holes", "Coral reefs", "Language models")


def test_topics_are_named_and_exhaustive(run: Run, bundle: Path) -> None:
    found = run("topics", bundle, "-n", "3", "--against", "categories", "--json").json
    assert sum(row["documents"] for row in found["rows"]) == 60
    assert len(found["rows"]) == 3
    # A third of what these few documents are made of is noise.
    assert found["purity"] > 0.6
    assert found["nmi"] > 0.4
    assert all(row["features"] for row in found["rows"])
    assert any(name in row["features"] for row in found["rows"] for name in NAMES)
    assert len({row["label"] for row in found["rows"]}) == 3


def test_several_resolutions_are_written(run: Run, bundle: Path, tmp_path: Path) -> None:
    path = tmp_path / "topics.csv"
    outcome = run("topics", bundle, "-n", "3", "-n", "6", "--export", path)
    assert outcome.code == 0
    assert "Wrote the topics of 60 documents" in outcome.err
    with path.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["id"] for row in rows[:2]] == ["doc-0", "doc-1"]
    assert len({row["topic_3"] for row in rows}) == 3
    assert 3 < len({row["topic_6"] for row in rows}) <= 6
    # Most documents of one class are in one topic.
    of_black_holes = [row["topic_3"] for row in rows[::3]]
    assert max(of_black_holes.count(topic) for topic in "012") > 15


def test_a_filter_counts_some_documents(run: Run, bundle: Path) -> None:
    found = run("topics", bundle, "-n", "3", "--filter", 'category:"Coral reefs"', "--json").json
    counts = [row["documents"] for row in found["rows"]]
    assert sum(counts) == 20
    assert counts[0] > 10


def test_what_cannot_be_made_is_told(run: Run, bundle: Path, empty_bundle: Path) -> None:
    assert "1 topics cannot be made." in run("topics", bundle, "-n", "1").err
    assert "holds no documents" in run("topics", empty_bundle).err
    assert "called 'moons'" in run("topics", bundle, "--against", "moons").err
    assert "No document passes" in run("topics", bundle, "--filter", "after:2050").err
