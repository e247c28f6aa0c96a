"""A bundle opens at once, reads each part when it is needed, and writes nothing."""

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from bundles import HashEmbedder, make_bundle, make_documents
from damage import explore, fresh

from saetui.core.codec import build_postings, encode
from saetui.errors import BundleDamaged, InputError
from saetui.store.bundle import Bundle
from saetui.store.check import check_bundle
from saetui.store.index.graph import GraphIndex


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "small.bundle", index="graph")


@pytest.fixture
def bundle(folder: Path) -> Iterator[Bundle]:
    bundle = Bundle(folder)
    yield bundle
    bundle.close()


def test_every_part_is_what_was_written(bundle: Bundle) -> None:
    corpus = list(make_documents(60))
    assert len(bundle) == 60
    assert list(bundle.documents) == corpus
    expected = HashEmbedder().embed_documents([document.embedding_text for document in corpus])
    assert np.array_equal(bundle.embeddings, expected.astype(np.float16))
    sae = bundle.sae()
    codes = encode(sae.weights, np.asarray(bundle.embeddings, dtype=np.float32))
    assert np.array_equal(sae.codes.indices, codes.indices)
    assert np.array_equal(sae.postings.rows, build_postings(codes).rows)
    assert [feature.documents for feature in sae.features] == sae.postings.counts().tolist()
    assert [family.label for family in sae.families] == [
        "Black holes",
        "Language models",
        "Coral reefs",
    ]
    assert sae.labels(0)[0].text == "Black holes"


def test_nothing_is_read_before_it_is_needed(folder: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from saetui.store.bundle import Bundle\n"
        "bundle = Bundle(Path(sys.argv[1]))\n"
        "sae = bundle.sae()\n"
        "assert set(vars(bundle)) == {'path', 'manifest', '_opened', '_saes'}, vars(bundle)\n"
        "heavy = {'torch', 'scipy', 'sklearn', 'networkx', 'hnswlib', 'safetensors', 'textual'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "_ = bundle.embeddings, bundle.documents, sae.codes, sae.postings, sae.features\n"
        "_ = sae.families\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
        "_ = bundle.index, sae.weights\n"
        "assert not {'torch', 'scipy', 'sklearn', 'networkx', 'textual'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(folder)], check=True)


def test_an_sae_is_known_by_its_name_and_the_first_one_without(bundle: Bundle) -> None:
    assert bundle.sae() is bundle.sae("k4-n24")
    with pytest.raises(InputError, match="has no SAE named k9-n9") as raised:
        bundle.sae("k9-n9")
    assert raised.value.hint == "It has: k4-n24."


def test_parts_are_loaded_once_by_any_number_of_threads(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[GraphIndex] = []
    load = GraphIndex.__init__

    def counted(index: GraphIndex, *arguments: object) -> None:
        loaded.append(index)
        load(index, *arguments)

    monkeypatch.setattr(GraphIndex, "__init__", counted)
    bundle = Bundle(folder)
    with ThreadPoolExecutor(8) as pool:
        found = list(
            pool.map(lambda _: (bundle.index, bundle.documents, bundle.sae().weights), "x" * 32)
        )
    assert len({tuple(map(id, parts)) for parts in found}) == 1
    assert len(loaded) == 1
    bundle.close()


def test_closing_before_anything_was_read_is_fine(folder: Path) -> None:
    bundle = Bundle(folder)
    bundle.close()
    bundle.close()


@contextlib.contextmanager
def as_nobody() -> Iterator[None]:
    """Without root's right to write anywhere, where the tests run as root."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.fixture
def read_only(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A bundle that its reader can only read, in a place that anyone may enter."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        copy = fresh(folder, Path(place) / "small.bundle")
        everything = [copy, *copy.rglob("*")]
        for path in everything:
            path.chmod(0o555 if path.is_dir() else 0o444)
        monkeypatch.setenv("SAETUI_CACHE", str(copy / "cache"))
        yield copy
        for path in everything:
            path.chmod(0o755)


@pytest.mark.skipif(os.name != "posix", reason="needs the permissions of POSIX")
def test_a_bundle_is_used_where_nothing_can_be_written(folder: Path, read_only: Path) -> None:
    # Whatever is imported on the way must be there before the rights are gone.
    assert explore(folder) == []
    files = sorted(read_only.rglob("*"))
    with as_nobody():
        with pytest.raises(PermissionError):
            (read_only / "new").touch()
        with pytest.raises(PermissionError):
            (read_only / "documents.sqlite").open("r+b")
        assert explore(read_only) == []
        assert all(finding.ok for finding in check_bundle(read_only))
    assert sorted(read_only.rglob("*")) == files


def test_using_a_bundle_changes_nothing_in_it(folder: Path) -> None:
    def state() -> dict[Path, tuple[int, int]]:
        return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in folder.rglob("*")}

    before = state()
    bundle = Bundle(folder)
    _ = bundle.documents.headings([0]), bundle.sae().features
    # Not even while it is open: a database that may be written would have a journal beside it.
    assert state() == before
    bundle.close()
    assert explore(folder) == []
    assert state() == before


@pytest.mark.skipif(os.name != "posix", reason="needs the permissions of POSIX")
@pytest.mark.parametrize(
    "name",
    [
        "documents.sqlite",
        "embeddings.npy",
        "index.hnsw",
        "index.json",
        "saes/k4-n24/codes/rows.npy",
        "saes/k4-n24/features.sqlite",
        "saes/k4-n24/sae_weights.safetensors",
        "saes/k4-n24/families.json",
    ],
)
def test_a_file_that_may_not_be_read_is_named(folder: Path, read_only: Path, name: str) -> None:
    assert explore(folder) == []
    (read_only / name).chmod(0)
    with as_nobody():
        errors = explore(read_only)
        findings = [finding for finding in check_bundle(read_only) if not finding.ok]
    assert errors
    for error in errors:
        assert isinstance(error, BundleDamaged)
        assert Path(name).name in error.message
    assert [finding.subject for finding in findings] == [name]
    assert "Permission denied" in findings[0].problem


def test_a_bundle_without_documents_opens(tmp_path: Path) -> None:
    bundle = Bundle(make_bundle(tmp_path / "empty.bundle", documents=0))
    assert len(bundle) == len(bundle.documents) == len(bundle.index.search(np.ones(32), 5)) == 0
    assert bundle.embeddings.shape == (0, 32)
    assert bundle.sae().codes.indices.shape == (0, 4)
    assert len(bundle.sae().postings.rows) == 0
    bundle.close()
    assert all(finding.ok for finding in check_bundle(bundle.path))


@pytest.mark.parametrize("name", ["per%20cent?#", "\u4e00 \u00e9", os.fsdecode(b"odd-\xff")])
def test_a_bundle_may_lie_anywhere(folder: Path, tmp_path: Path, name: str) -> None:
    try:
        (tmp_path / name).mkdir()
    except OSError:
        pytest.skip("this file system takes names of text only")
    assert explore(fresh(folder, tmp_path / name / "small.bundle")) == []
