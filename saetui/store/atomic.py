"""Files that are either whole or absent: written under a temporary name, then renamed."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from saetui.errors import InputError


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, which is renamed to `path` when the block succeeds.

    The file's bytes reach the disk before the rename, so that a power cut leaves the old file or
    the new one, never half of either. A block that raises leaves nothing behind.
    """
    # Two threads may write one file at once, but no two running threads have the same number.
    # Of a long name only the beginning, since no system takes names of more than 255 bytes.
    temporary = path.with_name(f".{path.name[:40]}.{threading.get_native_id()}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    # Numbers recur: in a container, a killed build had the same one as the next build.
    temporary.unlink(missing_ok=True)
    try:
        yield temporary
        with temporary.open("rb+") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def named_if_unwritable(path: Path, hint: str = "Choose another place.") -> Iterator[None]:
    """Turn an error of the operating system into one that names the file.

    Raises:
        InputError: The block could not write to `path`.
    """
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} cannot be written ({error.strerror or error}).", hint) from None


def write_json(path: Path, value: object) -> None:
    """Write `value` as readable, deterministic JSON."""
    with atomic_write(path) as temporary:
        temporary.write_text(json_text(value), encoding="utf-8")


def json_text(value: object) -> str:
    """What `write_json` writes."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text + "\n"
