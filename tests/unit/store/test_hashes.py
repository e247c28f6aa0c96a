"""A remembered hash is that of the file as it is now."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from saetui.store import atomic
from saetui.store.atomic import remembered_sha256, sha256_of


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("SAETUI_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "verified-files.json"


@pytest.fixture(autouse=True)
def small_files_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(atomic, "_WORTH_REMEMBERING", 1)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    return path


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Files that were read for their hash."""
    read: list[Path] = []

    def counted(path: Path) -> str:
        read.append(path)
        return sha256_of(path)

    monkeypatch.setattr(atomic, "sha256_of", counted)
    return read


def test_a_hash_is_that_of_the_content(path: Path) -> None:
    assert sha256_of(path) == hashlib.sha256(b"one").hexdigest()


def test_an_unchanged_file_is_read_once(cache: Path, path: Path, reads: list[Path]) -> None:
    first = remembered_sha256(path)
    assert first == remembered_sha256(path) == sha256_of(path)
    assert reads == [path]
    assert cache.is_file()


def test_a_small_file_is_read_each_time(
    cache: Path, path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "_WORTH_REMEMBERING", 4)
    assert remembered_sha256(path) == remembered_sha256(path) == sha256_of(path)
    assert reads == [path, path]
    assert not cache.exists()


def test_other_content_is_noticed(cache: Path, path: Path) -> None:
    remembered_sha256(path)
    path.write_bytes(b"other")
    assert remembered_sha256(path) == hashlib.sha256(b"other").hexdigest()


def test_other_content_of_the_same_size_and_time_is_noticed(cache: Path, path: Path) -> None:
    remembered_sha256(path)
    before = path.stat()
    path.write_bytes(b"two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert remembered_sha256(path) == hashlib.sha256(b"two").hexdigest()


def test_another_file_in_its_place_is_noticed(cache: Path, path: Path, tmp_path: Path) -> None:
    remembered_sha256(path)
    other = tmp_path / "other"
    other.write_bytes(b"two")
    other.replace(path)
    assert remembered_sha256(path) == hashlib.sha256(b"two").hexdigest()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"x": 5}', b'{"x": []}'],
)
def test_a_damaged_memory_is_an_empty_one(cache: Path, path: Path, content: bytes) -> None:
    cache.parent.mkdir()
    cache.write_bytes(content)
    assert remembered_sha256(path) == sha256_of(path)


@pytest.mark.parametrize("entry", [None, 5, [], ["x"], [3], [3, 0, 0, "ab"], {"size": 3}])
def test_a_damaged_entry_is_none(cache: Path, path: Path, entry: object) -> None:
    cache.parent.mkdir()
    cache.write_text(json.dumps({str(path.resolve()): entry}))
    assert remembered_sha256(path) == sha256_of(path)


def test_an_entry_whose_hash_is_no_text_is_none(cache: Path, path: Path) -> None:
    remembered_sha256(path)
    memory = json.loads(cache.read_text())
    memory[str(path.resolve())][-1] = 5
    cache.write_text(json.dumps(memory))
    assert remembered_sha256(path) == sha256_of(path)


def test_a_cache_that_cannot_be_written_costs_time_only(
    path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A folder below a file can be made by nobody, not even by root.
    monkeypatch.setenv("SAETUI_CACHE", str(path / "cache"))
    assert remembered_sha256(path) == remembered_sha256(path) == sha256_of(path)
    assert reads == [path, path]


def test_old_entries_make_room(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(atomic, "_REMEMBERED", 3)
    paths = [tmp_path / f"file-{i}" for i in range(6)]
    for path in paths:
        path.write_text(path.name)
        remembered_sha256(path)
    assert sorted(json.loads(cache.read_text())) == sorted(
        str(path.resolve()) for path in paths[3:]
    )


def test_processes_may_write_the_memory_at_once(cache: Path, tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from saetui.store import atomic\n"
        "from saetui.store.atomic import remembered_sha256, sha256_of\n"
        "atomic._WORTH_REMEMBERING = 1\n"
        "for i in range(25):\n"
        "    path = Path(sys.argv[1]) / f'{sys.argv[2]}-{i}'\n"
        "    path.write_text(path.name)\n"
        "    assert remembered_sha256(path) == sha256_of(path)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(tmp_path), name]) for name in "ab"
    ]
    assert [process.wait() for process in running] == [0, 0]
    memory = json.loads(cache.read_text())
    # Entries of one may have been overwritten by the other; none may be wrong.
    assert memory
    for name, entry in memory.items():
        assert entry[-1] == sha256_of(Path(name))
    assert [each.name for each in cache.parent.iterdir()] == [cache.name]


def test_a_path_that_is_not_text_is_hashed_all_the_same(cache: Path, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"odd-\xff")
    try:
        path.write_bytes(b"one")
    except OSError:
        pytest.skip("this file system takes names of text only")
    assert remembered_sha256(path) == remembered_sha256(path) == sha256_of(path)


def test_a_missing_file_is_an_error_of_the_system(cache: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        remembered_sha256(tmp_path / "nothing")
