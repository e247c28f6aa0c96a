"""SHA-256 of files, and proofs that they are sound, computed once for each version of a file."""

import contextlib
import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from saetui.paths import cache_dir
from saetui.store.atomic import write_json

_MEMORY = "verified-files.json"
_REMEMBERED = 500
# Reading a smaller file takes less time than looking it up here.
_WORTH_REMEMBERING = 4 << 20


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal, always computed."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def remembered_sha256(path: Path) -> str:
    """SHA-256 of a file; that of a large one is remembered while its size and times stay the same.

    Good enough to decide whether a large file is still the one seen before; `sha256_of` is the
    one to prove it. The memory is a file in the cache folder; where that cannot be written the
    hash is computed each time.
    """
    return _remembered(os.fspath(path.resolve()), path, lambda: sha256_of(path))


def prove_once(path: Path, claim: str, prove: Callable[[], object]) -> None:
    """Verify a file; a large one not again while its size and times stay the same.

    Args:
        path: Of the file.
        claim: Names what `prove` verifies, with every number that it depends on.
        prove: Reads the file, and raises if the claim is false.
    """

    def proved() -> str:
        prove()
        return claim

    _remembered(f"{claim}: {path.resolve()}", path, proved)


def _remembered(key: str, path: Path, find_out: Callable[[], str]) -> str:
    """The remembered value of a file, or else the value computed now."""
    status = path.stat()
    if status.st_size < _WORTH_REMEMBERING:
        return find_out()
    # A copy may keep the original's modification time, but has its own change time.
    seen = [status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    memory = _load_memory()
    entry = memory.get(key)
    if isinstance(entry, list) and entry[:-1] == seen and isinstance(entry[-1], str):
        return entry[-1]
    found = find_out()
    memory.pop(key, None)
    memory[key] = [*seen, found]
    for old in list(memory)[:-_REMEMBERED]:
        del memory[old]
    # Without a writable cache, or for a path that is not text, it is computed each time.
    with contextlib.suppress(OSError, UnicodeError):
        write_json(cache_dir() / _MEMORY, memory)
    return found


def _load_memory() -> dict[str, object]:
    try:
        memory = json.loads((cache_dir() / _MEMORY).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return memory if isinstance(memory, dict) else {}
