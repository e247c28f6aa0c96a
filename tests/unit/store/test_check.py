"""Checking names every file once, and what is wrong with it."""

import contextlib
import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bundles import add_larger_sae, make_bundle
from damage import fresh, write_sizes_and_hashes

from saetui.errors import BundleDamaged
from saetui.store.arrays import save_array
from saetui.store.bundle import Bundle
from saetui.store.check import Finding, check_bundle
from saetui.store.index.building import Kind
from saetui.store.manifest import read_manifest, write_manifest


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_bundle(tmp_path_factory.mktemp("bundles") / "small.bundle", index="graph")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return fresh(whole, tmp_path / "small.bundle")


def problems(folder: Path) -> dict[str, str]:
    return {finding.subject: finding.problem for finding in check_bundle(folder) if not finding.ok}


@pytest.mark.parametrize("index", ["exact", "graph", "projected"])
@pytest.mark.parametrize("documents", [0, 1, 60])
def test_a_whole_bundle_has_no_problems(tmp_path: Path, documents: int, index: Kind) -> None:
    folder = make_bundle(tmp_path / "a.bundle", documents=documents, index=index)
    findings = list(check_bundle(folder))
    subjects = [finding.subject for finding in findings]
    assert subjects == [
        "manifest and sizes",
        *sorted(read_manifest(folder).files),
        "documents",
        "embeddings",
        "index",
        "SAE k4-n24",
    ]
    assert len(set(subjects)) == len(subjects)
    assert [finding.problem for finding in findings] == [""] * len(findings)


def test_what_is_no_bundle_is_one_problem(tmp_path: Path) -> None:
    (finding,) = check_bundle(tmp_path / "nowhere")
    assert not finding.ok
    assert finding == Finding(
        "manifest and sizes", f"There is no bundle at {tmp_path / 'nowhere'}. Check the path."
    )


def test_every_changed_file_is_named(folder: Path) -> None:
    names = ["documents.sqlite", "saes/k4-n24/cfg.json"]
    for name in names:
        content = bytearray((folder / name).read_bytes())
        content[-1] ^= 1
        (folder / name).write_bytes(content)
    assert list(problems(folder)) == names


def test_looking_at_a_part_of_the_findings_is_fine(folder: Path) -> None:
    findings = check_bundle(folder)
    assert next(findings).ok
    findings.close()


def test_embeddings_must_have_unit_norm(folder: Path) -> None:
    embeddings = np.load(folder / "embeddings.npy")
    for wrong in (0.0, 2.0, np.nan, np.inf):
        changed = embeddings.copy()
        changed[17] = wrong
        save_array(folder / "embeddings.npy", changed)
        write_sizes_and_hashes(folder)
        assert problems(folder)["embeddings"] == "row 17 is not of unit norm."


def test_the_index_must_be_of_these_embeddings(folder: Path) -> None:
    save_array(folder / "embeddings.npy", -np.load(folder / "embeddings.npy"))
    write_sizes_and_hashes(folder)
    assert problems(folder) == {"index": "it does not find the first document by itself."}


def test_documents_must_be_as_many_as_the_manifest_says(folder: Path, tmp_path: Path) -> None:
    other = make_bundle(tmp_path / "other.bundle", documents=61)
    (folder / "documents.sqlite").write_bytes((other / "documents.sqlite").read_bytes())
    write_sizes_and_hashes(folder)
    assert list(problems(folder)) == ["documents"]
    assert "rows for 61 documents, but manifest.json says 60" in problems(folder)["documents"]
    other = make_bundle(tmp_path / "gap.bundle")
    with contextlib.closing(sqlite3.connect(other / "documents.sqlite")) as connection:
        connection.execute("DELETE FROM documents WHERE row = 7")
        connection.commit()
    write_sizes_and_hashes(other)
    assert problems(other) == {"documents": "59 where the manifest says 60."}


def unlisted(folder: Path, *names: str) -> None:
    manifest = read_manifest(folder)
    files = {name: file for name, file in manifest.files.items() if name not in names}
    write_manifest(folder, replace(manifest, files=files))


