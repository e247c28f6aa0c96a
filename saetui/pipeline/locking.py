"""Keep two builds out of one folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saetui.errors import BuildError


@contextmanager
def only_one_build(folder: Path) -> Iterator[None]:
    """Lock a folder for one build; the system releases the lock however the process ends.

    Raises:
        BuildError: Another process is building there.
    """
    from filelock import FileLock, Timeout

    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / ".lock", blocking=False)
    try:
        lock.acquire()
    except Timeout:
        raise BuildError(
            f"Another build is at work in {folder}.", "Wait for it, or stop it first."
        ) from None
    try:
        yield
    finally:
        lock.release()
