"""Add lines to a file that a person's words are kept in."""

import contextlib
import os
from pathlib import Path


def append_lines(path: Path, lines: str) -> int:
    """Add lines at the end of a file, all of them or none; returns how many bytes it grew by.

    Raises:
        OSError: They cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+", buffering=0) as handle:
        before = handle.tell()
        # A line that was cut short must not swallow the first of these.
        whole = before == 0 or _ends_a_line(path)
        data = ("" if whole else "\n").encode() + lines.encode("utf-8", "replace")
        added = len(data)
        try:
            while data:
                data = data[handle.write(data) :]
            os.fsync(handle.fileno())
        except OSError:
            # Tried again as a whole, no line is there twice.
            with contextlib.suppress(OSError):
                handle.truncate(before)
            raise
    return added


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as handle:
        handle.seek(-1, os.SEEK_END)
        return handle.read(1) == b"\n"
