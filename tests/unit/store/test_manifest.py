"""A manifest is what it says it is, or an error says what is wrong with it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saetui.errors import BundleDamaged, BundleError, BundleTooNew
from saetui.store.manifest import (
    FileRecord,
    Manifest,
    SaeRecord,
    read_manifest,
    write_manifest,
)
from saetui.version import __version__

MANIFEST = Manifest(
    name="stars \u2605",
    documents=12,
    dimensions=8,
    corpus={"source": "stars.jsonl", "report": {"read": 12}},
    embedder={"name": "minilm"},
    index={"recall": 0.99},
    saes=(SaeRecord("k2-n8", 8, 2, {"nmse": 0.5}), SaeRecord("k4-n16", 16, 4)),
    files={"documents.sqlite": FileRecord(5, "0" * 64), "saes/k2-n8/cfg.json": FileRecord(0, "1")},
    saetui="0.1.0",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_manifest(tmp_path, MANIFEST)
    return tmp_path


def values(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


def rewrite(folder: Path, value: object) -> None:
    (folder / "manifest.json").write_text(json.dumps(value), encoding="utf-8")


def test_a_manifest_comes_back_as_it_was_written(folder: Path) -> None:
    assert read_manifest(folder) == MANIFEST


def test_a_later_schema_is_named_with_both_versions(folder: Path) -> None:
    # All else may have changed meanwhile.
    rewrite(folder, {"schema": 7, "saetui": "3.2.1", "parts": []})
    with pytest.raises(BundleTooNew) as raised:
        read_manifest(folder)
    message = raised.value.message
    assert "saetui 3.2.1 with bundle schema 7" in message
    assert f"saetui {__version__}, which reads schema 1" in message
    assert raised.value.hint == "Upgrade saetui to open it."
    rewrite(folder, {"schema": 2})
    with pytest.raises(BundleTooNew, match=r"written by saetui \?"):
        read_manifest(folder)


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe\x00", b"[" * 200_000, b"[]", b"null", b"7", b'"x"', b"{}", b"NaN"],
)
def test_what_is_no_manifest_is_refused(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(BundleDamaged, match=r"manifest\.json (is not the manifest|cannot be read)"):
        read_manifest(folder)


@pytest.mark.parametrize("schema", [None, "1", 1.0, True, 0, -1, [1], 1e300])
def test_a_schema_that_is_no_number_is_refused(folder: Path, schema: object) -> None:
    rewrite(folder, {**values(folder), "schema": schema})
    with pytest.raises(BundleDamaged, match="names no schema"):
        read_manifest(folder)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", 5),
        ("documents", "12"),
        ("documents", -1),
        ("documents", 1.5),
        ("documents", True),
        ("dimensions", 0),
        ("dimensions", None),
        ("corpus", []),
        ("embedder", "minilm"),
        ("index", None),
        ("saetui", 1),
        ("saes", []),
        ("saes", {}),
        ("saes", None),
        ("saes", [7]),
        ("saes", [{}]),
        ("saes", [{"name": "a", "n": 8}]),
        ("saes", [{"name": "a", "n": 0, "k": 2}]),
        ("saes", [{"name": "a", "n": 8, "k": -2}]),
        ("saes", [{"name": "a", "n": "8", "k": 2}]),
        ("saes", [{"name": "a", "n": 8, "k": 2, "metrics": []}]),
        ("saes", [{"name": "a", "n": 8, "k": 2, "size": 1}]),
        ("saes", [{"name": "a", "n": 8, "k": 2}, {"name": "a", "n": 8, "k": 2}]),
        ("files", []),
        ("files", None),
        ("files", {"a": {}}),
        ("files", {"a": 5}),
        ("files", {"a": {"size": "5", "sha256": "0"}}),
        ("files", {"a": {"size": 5, "sha256": 0}}),
        ("unheard", "of"),
    ],
)
def test_other_types_and_numbers_are_refused(folder: Path, key: str, value: object) -> None:
    rewrite(folder, {**values(folder), key: value})
    with pytest.raises(BundleDamaged, match=r"manifest\.json is not the manifest of a bundle \("):
        read_manifest(folder)


@pytest.mark.parametrize("key", ["name", "documents", "saes", "files", "embedder", "schema"])
def test_a_missing_entry_is_named(folder: Path, key: str) -> None:
    rewrite(folder, {name: value for name, value in values(folder).items() if name != key})
    with pytest.raises(BundleDamaged, match=key if key not in ("saes", "files") else "lists no"):
        read_manifest(folder)


PATHS_OUT = [
    "",
    ".",
    "..",
    "../other/manifest.json",
    "saes/../../x",
    "/etc/passwd",
    "C:\\x",
    "C:x",
    "\\\\server\\share\\x",
    "\\x",
    "saes\\..\\..\\x",
]


@pytest.mark.parametrize("name", PATHS_OUT)
def test_files_outside_the_folder_are_refused(folder: Path, name: str) -> None:
    rewrite(folder, {**values(folder), "files": {name: {"size": 1, "sha256": "0"}}})
    with pytest.raises(BundleDamaged, match="is not a path inside it"):
        read_manifest(folder)


@pytest.mark.parametrize("name", [*PATHS_OUT, "a/b", "a\\b"])
def test_saes_outside_their_folder_are_refused(folder: Path, name: str) -> None:
    rewrite(folder, {**values(folder), "saes": [{"name": name, "n": 8, "k": 2}]})
    with pytest.raises(BundleDamaged, match="is not the manifest of a bundle"):
        read_manifest(folder)


def test_what_is_not_there_yet_is_told_apart(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="There is no bundle at"):
        read_manifest(tmp_path / "nowhere")
    (tmp_path / "papers.jsonl").touch()
    with pytest.raises(BundleError, match="is a file, and a bundle is a folder") as raised:
        read_manifest(tmp_path / "papers.jsonl")
    assert "saetui build papers.jsonl -o papers.bundle" in raised.value.hint
    with pytest.raises(BundleError, match=r"holds no bundle: manifest\.json is missing"):
        read_manifest(tmp_path)
    (tmp_path / "build.json").touch()
    with pytest.raises(BundleError, match="is not finished"):
        read_manifest(tmp_path)
    (tmp_path / "manifest.json").mkdir()
    with pytest.raises(BundleDamaged, match="cannot be read"):
        read_manifest(tmp_path)


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text("a/.\\\x00:", max_size=4)
anything = st.recursive(
    leaves,
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=2)
    ),
    max_leaves=4,
)


@given(
    st.dictionaries(
        st.sampled_from(["name", "documents", "dimensions", "saes", "files", "schema", "corpus"]),
        anything,
        min_size=1,
    )
)
def test_any_change_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, change: dict[str, object]
) -> None:
    folder = tmp_path_factory.getbasetemp() / "changed.bundle"
    write_manifest(folder, MANIFEST)
    rewrite(folder, {**values(folder), **change})
    try:
        assert isinstance(read_manifest(folder), Manifest)
    except BundleError as error:
        assert str(folder) in error.message
        assert len(error.message) < len(str(folder)) + 250
