"""Labels are put beside earlier ones, and the bundle stays whole."""

from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from bundles import SECOND, add_larger_sae, make_bundle

from saetui.core.families import FamilyLabel
from saetui.errors import BuildError, BundleDamaged
from saetui.interpret.families.statistics import family_statistics
from saetui.pipeline.context import BuildLog
from saetui.pipeline.label_records import store_families, store_labels
from saetui.store.bundle import Bundle
from saetui.store.check import check_bundle
from saetui.store.labels import LabelRecord, ScoreRecord
from saetui.store.swap import WORK, only_one_build

FIRST = "k4-n24"
NEW = LabelRecord(1, "Thin discs", ("thin", "disc"), "llm", "openai:m", "7", "2026-11-30")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bundle of two SAEs, with a log of the steps that made its labels and families."""
    folder = add_larger_sae(make_bundle(tmp_path / "two.bundle"))
    log = BuildLog(folder)
    for sae in (FIRST, SECOND):
        log.record(f"labels {sae}", f"labels of {sae}", [f"saes/{sae}/features.sqlite"], {"a": 1})
        log.record(f"families {sae}", "families", [f"saes/{sae}/families.json"], {"b": 2})
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    """Every file but the lock and the log of what waits to be done."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


def changed(folder: Path, before: dict[str, bytes]) -> set[str]:
    after = contents(folder)
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


@pytest.fixture
def opened(folder: Path) -> Iterator[Bundle]:
    bundle = Bundle(folder)
    yield bundle
    bundle.close()


def whole(folder: Path) -> bool:
    return all(finding.ok for finding in check_bundle(folder))


@pytest.mark.parametrize("sae", [FIRST, SECOND])
def test_a_label_becomes_the_newest_of_its_feature_in_its_sae(folder: Path, sae: str) -> None:
    before = contents(folder)
    scores = [ScoreRecord(1, 0, "openai:judge", "top", 20, (0.7, 0.6, 0.8))]
    store_labels(folder, sae, [NEW], scores, {"model": "openai:m"})
    assert changed(folder, before) == {
        f"saes/{sae}/features.sqlite",
        "manifest.json",
        "build.json",
    }
    assert whole(folder)
    bundle = Bundle(folder)
    for record in bundle.manifest.saes:
        labels, scored = bundle.sae(record.name).history(1)
        new = record.name == sae
        assert [label.text == NEW.text for label in labels[1:]] == ([True] if new else [])
        assert (bundle.sae(record.name).features[1].label == "Thin discs") == (
            new or record.name == SECOND
        )
        assert [s.version for s in scored if s.judge == "openai:judge"] == ([2] if new else [])
        assert ((record.metrics.get("labels") or {}).get("model") == "openai:m") == new
        # The other features keep theirs.
        assert bundle.sae(record.name).features[2].label == "Black hole mergers"
    newest = bundle.sae(sae).labels(1)[-1]
    assert newest == replace(NEW, version=2)
    bundle.close()


def test_scores_alone_go_to_the_version_that_they_name(folder: Path) -> None:
    store_labels(folder, FIRST, [NEW], [])
    store_labels(folder, FIRST, [], [ScoreRecord(1, 1, "late", "top", 9, (0.5, 0.4, 0.6))])
    bundle = Bundle(folder)
    labels, scores = bundle.sae(FIRST).history(1)
    assert [label.version for label in labels] == [1, 2]
    assert [score.version for score in scores if score.judge == "late"] == [1]
    bundle.close()


def test_the_step_that_made_the_labels_is_not_done_again(folder: Path) -> None:
    store_labels(folder, FIRST, [NEW], [], {"model": "openai:m"})
    log = BuildLog(folder)
    assert log.whole(f"labels {FIRST}") is not None
    assert log.finished(f"labels {FIRST}", f"labels of {FIRST}")
    assert log.steps[f"labels {FIRST}"].facts == {"a": 1, "model": "openai:m"}
    assert log.steps[f"labels {SECOND}"].facts == {"a": 1}


def test_without_a_log_none_is_made(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "own.bundle")
    store_labels(folder, FIRST, [NEW], [])
    assert not (folder / "build.json").exists()
    assert whole(folder)


def test_nothing_to_store_changes_nothing(folder: Path) -> None:
    before = contents(folder)
    store_labels(folder, FIRST, [], [], {"model": "openai:m"})
    assert changed(folder, before) == set()


def test_a_build_at_work_is_not_disturbed(folder: Path, opened: Bundle) -> None:
    before = contents(folder)
    with only_one_build(folder):
        with pytest.raises(BuildError, match="Another build is at work"):
            store_labels(folder, FIRST, [NEW], [])
        with pytest.raises(BuildError, match="Another build is at work"):
            store_families(folder, opened.sae(FIRST), opened.sae(FIRST).families)
    assert changed(folder, before) == set()


def test_what_cannot_be_stored_leaves_the_bundle_as_it_was(folder: Path) -> None:
    path = folder / "saes" / FIRST / "features.sqlite"
    sound = path.read_bytes()
    path.write_bytes(b"no database")
    before = contents(folder)
    with pytest.raises(BundleDamaged, match=r"features\.sqlite"):
        store_labels(folder, FIRST, [NEW], [])
    assert {name for name in changed(folder, before) if not name.startswith(WORK)} == set()
    path.write_bytes(sound)
    assert whole(folder)
    store_labels(folder, FIRST, [NEW], [])
    assert whole(folder)
    assert not (folder / WORK).exists()


def test_families_are_replaced_and_their_figures_with_them(folder: Path, opened: Bundle) -> None:
    sae = opened.sae(FIRST)
    label = FamilyLabel("Compact objects", "llm", "openai:m", "7", "2026-11-30", "words", 0.5, 0.25)
    families = sae.families
    renamed = replace(families, families=(families[0].called(label), *families.families[1:]))
    before = contents(folder)
    store_families(folder, sae, renamed)
    assert changed(folder, before) == {
        f"saes/{FIRST}/families.json",
        "manifest.json",
        "build.json",
    }
    assert whole(folder)
    bundle = Bundle(folder)
    assert [family.label for family in bundle.sae(FIRST).families] == [
        "Compact objects",
        *(family.label for family in families.families[1:]),
    ]
    assert bundle.sae(FIRST).families[0].labels[-1] == label
    assert bundle.sae(SECOND).families == opened.sae(SECOND).families
    figures = asdict(family_statistics(renamed, sae.codes, sae.postings))
    kept = {record.name: record.metrics.get("families") for record in bundle.manifest.saes}
    assert kept == {FIRST: figures, SECOND: None}
    log = BuildLog(folder)
    assert log.whole(f"families {FIRST}") is not None
    assert log.steps[f"families {FIRST}"].facts == {"b": 2, **figures}
    bundle.close()
