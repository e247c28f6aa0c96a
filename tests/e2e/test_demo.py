"""The demo: shipped numbers and installed texts become a whole bundle."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from bundles import make_bundle
from rebuild_demo import correct

from saetui.cli import main
from saetui.core.documents import Document
from saetui.core.search_request import SearchRequest
from saetui.errors import BuildError
from saetui.paths import assets_dir
from saetui.pipeline import demo
from saetui.progress import Silent
from saetui.session.session import open_session
from saetui.store.check import check_bundle


@pytest.fixture(scope="module", autouse=True)
def texts_are_read_once(demo_passages: list[Document]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "demo_documents", lambda: demo_passages)
        yield


@pytest.fixture(scope="module")
def prepared() -> Path:
    return demo.prepare_demo(lambda sentence: None)


def test_the_demo_is_a_whole_bundle(prepared: Path) -> None:
    assert [finding for finding in check_bundle(prepared) if not finding.ok] == []


def test_the_demo_is_prepared_once(prepared: Path) -> None:
    said: list[str] = []
    assert demo.prepare_demo(said.append) == prepared
    assert said == []


def test_the_demo_shows_our_labels_where_its_own_were_wrong(prepared: Path) -> None:
    session = open_session(prepared)
    with (assets_dir() / "demo-labels.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) > 50
    for row in rows:
        labels = session.sae.labels(int(row["feature"]))
        assert [each.text for each in labels[-2:]] == [row["instead"], row["label"]]
        assert labels[-1].method == "authors"
        assert session.features[int(row["feature"])].label == row["label"]
    session.close()


def test_our_labels_are_for_the_features_that_they_were_written_for(tmp_path: Path) -> None:
    bundle, labels = make_bundle(tmp_path / "some.bundle"), tmp_path / "labels.csv"
    labels.write_text(
        "feature,label,instead\n1,Discs,Accretion discs\n2,Mergers,Another label\n", "utf-8"
    )
    correct(bundle, labels, Silent())
    session = open_session(bundle)
    assert [session.features[feature].label for feature in (1, 2)] == [
        "Discs",
        "Black hole mergers",
    ]
    session.close()


def test_the_demo_suggests_its_own_queries(prepared: Path) -> None:
    session = open_session(prepared)
    queries = session.bundle.manifest.corpus["queries"]
    assert len(queries) == 3
    for query in queries:
        found = session.search(SearchRequest(query, limit=10))
        papers = {
            str(session.bundle.documents.document(each.row).metadata["paper"])
            for each in found.results
        }
        assert len(papers) > 1, query
        assert all(session.features[feature.id].label for feature in found.features[:3])
    session.close()


def test_the_demo_answers_a_question(prepared: Path) -> None:
    session = open_session(prepared)
    response = session.search(SearchRequest("statistical machine translation", limit=5))
    texts = [session.bundle.documents.document(each.row).text for each in response.results]
    assert all("translation" in text.lower() or "smt" in text.lower() for text in texts)
    session.close()


def test_the_command_says_where_the_demo_is(
    prepared: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--path"]) == 0
    assert capsys.readouterr().out.strip() == str(prepared)


def test_texts_of_another_version_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assets = tmp_path / "assets"
    shutil.copytree(assets_dir() / "demo", assets / "demo")
    manifest = json.loads((assets / "demo" / "manifest.json").read_text("utf-8"))
    manifest["corpus"]["digest"] = "another"
    (assets / "demo" / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    monkeypatch.setattr(demo, "assets_dir", lambda: assets)
    with pytest.raises(BuildError, match="aclsum"):
        demo.prepare_demo(lambda sentence: None)


def test_an_installation_without_the_demo_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "assets_dir", lambda: tmp_path)
    with pytest.raises(BuildError, match="not part of this installation"):
        demo.prepare_demo(lambda sentence: None)


def test_a_cache_that_cannot_be_written_costs_time_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("not a folder", "utf-8")
    monkeypatch.setattr(demo, "cache_dir", lambda: occupied / "cache")
    path = demo.prepare_demo(lambda sentence: None)
    assert (path / "manifest.json").is_file()
    shutil.rmtree(path)


def test_the_shipped_files_stay_small() -> None:
    size = sum(file.stat().st_size for file in assets_dir().rglob("*") if file.is_file())
    assert size < 25 << 20
