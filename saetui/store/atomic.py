"""Files that are either whole or absent, and proofs that they are sound.

A new file is written under a temporary name and then renamed; lines are added all at once or not at
all. The SHA-256 of a large file, and what was proved of it, is remembered until the file changes.
"""

import contextlib
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from saetui.errors import InputError
from saetui.paths import cache_dir, data_dir


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


def ending_of(path: Path, endings: Sequence[str]) -> str:
    """The ending of a file's name, in lower case, if a format is written for it.

    Raises:
        InputError: It is not one of `endings`.
    """
    ending = path.suffix.casefold()
    if ending not in endings:
        several = "one of: " if len(endings) > 1 else ""
        raise InputError(
            f"The name {path.name} does not say which format to write.",
            f"Let it end in {several}{', '.join(endings)}",
        )
    return ending


def write_text(path: Path, text: str) -> None:
    """Write a text for the user, whole or not at all; lone surrogates become question marks.

    Raises:
        InputError: The file cannot be written.
    """
    with named_if_unwritable(path), atomic_write(path) as temporary:
        temporary.write_text(text, "utf-8", errors="replace")


def write_json(path: Path, value: object) -> None:
    """Write `value` as readable, deterministic JSON."""
    with atomic_write(path) as temporary:
        temporary.write_text(json_text(value), encoding="utf-8")


def json_text(value: object) -> str:
    """What `write_json` writes."""
    text = json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text + "\n"


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


def own_file(bundle: Path, name: str) -> tuple[Path, Path, Path]:
    """Where the reader's own words on a bundle lie: in it, elsewhere, and which of them to write.

    That is the one elsewhere, in the reader's folder of data, if the bundle cannot be written.
    """
    inside = bundle / name
    key = hashlib.sha256(os.fsencode(bundle.resolve())).hexdigest()[:16]
    elsewhere = data_dir() / inside.stem / f"{key}{inside.suffix}"
    writable = os.access(inside if inside.exists() else bundle, os.W_OK)
    # In a bundle from elsewhere a link may lead to any file of the reader's.
    return inside, elsewhere, inside if writable and not inside.is_symlink() else elsewhere


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as handle:
        handle.seek(-1, os.SEEK_END)
        return handle.read(1) == b"\n"


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

    `claim` names what `prove` verifies, with every number that it depends on; `prove` reads the
    file, and raises if the claim is false.
    """

    def proved() -> str:
        prove()
        return claim

    _remembered(f"{claim}: {path.resolve()}", path, proved)


def _remembered(key: str, path: Path, find_out: Callable[[], str]) -> str:
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
