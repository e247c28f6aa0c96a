"""A file is the old one or the new one, whatever happens while it is written."""

import json
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from saetui.store.atomic import atomic_write, write_json


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_new_file_replaces_the_old_one_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "file"
    with atomic_write(path) as temporary:
        temporary.write_text("one")
        assert not path.exists()
        assert temporary.parent == path.parent
    with atomic_write(path) as temporary:
        temporary.write_text("two")
        assert path.read_text() == "one"
    assert path.read_text() == "two"
    assert names(path.parent) == ["file"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_raises_leaves_the_old_file_alone(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(error), atomic_write(path) as temporary:
        temporary.write_text("half")
        raise error
    assert path.read_text() == "old"
    assert names(tmp_path) == ["file"]


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    with pytest.raises(FileNotFoundError), atomic_write(path):
        pass
    assert path.read_text() == "old"


@pytest.mark.parametrize("written", ["", "half"])
def test_a_process_killed_midway_leaves_the_old_file(tmp_path: Path, written: str) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    program = (
        "import os, sys; from pathlib import Path\n"
        "from saetui.store.atomic import atomic_write\n"
        "with atomic_write(Path(sys.argv[1])) as temporary:\n"
        "    temporary.write_text(sys.argv[2])\n"
        "    os._exit(9)\n"
    )
    command = [sys.executable, "-c", program, str(path), written]
    assert subprocess.run(command, check=False).returncode == 9
    assert path.read_text() == "old"
    (leftover,) = (tmp_path / name for name in names(tmp_path) if name != "file")
    assert leftover.name.startswith(".")
    # What the killed process left is in nobody's way.
    write_json(path, "new")
    assert json.loads(path.read_text()) == "new"
    assert leftover.exists()


def test_a_leftover_of_the_same_number_is_no_part_of_the_new_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with atomic_write(path) as temporary:
        temporary.write_text("one")
    temporary.write_text("left by a process that was killed")
    with atomic_write(path) as again, again.open("a") as handle:
        assert again == temporary
        handle.write("two")
    assert path.read_text() == "two"
    assert names(tmp_path) == ["file"]


def test_threads_writing_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "file.json"
    # A thread that fails must not leave the others waiting.
    together = threading.Barrier(8, timeout=20)

    def write(number: int) -> None:
        for _ in range(20):
            together.wait()
            write_json(path, [number] * 2_000)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    value = json.loads(path.read_text())
    assert value == [value[0]] * 2_000
    assert names(tmp_path) == ["file.json"]


def test_json_is_readable_and_deterministic(tmp_path: Path) -> None:
    write_json(tmp_path / "a.json", {"b": [1.5, "\u00e9"], "a": None})
    write_json(tmp_path / "b.json", {"a": None, "b": [1.5, "\u00e9"]})
    text = (tmp_path / "a.json").read_text(encoding="utf-8")
    assert text == (tmp_path / "b.json").read_text(encoding="utf-8")
    assert text == '{\n "a": null,\n "b": [\n  1.5,\n  "\u00e9"\n ]\n}\n'


@pytest.mark.parametrize("value", [float("nan"), {"x": float("inf")}, {1, 2}, "\ud800"])
def test_what_json_cannot_hold_leaves_the_old_file(tmp_path: Path, value: object) -> None:
    write_json(tmp_path / "file", "old")
    with pytest.raises((ValueError, TypeError)):
        write_json(tmp_path / "file", value)
    assert json.loads((tmp_path / "file").read_text()) == "old"
    assert names(tmp_path) == ["file"]
