"""The index finds what is near, and is proved to be itself before it is loaded."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from saetui.core.scores import cosines, top
from saetui.errors import BundleDamaged
from saetui.store import atomic
from saetui.store.index import (
    IndexParameters,
    VectorIndex,
    build_index,
    choose_kind,
    graph,
    measure_recall,
    open_index,
)
from saetui.store.index.building import Kind, grow_index, index_files

Vectors = NDArray[np.float16]


def clustered(
    count: int, clusters: int, d: int = 24, spread: float = 0.5, seed: int = 0
) -> Vectors:
    random = np.random.default_rng(seed)
    centres = random.standard_normal((clusters, d))
    vectors = centres[random.integers(clusters, size=count)]
    vectors = vectors + spread * random.standard_normal((count, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def built(folder: Path, vectors: Vectors, kind: Kind = "graph") -> VectorIndex:
    build_index(vectors, folder, lambda _: None, kind)
    return open_index(folder, lambda: vectors)


def test_nearly_all_true_neighbours_are_found(tmp_path: Path) -> None:
    vectors = clustered(2_000, 40)
    index = built(tmp_path, vectors)
    found = 0
    for row in range(0, 2_000, 20):
        query = vectors[row].astype(np.float32)
        found += len(set(top(cosines(query, vectors), 10)) & set(index.search(query, 10)))
    assert found / 1_000 > 0.98


@pytest.mark.parametrize("kind", ["exact", "graph", "projected"])
def test_the_same_vectors_give_the_same_file(tmp_path: Path, kind: Kind) -> None:
    vectors = clustered(1_500, 10)
    advanced: list[int] = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        build_index(vectors, tmp_path / name, advanced.append, kind)
    assert sum(advanced) == 3_000
    for file in index_files(kind):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


@pytest.mark.parametrize("kind", ["exact", "graph"])
@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_few_vectors_are_all_found(tmp_path: Path, kind: Kind, count: int) -> None:
    vectors = clustered(count, 3, d=4)
    index = built(tmp_path, vectors, kind)
    assert index.parameters.documents == count
    query = np.ones(4, dtype=np.float32)
    for limit in (0, 1, 3, 100):
        rows = index.search(query, limit)
        assert rows.dtype == np.int64
        assert len(set(rows.tolist())) == min(limit, count)
        assert set(rows.tolist()) <= set(range(count))


def test_a_vector_is_nearest_to_itself(tmp_path: Path) -> None:
    vectors = clustered(300, 300, spread=1)
    index = built(tmp_path, vectors)
    assert [int(index.search(row.astype(np.float32), 1)[0]) for row in vectors] == list(range(300))


def test_equal_vectors_are_all_found(tmp_path: Path) -> None:
    vectors = np.repeat(clustered(3, 3), 100, axis=0)
    index = built(tmp_path, vectors)
    rows = index.search(vectors[150].astype(np.float32), 100)
    assert sorted(rows.tolist()) == list(range(100, 200))


def test_islands_out_of_reach_give_no_rows_rather_than_an_error(tmp_path: Path) -> None:
    vectors = clustered(3_000, 40, spread=1e-3)
    index = built(tmp_path, vectors)
    query = vectors[0].astype(np.float32)
    assert len(index.search(query, 3_000)) in (0, 3_000)
    assert len(index.search(query, 10)) == 10


def test_threads_that_look_for_more_do_not_change_what_others_find(tmp_path: Path) -> None:
    vectors = clustered(4_000, 4_000, d=48, spread=1)
    index = built(tmp_path, vectors)
    queries = clustered(40, 40, d=48, spread=1, seed=1).astype(np.float32)
    alone = [index.search(query, 5).tolist() for query in queries]
    done = threading.Event()

    def look_far() -> None:
        while not done.is_set():
            index.search(queries[0], 1_500)

    with ThreadPoolExecutor(3) as pool:
        others = [pool.submit(look_far) for _ in range(2)]
        try:
            together = [index.search(query, 5).tolist() for query in queries for _ in range(3)]
        finally:
            done.set()
        for other in others:
            other.result()
    assert together == [rows for rows in alone for _ in range(3)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    built(tmp_path, clustered(100, 5, d=8))
    return tmp_path


def opened(folder: Path) -> VectorIndex:
    return open_index(folder, lambda: pytest.fail("a graph needs no vectors"))


def test_a_changed_index_is_never_loaded(folder: Path) -> None:
    whole = (folder / "index.hnsw").read_bytes()
    for damaged in (b"", whole[:-1], whole + b"\0", bytes([whole[0] ^ 1]) + whole[1:]):
        (folder / "index.hnsw").write_bytes(damaged)
        with pytest.raises(BundleDamaged, match=r"index\.hnsw is not the index that index\.json"):
            opened(folder)
    (folder / "index.hnsw").write_bytes(whole)
    assert opened(folder).parameters.documents == 100
    (folder / "index.hnsw").unlink()
    with pytest.raises(BundleDamaged, match=r"index\.hnsw is missing"):
        opened(folder)
    (folder / "index.hnsw").mkdir()
    with pytest.raises(BundleDamaged, match=r"index\.hnsw cannot be read"):
        opened(folder)


def test_a_damaged_memory_does_not_condemn_the_index(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SAETUI_CACHE", str(tmp_path))
    monkeypatch.setattr(atomic, "_WORTH_REMEMBERING", 1)
    opened(folder)
    memory = tmp_path / "verified-files.json"
    entries = json.loads(memory.read_text())
    for entry in entries.values():
        entry[-1] = "0" * 64
    memory.write_text(json.dumps(entries))
    assert len(opened(folder).search(np.ones(8, np.float32), 3)) == 3


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("documents", "100"),
        ("documents", -1),
        ("dimensions", 0),
        ("dimensions", None),
        ("space", "cosine"),
        ("space", "iq"),
        ("sha256", 5),
        ("M", 1.5),
        ("unheard", "of"),
    ],
)
def test_parameters_that_cannot_be_are_refused(folder: Path, key: str, value: object) -> None:
    parameters = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**parameters, key: value}))
    with pytest.raises(BundleDamaged, match=r"index\.json does not describe an index"):
        opened(folder)


@pytest.mark.parametrize("content", [None, "", "[]", "{}", "null", "[" * 100_000])
def test_what_are_no_parameters_is_refused(folder: Path, content: str | None) -> None:
    if content is None:
        (folder / "index.json").unlink()
    else:
        (folder / "index.json").write_text(content)
    with pytest.raises(BundleDamaged, match=r"index\.json"):
        opened(folder)


def test_parameters_are_those_of_the_build(folder: Path) -> None:
    parameters = opened(folder).parameters
    assert parameters == IndexParameters(100, 8, "ip", 16, 200, parameters.sha256)
    assert len(parameters.sha256) == 64


def test_an_index_of_before_there_were_kinds_is_a_graph(folder: Path) -> None:
    parameters = json.loads((folder / "index.json").read_text())
    names = ("documents", "dimensions", "space", "M", "ef_construction", "sha256")
    (folder / "index.json").write_text(json.dumps({name: parameters[name] for name in names}))
    assert opened(folder).parameters == IndexParameters(100, 8, sha256=parameters["sha256"])


def test_a_kind_of_the_future_is_not_guessed_at(folder: Path) -> None:
    parameters = json.loads((folder / "index.json").read_text())
    (folder / "index.json").write_text(json.dumps({**parameters, "kind": "quantum"}))
    with pytest.raises(BundleDamaged, match="an index of kind 'quantum', which is not known"):
        opened(folder)


@pytest.mark.parametrize(
    ("documents", "dimensions", "kind"),
    [
        (0, 384, "exact"),
        (9_000, 384, "exact"),
        (12_000, 384, "graph"),
        (80_000, 1_536, "graph"),
        (100_000, 1_536, "projected"),
        (420_000, 1_536, "projected"),
        (3_000_000, 64, "graph"),
    ],
)
def test_the_kind_follows_from_the_size(documents: int, dimensions: int, kind: Kind) -> None:
    assert choose_kind(documents, dimensions) == kind


def test_what_an_index_of_another_kind_left_is_removed(tmp_path: Path) -> None:
    vectors = clustered(200, 5)
    for kind in ("projected", "graph", "exact"):
        built(tmp_path, vectors, kind)
        assert {path.name for path in tmp_path.iterdir()} == set(index_files(kind))


@pytest.mark.parametrize("damage", [b"", b"x", b"\x93NUMPY"])
def test_a_changed_projection_is_never_used(tmp_path: Path, damage: bytes) -> None:
    built(tmp_path, clustered(200, 5), "projected")
    (tmp_path / "index.projection.npy").write_bytes(damage)
    with pytest.raises(BundleDamaged, match=r"index\.projection\.npy is not the index"):
        opened(tmp_path)


@pytest.mark.parametrize("kind", ["exact", "graph", "projected"])
def test_what_is_measured_is_kept_with_the_index(tmp_path: Path, kind: Kind) -> None:
    vectors = clustered(3_000, 60, d=48)
    index = built(tmp_path, vectors, kind)
    measured = measure_recall(index, vectors, tmp_path, seed=0)
    assert set(measured.recall) == {"plain", "steered"}
    if kind == "exact":
        assert measured.recall == {"plain": 1, "steered": 1}
    assert all(share > 0.95 for share in measured.recall.values())
    assert open_index(tmp_path, lambda: vectors).parameters == measured


class Noting:
    """An index that names few rows, and notes what it was asked and which it named."""

    exact = False

    def __init__(self, index: VectorIndex) -> None:
        self.parameters = index.parameters
        self.index = index
        self.asked: list[tuple[NDArray[np.float32], NDArray[np.int64]]] = []

    def search(self, vector: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        rows = self.index.search(vector, count // 40)
        self.asked.append((vector, rows))
        return rows


@pytest.mark.parametrize("kind", ["graph", "projected"])
def test_recall_is_that_of_comparing_with_every_document(tmp_path: Path, kind: Kind) -> None:
    vectors = clustered(3_000, 3_000, d=48, spread=1)
    noting = Noting(built(tmp_path, vectors, kind))
    measured = measure_recall(noting, vectors, tmp_path, seed=0)
    x = vectors.astype(np.float64)
    shares = []
    for query, named in noting.asked[-400:]:
        scores = x @ query
        true, best = np.argsort(-scores)[:10], named[np.argsort(-scores[named])[:10]]
        shares.append(len(np.intersect1d(true, best)) / 10)
    # The last look was at 200 queries like texts, then at 200 like steered ones.
    assert measured.recall["plain"] == pytest.approx(np.mean(shares[:200]), abs=1e-3)
    assert measured.recall["steered"] == pytest.approx(np.mean(shares[200:]), abs=1e-3)
    if kind == "projected":
        assert max(measured.recall.values()) < 0.95, "there is nothing to be measured"


class Partial:
    """An index that finds all but so many of the nearest, unless it is asked for many rows."""

    exact = False

    def __init__(self, vectors: Vectors, missing: int, enough: int) -> None:
        self.vectors, self.missing, self.enough = vectors.astype(np.float32), missing, enough
        self.parameters = IndexParameters(*vectors.shape)

    def search(self, vector: NDArray[np.float32], count: int) -> NDArray[np.int64]:
        best = np.argsort(-(self.vectors @ vector), kind="stable")
        return best[0 if count >= self.enough else self.missing :][:count]


@pytest.mark.parametrize(("missing", "enough"), [(0, 0), (3, 10_000), (10, 10_000), (3, 700)])
def test_an_index_is_asked_for_as_many_rows_as_its_recall_needs(
    tmp_path: Path, missing: int, enough: int
) -> None:
    vectors = clustered(2_500, 50)
    measured = measure_recall(Partial(vectors, missing, enough), vectors, tmp_path, seed=0)
    found = 1 if enough < 10_000 else 1 - missing / 10
    assert measured.recall == {"plain": pytest.approx(found), "steered": pytest.approx(found)}
    assert measured.candidates == {0: 300, 700: 700, 10_000: 2_000}[enough]


def test_a_killed_build_of_a_large_graph_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "_REPRODUCIBLE_BELOW", 0)
    monkeypatch.setattr(graph, "_ROWS_BETWEEN_SAVES", 2_048)
    vectors = clustered(7_000, 40)
    added: list[int] = []

    def until_killed(rows: int) -> None:
        added.append(rows)
        if sum(added) == 6_144:
            raise KeyboardInterrupt

    for made_from, first in (("these", 4_096), ("others", 2_048)):
        added.clear()
        with pytest.raises(KeyboardInterrupt):
            build_index(vectors, tmp_path, until_killed, "graph", "these")
        added.clear()
        build_index(vectors, tmp_path, added.append, "graph", made_from)
        assert added[0] == first
        assert sum(added) == 7_000
        assert {path.name for path in tmp_path.iterdir()} == {"index.hnsw", "index.json"}
        index = opened(tmp_path)
        rows = range(0, 7_000, 100)
        found = [row in index.search(vectors[row].astype(np.float32), 10) for row in rows]
        assert np.mean(found) > 0.95


def test_a_damaged_unfinished_graph_is_not_gone_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(graph, "_REPRODUCIBLE_BELOW", 0)
    monkeypatch.setattr(graph, "_ROWS_BETWEEN_SAVES", 2_048)
    vectors = clustered(5_000, 40)
    added: list[int] = []

    def until_killed(rows: int) -> None:
        added.append(rows)
        if sum(added) > 4_096:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(vectors, tmp_path, until_killed, "graph", "these")
    unfinished = tmp_path / graph.UNFINISHED[0]
    unfinished.write_bytes(unfinished.read_bytes()[:-100])
    added.clear()
    build_index(vectors, tmp_path, added.append, "graph", "these")
    assert added[0] == 2_048


@pytest.mark.parametrize("kind", ["graph", "projected"])
def test_a_grown_index_finds_as_well_as_a_new_one(tmp_path: Path, kind: Kind) -> None:
    vectors = clustered(3_000, 40, d=160)
    old = vectors[:2_600].copy()
    # Some of those that were there are others now.
    old[100:200] = clustered(100, 10, d=160, seed=1)
    (before, folder) = tmp_path / "before", tmp_path / "after"
    for each in (before, folder):
        each.mkdir()
    built(before, old, kind)
    advanced: list[int] = []
    assert grow_index(old, before, vectors, folder, advanced.append) is not None
    assert sum(advanced) == 3_000
    index = open_index(folder, lambda: vectors)
    assert index.parameters.documents == 3_000
    # It finds the documents that are new and those that were changed, by themselves.
    for row in (*range(2_600, 3_000, 10), *range(100, 200, 10)):
        assert row in index.search(vectors[row].astype(np.float32), 5)
    recall = measure_recall(index, vectors, folder, 0).recall
    (tmp_path / "new").mkdir()
    new = measure_recall(built(tmp_path / "new", vectors, kind), vectors, tmp_path / "new", 0)
    assert min(recall.values()) > min(new.recall.values()) - 0.02
    # The earlier one is as it was.
    assert open_index(before, lambda: old).parameters.documents == 2_600


def test_what_an_index_cannot_follow_is_built_anew(tmp_path: Path) -> None:
    vectors = clustered(1_000, 10)
    built(tmp_path, vectors)
    folder = tmp_path / "after"
    folder.mkdir()

    def grown(new: Vectors) -> bool:
        return grow_index(vectors, tmp_path, new, folder, lambda _: None) is not None

    assert not grown(vectors[:900])
    assert not grown(clustered(1_000, 10, seed=1))
    assert not grown(clustered(1_000, 10, d=8))
    assert grown(np.concatenate([vectors, clustered(200, 3)]))
