"""A change of a bundle is made as a whole, whenever the process that makes it ends."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from saetui.errors import BuildError, BundleDamaged
from saetui.store import swap
from saetui.store.swap import (
    WORK,
    link_file,
    make_moves_left,
    only_one_build,
    replace_files,
    settle,
)

OLD = {"same": "same", "a": "old a", "sub/b": "old b", "gone/c": "old c"}
NEW = {"same": "same", "a": "new a", "sub/b": "new b", "new/d": "new d"}
OWN = {"notes.jsonl": "mine", "gone/kept": "mine, too"}


def contents(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file() and path.name != ".lock"
    }


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    folder = tmp_path / "x.bundle"
    for name, text in {**OLD, **OWN}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    return folder


def stage(bundle: Path) -> Path:
    staged = bundle / WORK / "next"
    for name, text in NEW.items():
        (staged / name).parent.mkdir(parents=True, exist_ok=True)
        (staged / name).write_text(text, "utf-8")
    link_file(bundle / "same", staged / "same")
    # What a killed write has left is no file of the bundle.
    (staged / ".a.1.tmp").write_text("half", "utf-8")
    return staged


def test_new_files_take_the_places_of_old_ones(bundle: Path) -> None:
    replace_files(bundle, stage(bundle), NEW, ["gone/c"])
    assert contents(bundle) == {**NEW, **OWN}
    assert not (bundle / WORK).exists()


def test_an_unchanged_file_is_left_alone(bundle: Path) -> None:
    before = (bundle / "same").stat()
    replace_files(bundle, stage(bundle), NEW, ["gone/c"])
    after = (bundle / "same").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


class Killed(BaseException):
    """Stands for the end of the process."""


def kill_at(monkeypatch: pytest.MonkeyPatch, moment: int) -> Callable[[], None]:
    """End the process at its n-th change of the disk; returns what lets it live again."""
    left = moment

    def dying(function: Callable[..., object]) -> Callable[..., object]:
        def called(*arguments: object, **options: object) -> object:
            nonlocal left
            if left == 0:
                raise Killed
            left -= 1
            return function(*arguments, **options)

        return called

    for name in ("replace", "unlink", "rmdir", "mkdir"):
        monkeypatch.setattr(Path, name, dying(getattr(Path, name)))
    monkeypatch.setattr(swap.shutil, "rmtree", dying(swap.shutil.rmtree))
    return monkeypatch.undo


def test_killed_at_any_moment_it_is_the_old_or_the_new(bundle: Path) -> None:
    for moment in range(60):
        with pytest.MonkeyPatch.context() as patch:
            staged = stage(bundle)
            revive = kill_at(patch, moment)
            try:
                replace_files(bundle, staged, NEW, ["gone/c"])
            except Killed:
                ended = False
            else:
                ended = True
            revive()
        settle(bundle)
        found = {n: t for n, t in contents(bundle).items() if not n.startswith(WORK)}
        assert found in ({**OLD, **OWN}, {**NEW, **OWN}), moment
        if ended:
            return
        for name, text in {**OLD, **OWN}.items():
            (bundle / name).parent.mkdir(parents=True, exist_ok=True)
            (bundle / name).write_text(text, "utf-8")
        (bundle / "new" / "d").unlink(missing_ok=True)
    pytest.fail("it never ended")


def test_a_change_under_way_is_waited_for(bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    staged = stage(bundle)
    with pytest.MonkeyPatch.context() as patch:
        revive = kill_at(patch, 8)
        with pytest.raises(Killed):
            replace_files(bundle, staged, NEW, ["gone/c"])
        revive()
    monkeypatch.setattr(swap, "_PATIENCE", 0.05)
    with only_one_build(bundle), pytest.raises(Exception, match="was interrupted"):
        settle(bundle)
    settle(bundle)
    assert contents(bundle) == {**NEW, **OWN}


@pytest.mark.parametrize("name", ["../outside", "link/outside", "/etc/hostname"])
def test_a_journal_reaches_nothing_outside(bundle: Path, tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.write_text("precious", "utf-8")
    (bundle / "link").symlink_to(tmp_path)
    (bundle / WORK).mkdir()
    journal = {"staged": "next", "files": [], "gone": [name]}
    (bundle / WORK / "swap.json").write_text(json.dumps(journal), "utf-8")
    with pytest.raises(BundleDamaged, match="not in the bundle"):
        settle(bundle)
    assert outside.read_text("utf-8") == "precious"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"staged": 1, "files": 2, "gone": 3}'])
def test_a_damaged_journal_is_one_sentence(bundle: Path, text: str) -> None:
    (bundle / WORK).mkdir()
    (bundle / WORK / "swap.json").write_text(text, "utf-8")
    with pytest.raises(BundleDamaged):
        settle(bundle)


def test_a_folder_that_cannot_be_locked_is_one_sentence(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(bundle / ".lock"))

    monkeypatch.setattr("filelock.FileLock.acquire", refused)
    with (
        pytest.raises(BuildError, match=r"cannot be written \(Permission denied\)"),
        only_one_build(bundle),
    ):
        pytest.fail("it was not locked")


def test_without_a_journal_nothing_is_locked(bundle: Path) -> None:
    settle(bundle)
    make_moves_left(bundle)
    assert not (bundle / ".lock").exists()
