"""The index in Milvus, through its own client and Milvus Lite in this process."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle
from corpora import write_corpus

from saetui.core.search_request import SearchRequest
from saetui.errors import InputError, SaetuiError
from saetui.pipeline.build import build_bundle
from saetui.progress import Silent
from saetui.session.session import Session
from saetui.store.bundle import Bundle
from saetui.store.check import check_bundle
from saetui.store.index import asked_kind, build_index, open_index
from saetui.store.index.building import index_files
from saetui.store.index.parameters import read_parameters

pytestmark = [
    pytest.mark.milvus,
    pytest.mark.skipif(
        find_spec("pymilvus") is None or find_spec("milvus_lite") is None,
        reason="pymilvus and milvus-lite are not installed (saetui[milvus])",
    ),
    # Of the libraries below the client.
    pytest.mark.filterwarnings("ignore"),
]


@pytest.fixture(scope="module")
def vectors() -> np.ndarray:
    rows = np.random.default_rng(0).standard_normal((2_000, 24)).astype(np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def folder(vectors: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("milvus")
    build_index(vectors, folder, lambda _: None, "milvus", made_from="abc", address="lite/v.db")
    return folder


def test_the_nearest_are_found(folder: Path, vectors: np.ndarray) -> None:
    index = open_index(folder, lambda: vectors)
    assert not index.exact
    random = np.random.default_rng(1)
    found = 0
    for row in random.choice(len(vectors), 50, replace=False):
        query = vectors[row] + random.standard_normal(24).astype(np.float32) / 10
        true = np.argsort(-(vectors @ query))[:10]
        found += len(np.intersect1d(true, index.search(query / np.linalg.norm(query), 300)))
    assert found >= 0.98 * 500


def test_what_is_recorded(folder: Path) -> None:
    parameters = read_parameters(folder)
    assert (parameters.kind, parameters.address) == ("milvus", "lite/v.db")
    assert parameters.collection == "saetui_abc"
    assert index_files("milvus") == ("index.json",)
    assert (folder / "lite").is_dir()


def test_it_names_none_where_it_cannot_name_so_many(folder: Path, vectors: np.ndarray) -> None:
    index = open_index(folder, lambda: vectors)
    assert len(index.search(vectors[0], 0)) == 0
    assert len(index.search(vectors[0], 10_000)) == len(vectors)


def test_a_killed_build_goes_on(vectors: np.ndarray, tmp_path: Path, monkeypatch) -> None:
    from saetui.store.index import milvus

    monkeypatch.setattr(milvus, "_ADD_BLOCK", 300)

    class Stopped(BaseException):
        pass

    added: list[int] = []

    def stop(rows: int) -> None:
        added.append(rows)
        if sum(added) >= 900:
            raise Stopped

    with pytest.raises(Stopped):
        build_index(vectors, tmp_path, stop, "milvus", made_from="abc", address="v.db")
    added.clear()
    build_index(vectors, tmp_path, added.append, "milvus", made_from="abc", address="v.db")
    assert added[0] == 900
    assert sum(added) == len(vectors)
    rows = open_index(tmp_path, lambda: vectors).search(vectors[5], 2_000)
    assert np.array_equal(np.sort(rows), np.arange(2_000))


def test_a_bundle_is_searched_through_it(tmp_path: Path) -> None:
    plain = Session(Bundle(make_bundle(tmp_path / "a.bundle")), embedder=HashEmbedder())
    bundle = Bundle(make_bundle(tmp_path / "b.bundle", index="milvus"))
    there = Session(bundle, embedder=HashEmbedder())
    for text in ("coral reef", "attention head layer"):
        ours, theirs = (
            [(r.row, r.rank, round(r.score, 5)) for r in s.search(SearchRequest(text)).results]
            for s in (there, plain)
        )
        assert ours == theirs
    assert all(finding.ok for finding in check_bundle(bundle.path))


def test_a_build_puts_its_vectors_there(tmp_path: Path) -> None:
    small = write_corpus(tmp_path / "corpus")
    path = tmp_path / "c.bundle"
    first = build_bundle(str(small.corpus), path, small.options(index="milvus"), Silent())
    assert first.manifest.index["kind"] == "milvus"
    assert first.manifest.index["recall"] > 0.98
    again = build_bundle(str(small.corpus), path, small.options(index="milvus"), Silent())
    assert again.steps == ()


def test_a_database_without_the_vectors(folder: Path, vectors, tmp_path: Path) -> None:
    (tmp_path / "index.json").write_bytes((folder / "index.json").read_bytes())
    with pytest.raises(SaetuiError, match="does not have the vectors of this bundle") as raised:
        open_index(tmp_path, lambda: vectors).search(vectors[0], 5)
    assert "MILVUS_URI" in raised.value.hint


def test_a_database_that_cannot_be_reached(folder: Path, vectors, monkeypatch) -> None:
    monkeypatch.setenv("MILVUS_URI", "nonsense://127.0.0.1:1")
    with pytest.raises(SaetuiError, match=r"Milvus at nonsense://127\.0\.0\.1:1 cannot be used"):
        open_index(folder, lambda: vectors).search(vectors[0], 5)


def test_without_an_address_it_lies_in_the_bundle() -> None:
    assert asked_kind("milvus", 10, 10) == ("milvus", "index.db")
    assert asked_kind("milvus:http://localhost:19530", 10, 10)[1] == "http://localhost:19530"


@pytest.mark.parametrize("text", ["graph:x", "tree", "milvus lite"])
def test_what_is_no_kind_of_index(text: str) -> None:
    with pytest.raises(InputError, match="is not a kind of index"):
        asked_kind(text, 10, 10)
