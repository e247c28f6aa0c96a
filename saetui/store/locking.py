"""Let only one process at a time change a bundle."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saetui.errors import BuildError

_LOCK = ".lock"


@contextmanager
def only_one_build(folder: Path, wait: float = 0.0) -> Iterator[None]:
    """Lock a bundle's folder; the system releases the lock however the process ends.

    Args:
        folder: Of the bundle; made if it is not there.
        wait: How many seconds to wait for another process.

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