def test_every_file_that_is_read_must_be_listed(folder: Path, whole: Path) -> None:
    everything = sorted(read_manifest(folder).files)
    for name in everything:
        fresh(whole, folder)
        unlisted(folder, name)
        (problem,) = problems(folder).values()
        assert f"manifest.json does not list {name}, without which" in problem
    fresh(whole, folder)
    unlisted(folder, *everything)
    with pytest.raises(BundleDamaged) as raised:
        Bundle(folder)
    (problem,) = problems(folder).values()
    for name in set(everything) - {"index.hnsw"}:
        assert name in raised.value.message
        assert name in problem


def test_what_is_not_listed_is_not_read(folder: Path) -> None:
    add_larger_sae(folder)
    names = [name for name in read_manifest(folder).files if "matches" in name]
    assert len(names) == 2
    unlisted(folder, *names)
    (folder / "saes/k4-n24/stability.npy").write_bytes(b"nothing")
    (folder / "saes/k4-n24/codes/companions.npy").write_bytes(b"nothing")
    (folder / "saes/k4-n24/codes/together.npy").write_bytes(b"nothing")
    for name in names:
        (folder / name).write_bytes(b"nothing")
    with contextlib.closing(Bundle(folder)) as bundle:
        first, second = (bundle.sae(record.name) for record in bundle.manifest.saes)
        assert first.matches(second.record) is None
        assert first.stability is None
        assert first.co_occurring(1, 5)
    assert problems(folder) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"synthetic"', '"syntheti\\u0063"'),
        ("0.1.0", "0.1.1"),
        ("\n ", "\n  "),
        ('"seal"', '"Seal"'),
    ],
)
def test_a_manifest_that_was_changed_is_found(folder: Path, before: str, after: str) -> None:
    path = folder / "manifest.json"
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    assert list(problems(folder)) == ["manifest and sizes"]


def test_a_manifest_from_before_it_was_sealed_is_whole(folder: Path) -> None:
    write_sizes_and_hashes(folder)
    first, *others = check_bundle(folder)
    assert first.ok
    assert "an earlier version wrote the manifest" in first.detail
    assert not any(finding.problem for finding in others)


@pytest.mark.parametrize("change", [{"documents": 10**12}, {"dimensions": 10**7}])
def test_sizes_that_the_files_have_no_room_for_are_refused(
    folder: Path, change: dict[str, int]
) -> None:
    write_manifest(folder, replace(read_manifest(folder), **change))
    with pytest.raises(BundleDamaged, match=r"smaller than the sizes in manifest\.json require"):
        Bundle(folder)
    (record,) = read_manifest(folder).saes
    manifest = replace(read_manifest(folder), documents=60, dimensions=32)
    write_manifest(folder, replace(manifest, saes=(replace(record, n=10**9),)))
    with pytest.raises(BundleDamaged, match=r"sae_weights\.safetensors is smaller than the sizes"):
        Bundle(folder)


def test_codes_and_postings_must_agree(folder: Path) -> None:
    path = folder / "saes/k4-n24/codes/values.npy"
    save_array(path, 2 * np.load(path))
    write_sizes_and_hashes(folder)
    assert problems(folder) == {"SAE k4-n24": "codes by document and by feature differ."}


def test_figures_and_postings_must_agree(folder: Path, tmp_path: Path) -> None:
    other = make_bundle(tmp_path / "other.bundle", seed=5)
    name = "saes/k4-n24/features.sqlite"
    (folder / name).write_bytes((other / name).read_bytes())
    write_sizes_and_hashes(folder)
    assert problems(folder) == {"SAE k4-n24": "the features' figures do not match the codes."}


def test_a_part_that_cannot_be_read_is_a_finding(folder: Path) -> None:
    path = folder / "saes/k4-n24/families.json"
    families = json.loads(path.read_text(encoding="utf-8"))
    families["clean"] = [99]
    path.write_text(json.dumps(families), encoding="utf-8")
    write_sizes_and_hashes(folder)
    assert "families.json names feature 99" in problems(folder)["SAE k4-n24"]
