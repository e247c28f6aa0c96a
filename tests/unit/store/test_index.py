"""The index finds what is near, and is proved to be itself before it is loaded."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from saetui.core.search import cosines, top
from saetui.errors import BundleDamaged
from saetui.store import hashes
from saetui.store.index import IndexParameters, VectorIndex, build_index

Vectors = NDArray[np.float16]


def clustered(
    count: int, clusters: int, d: int = 24, spread: float = 0.5, seed: int = 0
) -> Vectors:
    random = np.random.default_rng(seed)
    centres = random.standard_normal((clusters, d))
    vectors = centres[random.integers(clusters, size=count)]
    vectors = vectors + spread * random.standard_normal((count, d))
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float16)


def built(folder: Path, vectors: Vectors) -> VectorIndex:
    build_index(vectors, folder / "index.hnsw", folder / "index.json", lambda _: None)
    return VectorIndex(folder / "index.hnsw", folder / "index.json")


def test_nearly_all_true_neighbours_are_found(tmp_path: Path) -> None:
    vectors = clustered(2_000, 40)
    index = built(tmp_path, vectors)
    found = 0
    for row in range(0, 2_000, 20):
        query = vectors[row].astype(np.float32)
        found += len(set(top(cosines(query, vectors), 10)) & set(index.search(query, 10)))
    assert found / 1_000 > 0.98


def test_the_same_vectors_give_the_same_file(tmp_path: Path) -> None:
    vectors = clustered(1_500, 10)
    advanced: list[int] = []
    for name in ("a", "b"):
        build_index(vectors, tmp_path / name, tmp_path / f"{name}.json", advanced.append)
    assert sum(advanced) == 3_000
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_a_few_vectors_are_all_found(tmp_path: Path, count: int) -> None:
    vectors = clustered(count, 3, d=4)
    index = built(tmp_path, vectors)
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
    return VectorIndex(folder / "index.hnsw", folder / "index.json")


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
    monkeypatch.setattr(hashes, "_WORTH_REMEMBERING", 1)
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
