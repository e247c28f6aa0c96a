"""Change a bundle as a whole: new files are written beside it, then moved into their places.

A process can be killed between two moves. So before the first move a journal says which files
belong where, and whoever opens the bundle and finds the journal makes the moves that are left.
The bundle is therefore always the old one or the new one.
"""

import contextlib
import filecmp
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from saetui.errors import BuildError, BundleDamaged, BundleError
from saetui.store.atomic import write_json
from saetui.store.json_files import read_json

_LOCK = ".lock"


@contextmanager
def only_one_build(folder: Path, wait: float = 0.0) -> Iterator[None]:
    """Lock a bundle's folder; the system releases the lock however the process ends.

    The folder is made if it is not there. Another process is waited for, for `wait` seconds.

    Raises:
        BuildError: Another process is building there, or the folder cannot be written.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / _LOCK, timeout=wait)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except Timeout:
        raise BuildError(
            f"Another build is at work in {folder}.", "Wait for it, or stop it first."
        ) from None
    except OSError as error:
        raise BuildError(
            f"{folder} cannot be written ({error.strerror or error}), so nothing was changed.",
            "Mend its permissions, or work on a copy of the bundle.",
        ) from None
    try:
        yield
    finally:
        lock.release()


WORK = ".saetui-work"
"""Folder of unfinished work in a bundle's folder; it holds nothing else."""

_JOURNAL = "swap.json"
# The moves of another process take milliseconds; a slow disk gets this many seconds.
_PATIENCE = 10.0


def link_file(source: Path, target: Path) -> None:
    """Link a file to `target`, or copy it if the file system has no links.

    So files must never be changed in place; everything in a bundle is replaced as a whole.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def replace_files(
    bundle: Path, staged: Path, files: Iterable[str], gone: Iterable[str] = ()
) -> None:
    """Move files of a staged folder to their places in a bundle, and remove some others.

    The caller holds the bundle's lock.

    Args:
        bundle: Folder of the bundle.
        staged: A folder in the bundle's folder of work; it is removed afterwards.
        files: Paths in the folder of the files to move.
        gone: Paths in the bundle of the files to remove.

    Raises:
        BuildError: A file cannot be moved; the next process that opens the bundle tries again.
    """
    files = [name for name in files if not _are_the_same(staged / name, bundle / name)]
    journal = bundle / WORK / _JOURNAL
    write_json(journal, {"staged": staged.name, "files": files, "gone": sorted(set(gone))})
    _sync_folder(journal.parent)
    try:
        _make_moves(bundle)
    except OSError as error:
        raise BuildError(
            f"{error.filename or bundle} cannot be written ({error.strerror or error}), so the new "
            "files are not all in their places.",
            "Mend the permissions and open the bundle: then the rest is moved.",
        ) from error


def settle(bundle: Path) -> None:
    """Finish the moves of a killed process, if it left a journal.

    Raises:
        BundleError: The folder cannot be written, or its journal is damaged.
    """
    if not (bundle / WORK / _JOURNAL).exists():
        return
    try:
        with only_one_build(bundle, _PATIENCE):
            make_moves_left(bundle)
    except BuildError:
        raise BundleError(
            f"A change of {bundle} was interrupted, and cannot be finished here.",
            "Open the bundle once as somebody who may write it, or wait for the one at work.",
        ) from None
    except OSError as error:
        raise BundleError(
            f"A change of {bundle} was interrupted, and {error.filename or bundle} cannot be "
            f"written ({error.strerror or error}).",
            "Mend the permissions: opening the bundle then finishes the change.",
        ) from None


def make_moves_left(bundle: Path) -> None:
    """Finish the moves of a killed process; the caller holds the bundle's lock.

    Raises:
        BundleDamaged: The journal is damaged.
        OSError: A file cannot be moved.
    """
    if (bundle / WORK / _JOURNAL).exists():
        _make_moves(bundle)


def _make_moves(bundle: Path) -> None:
    """Make the moves in the journal; some of them may have been made before."""
    path = bundle / WORK / _JOURNAL
    journal = read_json(path)
    try:
        staged = bundle / WORK / Path(journal["staged"]).name
        files, gone = ([str(name) for name in journal[key]] for key in ("files", "gone"))
    except (TypeError, KeyError):
        raise BundleDamaged(f"{path} is not a list of files to move.") from None
    # A bundle from elsewhere must not move or remove files outside its folder.
    root = bundle.resolve()
    for name in (*files, *gone):
        if not (bundle / name).parent.resolve().is_relative_to(root):
            raise BundleDamaged(f"{path} names a file that is not in the bundle.")
    for name in files:
        if (staged / name).exists():
            (bundle / name).parent.mkdir(parents=True, exist_ok=True)
            (staged / name).replace(bundle / name)
    for name in gone:
        (bundle / name).unlink(missing_ok=True)
        _remove_empty_folders(bundle, (bundle / name).parent)
    for folder in sorted({(bundle / name).parent for name in files}):
        _sync_folder(folder)
    path.unlink()
    shutil.rmtree(staged, ignore_errors=True)
    with contextlib.suppress(OSError):
        # Only if no stopped build has left its work there.
        path.parent.rmdir()


def _are_the_same(one: Path, other: Path) -> bool:
    try:
        # A copy, where files cannot be linked, is not moved either.
        return one.samefile(other) or filecmp.cmp(one, other, shallow=False)
    except OSError:
        return False


def _remove_empty_folders(bundle: Path, folder: Path) -> None:
    with contextlib.suppress(OSError):
        while folder != bundle:
            folder.rmdir()
            folder = folder.parent


def _sync_folder(folder: Path) -> None:
    """Flush the names in a folder to the disk, if the system can do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
