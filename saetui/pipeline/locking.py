"""Keep two builds out of one folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saetui.errors import BuildError


@contextmanager
def only_one_build(folder: Path) -> Iterator[None]:
    """Hold the folder for one build; the system lets go of it however the process ends.

    Where the system has no such locks (Windows), two builds are the user's own risk.

    Raises:
        BuildError: Another process is building there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        import fcntl
    except ImportError:
        yield
        return
    with (folder / ".lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BuildError(
                f"Another build is at work in {folder}.", "Wait for it, or stop it first."
            ) from None
        yield
